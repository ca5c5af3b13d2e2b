namespace Eit.Backoff;

/// <summary>How a client redials after a loss.</summary>
public sealed record RedialOptions
{
    /// <summary>Gets or sets the bound of the first back-off. It doubles with every failure: in an outage at most to a quarter of what that has lasted, after a transport that has lived as
    /// long as this at most to half of its life.</summary>
    /// <value>Default 0.5 s; 10 ms to <see cref="LongestWait"/>.</value>
    public TimeSpan FirstWait { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Gets or sets the bound that back-off does not grow beyond.</summary>
    /// <value>Default 30 s; at most 1 h.</value>
    public TimeSpan LongestWait { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets the bound of the wait before the first redial after an unannounced loss, where the server's spread is longer.</summary>
    /// <value>Default 2 s; 0 to 1 min.</value>
    public TimeSpan LossSpreadMax { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Gets or sets how long a transport has to live until its loss counts as a first one again.</summary>
    /// <value>Default 10 s; 0 to 10 min. A connection that opens and dies at once keeps its back-off.</value>
    public TimeSpan StableAfter { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets or sets the middle of the wait after the server has refused the client (HTTP 403, close codes 4600 to 4699); drawn from half of it to one and a half.</summary>
    /// <value>Default 5 min; 1 s to 24 h.</value>
    public TimeSpan RefusedWait { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Names every value that is out of range; empty when all is well.</summary>
    /// <param name="path">What the messages call these options.</param>
    public IEnumerable<string> Faults(string path = "Redial")
    {
        if (FirstWait < TimeSpan.FromMilliseconds(10)) { yield return $"{path}:FirstWait ({FirstWait}) must be at least 10 ms."; }
        if (LongestWait > TimeSpan.FromHours(1)) { yield return $"{path}:LongestWait ({LongestWait}) must be at most 1 h."; }
        if (FirstWait > LongestWait) { yield return $"{path}:FirstWait ({FirstWait}) must not exceed LongestWait ({LongestWait})."; }
        if (LossSpreadMax < TimeSpan.Zero || LossSpreadMax > TimeSpan.FromMinutes(1)) { yield return $"{path}:LossSpreadMax ({LossSpreadMax}) must be 0 to 1 min."; }
        if (StableAfter < TimeSpan.Zero || StableAfter > TimeSpan.FromMinutes(10)) { yield return $"{path}:StableAfter ({StableAfter}) must be 0 to 10 min."; }
        if (RefusedWait < TimeSpan.FromSeconds(1) || RefusedWait > TimeSpan.FromHours(24)) { yield return $"{path}:RefusedWait ({RefusedWait}) must be 1 s to 24 h."; }
    }
}
