namespace Eit.Backoff;

/// <summary>Notices that what is to be sent waits too long for a peer that is there.</summary>
/// <param name="after">How long the oldest may wait.</param>
/// <remarks>Told once for each backlog: it is over when nothing waits any more, or when a transport is lost.</remarks>
public sealed class SlowConsumerWatch(TimeSpan after)
{
    private const int StrikesMax = 3;

    private Instant _connectedAt = Instant.Never;
    private bool _isTold;
    private long _processedAtStrike = -1;
    private int _strikes;

    /// <summary>Tells that a transport is there; what waited for one does not count before.</summary>
    /// <param name="now">The time.</param>
    public void Connected(Instant now) => (_connectedAt, _isTold) = (now, false);

    /// <summary>Tells that nothing waits.</summary>
    public void Drained() => _isTold = false;

    /// <summary>Tells when the peer counts as slow.</summary>
    /// <param name="waitingSince">Since when the oldest waits; <see cref="Instant.Never"/> if nothing does.</param>
    public Instant DueAt(Instant waitingSince)
    {
        if (_isTold || waitingSince == Instant.Never || _connectedAt == Instant.Never) { return Instant.Never; }
        return (waitingSince > _connectedAt ? waitingSince : _connectedAt) + after;
    }

    /// <summary>Tells that the peer has been found slow.</summary>
    public void Told() => _isTold = true;

    /// <summary>Gets everything that its next answer depends on.</summary>
    public (Instant ConnectedAt, bool IsTold, long ProcessedAtStrike, int Strikes) State => (_connectedAt, _isTold, _processedAtStrike, _strikes);

    /// <summary>Counts a disconnection because of it.</summary>
    /// <param name="processed">How much the peer has processed in all.</param>
    /// <returns>True if disconnecting has not helped: the third time with nothing processed in between.</returns>
    public bool Strike(long processed)
    {
        _strikes = processed == _processedAtStrike ? _strikes + 1 : 1;
        _processedAtStrike = processed;
        return _strikes >= StrikesMax;
    }
}
