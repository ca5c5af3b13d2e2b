namespace Eit.Protocol.Session;

/// <summary>How many sessions a server keeps, and how much of them.</summary>
public sealed record DirectoryLimits
{
    /// <summary>Gets or sets how many sessions there may be in all.</summary>
    /// <value>Default 100,000; at least 1.</value>
    public int SessionsMax { get; set; } = 100_000;

    /// <summary>Gets or sets how many sessions one principal may have.</summary>
    /// <value>Default 1,000; at least 1.</value>
    public int SessionsPerPrincipalMax { get; set; } = 1_000;

    /// <summary>Gets or sets how many sessions may wait for their client; beyond it the one that waits longest ends.</summary>
    /// <value>Default 10,000; at least 0.</value>
    public int DetachedMax { get; set; } = 10_000;

    /// <summary>Gets or sets how many sessions of one principal may wait for their client; beyond it the one that waits longest ends.</summary>
    /// <value>Default 32; at least 0.</value>
    public int DetachedPerPrincipalMax { get; set; } = 32;

    /// <summary>Gets or sets how many payload bytes the sessions that wait for their client may hold in all; beyond it the one that waits longest ends.</summary>
    /// <value>Default 256 MiB; at least 0.</value>
    public long DetachedBytesMax { get; set; } = 256L * 1024 * 1024;

    /// <summary>Gets or sets how many payload bytes the waiting sessions of one principal may hold; beyond it the one that waits longest ends.</summary>
    /// <value>Default 64 MiB; at least 0.</value>
    public long DetachedBytesPerPrincipalMax { get; set; } = 64L * 1024 * 1024;

    /// <summary>Names every value that is out of range; empty when all is well.</summary>
    /// <param name="path">What the messages call these limits.</param>
    public IEnumerable<string> Faults(string path = "Limits")
    {
        if (SessionsMax < 1) { yield return $"{path}:SessionsMax ({SessionsMax}) must be at least 1."; }
        if (SessionsPerPrincipalMax < 1) { yield return $"{path}:SessionsPerPrincipalMax ({SessionsPerPrincipalMax}) must be at least 1."; }
        if (DetachedMax < 0) { yield return $"{path}:DetachedMax ({DetachedMax}) must be at least 0."; }
        if (DetachedPerPrincipalMax < 0) { yield return $"{path}:DetachedPerPrincipalMax ({DetachedPerPrincipalMax}) must be at least 0."; }
        if (DetachedBytesMax < 0) { yield return $"{path}:DetachedBytesMax ({DetachedBytesMax}) must be at least 0."; }
        if (DetachedBytesPerPrincipalMax < 0) { yield return $"{path}:DetachedBytesPerPrincipalMax ({DetachedBytesPerPrincipalMax}) must be at least 0."; }
    }
}
