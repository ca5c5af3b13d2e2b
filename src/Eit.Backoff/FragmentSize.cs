namespace Eit.Backoff;

/// <summary>
/// Decides how much leaves at a time so that the other end sees often enough that something comes. It sees nothing of a TLS record before its end, nor of a
/// WebSocket frame before its own: on a slow path one that is long looks like silence.
/// </summary>
/// <remarks>
/// What was in flight and how long it took to be acknowledged is what the path delivers at least. What the path itself takes there and back, and what the other end may wait with an
/// acknowledgement, is no sign of slowness. Knows nothing of a path until the first acknowledgement. Owns no timer.
/// </remarks>
public sealed class FragmentSize
{
    /// <summary>How much leaves at a time while nothing is known of the path.</summary>
    public const int UnknownBytes = 1_024;

    /// <summary>How much may leave at a time whatever is known.</summary>
    public const int LeastBytes = 128;

    /// <summary>A time-out is divided by it: in so much of it a fragment gets through.</summary>
    private const int SharesOfTimeout = 4;

    /// <summary>What a sample that shows slowness has at least.</summary>
    private const int SlowSampleBytes = 1_024;

    /// <summary>How long an end may wait with an acknowledgement (N2.1).</summary>
    private static readonly TimeSpan s_ackDelay = TimeSpan.FromMilliseconds(50);

    /// <summary>What a sample has queued at least before it shows slowness: less may be a busy machine.</summary>
    private static readonly TimeSpan s_slowQueue = TimeSpan.FromMilliseconds(250);

    private double _rate;                                          // Bytes a second, at least; 0 while nothing is known.
    private bool _isSlow;                                          // A sample has shown a queue: the rate is not only the least that it may be.
    private double _rateBefore = double.PositiveInfinity;          // Of the transport before, if that was slow: this one may be, too.
    private int _unknownBytes = UnknownBytes;
    private long _sampleEnd;
    private long _sampleBytes;
    private Instant _sampleAt;

    /// <summary>Gets what the path is known to deliver in a second, at least; 0 while nothing is known.</summary>
    public double BytesPerSecond => _rate;

    /// <summary>Gets how much may leave at a time.</summary>
    /// <param name="timeout">The silence after which the other end gives the transport up.</param>
    public int Of(TimeSpan timeout)
    {
        double bytes = _rate == 0 ? Math.Min(_unknownBytes, In(timeout, _rateBefore))
            : _isSlow ? In(timeout, _rate)
            : Math.Max(_unknownBytes, In(timeout, _rate));
        return (int)Math.Clamp(bytes, LeastBytes, int.MaxValue);
    }

    /// <summary>Gets whether so much has been seen to take too long, or nothing came through the transport before.</summary>
    /// <param name="bytes">How much.</param>
    /// <param name="timeout">The silence after which the other end gives the transport up.</param>
    public bool IsSlowFor(int bytes, TimeSpan timeout) =>
        _isSlow ? In(timeout, _rate > 0 ? _rate : _rateBefore) < bytes : _rate == 0 && _unknownBytes < UnknownBytes;

    /// <summary>Gets everything that its next answer depends on but the moment.</summary>
    public (double Rate, double RateBefore, bool IsSlow, int UnknownBytes, long SampleEnd, long SampleBytes) State =>
        (_rate, _rateBefore, _isSlow, _unknownBytes, _sampleEnd, _sampleBytes);

    /// <summary>Tells that another transport has come, of which nothing is known. If nothing came through the one before, less leaves at a time.</summary>
    public void Restart()
    {
        bool wasKnown = _rate > 0;
        bool wasStuck = !wasKnown && _sampleEnd != 0;              // An idle transport tells nothing.
        _unknownBytes = wasKnown ? UnknownBytes : wasStuck ? Math.Max(_unknownBytes / 2, LeastBytes) : _unknownBytes;
        if (wasKnown) { _rateBefore = _isSlow ? _rate : double.PositiveInfinity; }
        (_rate, _sampleEnd) = (0, 0);
    }

    /// <summary>Tells that a piece leaves.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="inFlight">What is then unacknowledged, in bytes.</param>
    /// <param name="now">The time.</param>
    public void Sent(long number, long inFlight, Instant now)
    {
        if (_sampleEnd == 0) { (_sampleEnd, _sampleBytes, _sampleAt) = (number, inFlight, now); }
    }

    /// <summary>Tells that pieces have been acknowledged.</summary>
    /// <param name="number">The number up to which.</param>
    /// <param name="shortest">The shortest time there and back that is known.</param>
    /// <param name="now">The time.</param>
    /// <returns>Whether the answers may be others now.</returns>
    public bool Acknowledged(long number, TimeSpan shortest, Instant now)
    {
        if (_sampleEnd == 0 || number < _sampleEnd) { return false; }
        _sampleEnd = 0;
        TimeSpan took = now.Since(_sampleAt);
        TimeSpan queued = took - (shortest < took ? shortest : took) - s_ackDelay;
        double least = RateOf(took);
        bool showsQueue = queued >= s_slowQueue && _sampleBytes >= SlowSampleBytes;
        if (showsQueue) { (_rate, _isSlow) = (RateOf(queued), true); }
        else if (least > _rate) { _rate = least; }
        return true;
    }

    private double RateOf(TimeSpan time) => (double)_sampleBytes * TimeSpan.TicksPerSecond / Math.Max(time.Ticks, TimeSpan.TicksPerMicrosecond);

    private static double In(TimeSpan timeout, double rate) => rate * timeout.TotalSeconds / SharesOfTimeout;
}
