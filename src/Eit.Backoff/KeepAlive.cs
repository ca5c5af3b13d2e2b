namespace Eit.Backoff;

/// <summary>Decides when a side that has nothing to say says something, so that its peer does not take it for dead.</summary>
/// <remarks>Owns no timer: the holder pings at or after <see cref="NextDeadline"/>.</remarks>
public sealed class KeepAlive
{
    private TimeSpan _interval;

    /// <summary>Starts the clock.</summary>
    /// <param name="peerTimeout">The peer's time-out; the keepalive comes after a third of it.</param>
    /// <param name="firstPhase">The share of the first interval to wait, 0 to 1: a server draws it, so that its clients' keepalives are spread.</param>
    /// <param name="now">The time.</param>
    public KeepAlive(TimeSpan peerTimeout, double firstPhase, Instant now)
    {
        _interval = peerTimeout / 3;
        NextDeadline = now + (_interval * firstPhase);
    }

    /// <summary>Gets the moment at which to ping if nothing else is sent before.</summary>
    public Instant NextDeadline { get; private set; }

    /// <summary>Tells the clock that something was sent.</summary>
    /// <param name="now">The time.</param>
    public void Sent(Instant now) => NextDeadline = now + _interval;

    /// <summary>Tells the clock another time-out of the peer.</summary>
    /// <param name="peerTimeout">The peer's time-out.</param>
    /// <param name="now">The time.</param>
    public void Use(TimeSpan peerTimeout, Instant now) => (_interval, NextDeadline) = (peerTimeout / 3, now + (peerTimeout / 3));
}
