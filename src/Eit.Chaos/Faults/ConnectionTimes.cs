namespace Eit.Chaos.Faults;

/// <summary>The moments of a connection, counted from the proxy's start.</summary>
/// <param name="OpenedAt">When it was accepted.</param>
/// <param name="MetAt">When the fault met it: at its opening, or when the fault was set.</param>
/// <param name="HeardAt">When the last byte came, from either side.</param>
internal readonly record struct ConnectionTimes(TimeSpan OpenedAt, TimeSpan MetAt, TimeSpan HeardAt);
