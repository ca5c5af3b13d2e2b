namespace Eit.Protocol.Wire;

/// <summary>The bounds within which an end takes the times that a peer names (S3.7): what is beyond one counts as the bound.</summary>
/// <remarks>A time without a bound here is at most a hundred years (<see cref="WireTime"/>), so that no sum of times overflows.</remarks>
public static class PeerBounds
{
    /// <summary>Gets the shortest time-out that a client takes from a server (S3.6): of a time-out of 0 the third would be a ping after each ping.</summary>
    public static TimeSpan TimeoutMin { get; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Gets the longest time-out that a client takes from a server.</summary>
    public static TimeSpan TimeoutMax { get; } = TimeSpan.FromHours(1);

    /// <summary>Gets the longest spread.</summary>
    public static TimeSpan SpreadMax { get; } = TimeSpan.FromMinutes(10);

    /// <summary>Gets the longest time within which a server asks for a cycle.</summary>
    public static TimeSpan WithinMax { get; } = TimeSpan.FromHours(24);

    /// <summary>Gets the longest window.</summary>
    public static TimeSpan WindowMax { get; } = TimeSpan.FromHours(24);

    /// <summary>Gets the longest remaining life of credentials.</summary>
    public static TimeSpan ExpiresMax { get; } = TimeSpan.FromDays(30);

    /// <summary>Gets the longest wait that a server asks for, by <c>Retry-After</c> or in the reason of a close (A2.4).</summary>
    public static TimeSpan RetryAfterMax { get; } = TimeSpan.FromHours(1);

    /// <summary>Moves what a server says at the beginning of a transport into the bounds.</summary>
    /// <param name="welcome">What it said.</param>
    public static Welcome Clamp(Welcome welcome)
    {
        ArgumentNullException.ThrowIfNull(welcome);
        return welcome with
        {
            Timeout = Clamp(welcome.Timeout, TimeoutMin, TimeoutMax),
            ClientTimeout = Clamp(welcome.ClientTimeout, TimeoutMin, TimeoutMax),
            Window = Clamp(welcome.Window, WindowMax),
            Spread = Clamp(welcome.Spread, SpreadMax),
            Expires = Clamp(welcome.Expires, ExpiresMax),
        };
    }

    /// <summary>Moves what a server says has changed into the bounds.</summary>
    /// <param name="terms">What it said.</param>
    public static Terms Clamp(Terms terms)
    {
        ArgumentNullException.ThrowIfNull(terms);
        return terms with { Spread = Clamp(terms.Spread, SpreadMax), Expires = Clamp(terms.Expires, ExpiresMax) };
    }

    /// <summary>Moves what a server asks for into the bounds.</summary>
    /// <param name="request">What it asked for.</param>
    public static CycleRequest Clamp(CycleRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return request with { Within = Clamp(request.Within, WithinMax) };
    }

    /// <summary>Moves the wait that a server asks for into the bounds.</summary>
    /// <param name="wait">The wait; null for none.</param>
    public static TimeSpan? ClampRetryAfter(TimeSpan? wait) => Clamp(wait, RetryAfterMax);

    private static TimeSpan? Clamp(TimeSpan? time, TimeSpan longest) => time is { } known ? Clamp(known, longest) : null;

    private static TimeSpan Clamp(TimeSpan time, TimeSpan longest) => Clamp(time, TimeSpan.Zero, longest);

    private static TimeSpan Clamp(TimeSpan time, TimeSpan shortest, TimeSpan longest) => new(Math.Clamp(time.Ticks, shortest.Ticks, longest.Ticks));
}
