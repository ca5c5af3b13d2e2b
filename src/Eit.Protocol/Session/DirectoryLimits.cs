namespace Eit.Protocol.Session;

/// <summary>How many sessions a server keeps, and how much of them.</summary>
/// <remarks>
/// What guards the server is the budget in bytes. The numbers are far away by default: a fleet on one account that is in a tunnel together must not lose its sessions.
/// An owner is who a session belongs to: its principal, or what the application names; all whose principal has no name are one owner.
/// </remarks>
public sealed record DirectoryLimits
{
    private const long Mebibyte = 1024 * 1024;

    /// <summary>Gets or sets how many sessions there may be in all.</summary>
    /// <value>Default 100,000; at least 1.</value>
    public int SessionsMax { get; set; } = 100_000;

    /// <summary>Gets or sets how many sessions one owner may have.</summary>
    /// <value>Default 100,000; at least 1.</value>
    public int SessionsPerOwnerMax { get; set; } = 100_000;

    /// <summary>Gets or sets how many sessions may wait for their client; beyond it, of the owner that has most of them, the one that waits longest ends.</summary>
    /// <value>Default 100,000; at least 0.</value>
    public int DetachedMax { get; set; } = 100_000;

    /// <summary>Gets or sets how many sessions of one owner may wait for their client; beyond it the one that waits longest ends.</summary>
    /// <value>Default 100,000; at least 0.</value>
    public int DetachedPerOwnerMax { get; set; } = 100_000;

    /// <summary>Gets or sets how many bytes the server may hold for its clients in all, in queues, ledgers and unfinished messages, whether they are connected or away (N6). Beyond half of
    /// it windows do not grow any more; beyond it sessions end, those first that hold most of the owner that holds most.</summary>
    /// <value>Default null: a quarter of the memory that the process may use. At least 1 MiB.</value>
    public long? HeldBytesMax { get; set; }

    /// <summary>Gets or sets how many bytes the server may hold for the clients of one owner, as <see cref="HeldBytesMax"/>.</summary>
    /// <value>Default null: half of <see cref="HeldBytesMax"/>. At least 1 MiB.</value>
    public long? HeldBytesPerOwnerMax { get; set; }

    /// <summary>Names every value that is out of range; empty when all is well.</summary>
    /// <param name="path">What the messages call these limits.</param>
    public IEnumerable<string> Faults(string path = "Limits")
    {
        if (SessionsMax < 1) { yield return $"{path}:SessionsMax ({SessionsMax}) must be at least 1."; }
        if (SessionsPerOwnerMax < 1) { yield return $"{path}:SessionsPerOwnerMax ({SessionsPerOwnerMax}) must be at least 1."; }
        if (DetachedMax < 0) { yield return $"{path}:DetachedMax ({DetachedMax}) must be at least 0."; }
        if (DetachedPerOwnerMax < 0) { yield return $"{path}:DetachedPerOwnerMax ({DetachedPerOwnerMax}) must be at least 0."; }
        if (HeldBytesMax < Mebibyte) { yield return $"{path}:HeldBytesMax ({HeldBytesMax}) must be at least {Mebibyte}."; }
        if (HeldBytesPerOwnerMax < Mebibyte) { yield return $"{path}:HeldBytesPerOwnerMax ({HeldBytesPerOwnerMax}) must be at least {Mebibyte}."; }
    }
}
