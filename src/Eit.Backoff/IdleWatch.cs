namespace Eit.Backoff;

/// <summary>Judges from inbound bytes whether a peer is still there.</summary>
/// <param name="timeout">The silence after which it is not.</param>
/// <param name="startedAt">When the silence began to count.</param>
/// <remarks>
/// Owns no timer: the holder calls <see cref="Tick"/> at or after <see cref="NextDeadline"/>. A tick that comes much too late means that this
/// process slept (a closed lid, SIGSTOP); then what has arrived meanwhile gets the time to be read before the verdict.
/// </remarks>
public sealed class IdleWatch(TimeSpan timeout, Instant startedAt)
{
    private static readonly TimeSpan s_lateness = TimeSpan.FromSeconds(1);

    private Instant _deadline = startedAt + timeout;
    private bool _listening;

    /// <summary>Gets the last moment at which the peer was heard.</summary>
    public Instant HeardAt { get; private set; } = startedAt;

    /// <summary>Gets the moment at which <see cref="Tick"/> may have news.</summary>
    public Instant NextDeadline => _deadline;

    /// <summary>Gets the silence after which the peer counts as lost.</summary>
    public TimeSpan Timeout { get; private set; } = timeout;

    /// <summary>Tells the watch that bytes have come in.</summary>
    /// <param name="now">The time.</param>
    public void PeerHeard(Instant now) => (HeardAt, _deadline, _listening) = (now, now + Timeout, false);

    /// <summary>Tells the watch another time-out; it counts from the last sign of life.</summary>
    /// <param name="limit">The silence after which the peer is lost.</param>
    public void Use(TimeSpan limit) => (Timeout, _deadline) = (limit, HeardAt + limit);

    /// <summary>Asks for the verdict.</summary>
    /// <param name="now">The time.</param>
    public IdleVerdict Tick(Instant now)
    {
        if (now < _deadline) { return IdleVerdict.Alive; }
        if (_listening || now.Since(_deadline) < s_lateness) { return IdleVerdict.Lost; }
        _listening = true;
        _deadline = now + (Timeout / 4);
        return IdleVerdict.ListenFirst;
    }
}
