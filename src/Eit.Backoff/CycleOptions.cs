namespace Eit.Backoff;

/// <summary>How often a client moves to a new transport by itself.</summary>
public sealed record CycleOptions
{
    /// <summary>Gets or sets the shortest life of a transport before it is cycled.</summary>
    /// <value>Default 10 min; 1 s to <see cref="Latest"/>.</value>
    public TimeSpan Earliest { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Gets or sets the longest life of a transport before it is cycled; each life is drawn anew.</summary>
    /// <value>Default 15 min; at most 30 days. <see cref="TimeSpan.MaxValue"/>: only before a known limit.</value>
    public TimeSpan Latest { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>Gets or sets the shortest time between two cycles that the server causes, by a limit, a request or its silence; twice as long, up to 16 times, for each transport in a row that
    /// has lived for less than <see cref="RedialOptions.StableAfter"/>.</summary>
    /// <value>Default 5 s; 0 to 1 min.</value>
    public TimeSpan ShortestInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Names every value that is out of range; empty when all is well.</summary>
    /// <param name="path">What the messages call these options.</param>
    public IEnumerable<string> Faults(string path = "Cycle")
    {
        if (Earliest < TimeSpan.FromSeconds(1)) { yield return $"{path}:Earliest ({Earliest}) must be at least 1 s."; }
        if (Earliest > Latest) { yield return $"{path}:Earliest ({Earliest}) must not exceed Latest ({Latest})."; }
        if (Latest > TimeSpan.FromDays(30) && Latest != TimeSpan.MaxValue) { yield return $"{path}:Latest ({Latest}) must be at most 30 days, or TimeSpan.MaxValue."; }
        if (ShortestInterval < TimeSpan.Zero || ShortestInterval > TimeSpan.FromMinutes(1)) { yield return $"{path}:ShortestInterval ({ShortestInterval}) must be 0 to 1 min."; }
    }
}
