namespace Eit.Backoff;

/// <summary>
/// Decides how much may be unacknowledged on a transport. What has left can't be overtaken, replaced or withdrawn, and a stalled path swallows megabytes in buffers
/// on the way: so no more leaves than keeps the path busy.
/// </summary>
/// <remarks>
/// It grows fast, by at least twice a round trip, while that brings more through and nothing queues up on the way. Then it holds what the path delivers in the longer of two
/// shortest round trips and 100 ms, and tries a little more every now and then, because the path may have become wider or longer. It measures in rounds, from a piece for which
/// it wants an acknowledgement at once to that acknowledgement. Owns no timer.
/// </remarks>
public sealed class FlightWindow
{
    private const int RoundsRemembered = 4;
    private const int RoundsBetweenTries = 8;
    private const int RoundsOfTry = 2;
    private const int RoundsWithoutGainMax = 2;
    private const double GainOfGrowth = 1.25;
    private const double GainOfTry = 1.125;
    private const double DelayOfTry = 1.1;

    private static readonly TimeSpan s_horizonMin = TimeSpan.FromMilliseconds(100);

    private readonly long _maxBytes;
    private long _floorBytes;
    private double[]? _rates;                                      // The last ones; null before the first.
    private TimeSpan _shortest = TimeSpan.MaxValue;
    private long _sinceAsked;
    private long _roundEnd;
    private long _roundBytes;
    private Instant _roundAt;
    private bool _isLimited;
    private bool _isGrowing = true;
    private double _rateBefore;
    private TimeSpan _tookBefore;
    private int _roundsWithoutGain;
    private int _rounds;

    /// <summary>Makes the window of a transport of which nothing is known.</summary>
    /// <param name="floorBytes">What may always be unacknowledged, and what it begins with: two pieces, so that one is on the way while the other is acknowledged.</param>
    /// <param name="maxBytes">The bound above.</param>
    public FlightWindow(long floorBytes, long maxBytes) => (_floorBytes, _maxBytes, Bytes) = (floorBytes, maxBytes, floorBytes);

    /// <summary>Gets how many bytes may be unacknowledged.</summary>
    public long Bytes { get; private set; }

    /// <summary>Gets how many bytes are.</summary>
    public long InFlight { get; private set; }

    /// <summary>Gets whether nothing more may leave for now: not even half a piece fits.</summary>
    public bool IsFull => InFlight + (_floorBytes / 4) > Bytes;

    /// <summary>Gets whether not even what is urgent may leave for now: it has two pieces more.</summary>
    public bool IsFullForUrgent => InFlight + (_floorBytes / 4) > Bytes + _floorBytes;

    /// <summary>Gets the shortest round trip that is known of this transport; <see cref="TimeSpan.MaxValue"/> for none.</summary>
    public TimeSpan Shortest => _shortest;

    private TimeSpan Horizon => _shortest > s_horizonMin / 2 && _shortest != TimeSpan.MaxValue ? _shortest * 2 : s_horizonMin;

    /// <summary>Begins anew, on a transport of which nothing is known.</summary>
    public void Restart()
    {
        (Bytes, InFlight, _sinceAsked, _roundEnd) = (_floorBytes, 0, 0, 0);
        (_shortest, _isLimited, _isGrowing, _rateBefore, _roundsWithoutGain, _rounds) = (TimeSpan.MaxValue, false, true, 0, 0, 0);
        _rates = null;
    }

    /// <summary>Tells what may always be unacknowledged from now on: less where pieces are smaller, because the path is slow.</summary>
    /// <param name="floorBytes">Two pieces.</param>
    public void UseFloor(long floorBytes)
    {
        bool isLower = floorBytes < _floorBytes;
        _floorBytes = floorBytes;
        Bytes = isLower ? Enough : Math.Max(Bytes, floorBytes);
    }

    /// <summary>Tells a round trip that was measured otherwise.</summary>
    /// <param name="sample">The time.</param>
    public void Measured(TimeSpan sample) => _shortest = sample < _shortest ? sample : _shortest;

    /// <summary>Tells that a piece leaves.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="bytes">Its payload.</param>
    /// <param name="now">The time.</param>
    /// <returns>Whether it has to be acknowledged at once: after each half of the window, so that the sender never waits for an acknowledgement that nobody hurries to give.</returns>
    public bool Sent(long number, int bytes, Instant now)
    {
        InFlight += bytes;
        _sinceAsked += bytes;
        if (_sinceAsked * 2 < Bytes) { return false; }
        _sinceAsked = 0;
        if (_roundEnd == 0) { (_roundEnd, _roundBytes, _roundAt) = (number, InFlight, now); }
        return true;
    }

    /// <summary>Tells that pieces have been acknowledged.</summary>
    /// <param name="number">The number up to which.</param>
    /// <param name="bytes">The payload of those that were not before.</param>
    /// <param name="now">The time.</param>
    public void Acknowledged(long number, long bytes, Instant now)
    {
        _isLimited |= IsFull;
        InFlight -= bytes;
        if (_roundEnd == 0 || number < _roundEnd) { return; }
        EndRound(now.Since(_roundAt));
        (_roundEnd, _isLimited) = (0, false);
    }

    /// <summary>Gets everything that its next decision depends on but the moments.</summary>
    public (long Bytes, long InFlight, long SinceAsked, long RoundEnd, long Shortest, int Rounds) State => (Bytes, InFlight, _sinceAsked, _roundEnd, _shortest.Ticks, _rounds);

    private void EndRound(TimeSpan took)
    {
        Measured(took);
        double rate = (double)_roundBytes / Math.Max(took.Ticks, TimeSpan.TicksPerMicrosecond);
        if (!_isLimited) { return; }                               // It says how much there was to send, not how much would get through.

        _rates ??= new double[RoundsRemembered];
        _rates[_rounds % RoundsRemembered] = rate;
        _rounds++;
        if (_isGrowing) { Grow(took, rate); }
        else { Hold(took, rate); }
    }

    private void Grow(TimeSpan took, double rate)
    {
        bool gains = rate >= _rateBefore * GainOfGrowth;
        if (gains) { (_rateBefore, _roundsWithoutGain) = (rate, 0); }
        else { _roundsWithoutGain++; }                             // Once may be chance: a round begins somewhere in the window.
        bool isQueueing = took > Horizon;
        if (isQueueing || _roundsWithoutGain == RoundsWithoutGainMax)
        {
            (_isGrowing, _rounds) = (false, 0);
            Bytes = Enough;
        }
        else if (gains) { Bytes = Math.Min(Math.Max(Bytes * 2, Enough), _maxBytes); }
    }

    private void Hold(TimeSpan took, double rate)
    {
        int place = _rounds % (RoundsBetweenTries + RoundsOfTry);
        bool isTry = place is 0 or > RoundsBetweenTries;
        if (isTry && rate >= _rateBefore * GainOfTry && took <= _tookBefore * DelayOfTry)
        {
            (_isGrowing, _rateBefore, _roundsWithoutGain, _shortest) = (true, rate, 0, took);   // What was taken for a queue was distance, or the path is wider now.
            Bytes = Math.Min(Bytes * 2, _maxBytes);
            return;
        }
        long enough = Enough;
        bool triesNext = place >= RoundsBetweenTries;
        if (place == RoundsBetweenTries) { (_rateBefore, _tookBefore) = (BestRate, took); }
        Bytes = triesNext ? Math.Min(enough + Math.Max(enough / 4, _floorBytes / 2), _maxBytes) : enough;
    }

    private double BestRate => _rates?.Max() ?? 0;

    private long Enough => (long)Math.Clamp(BestRate * Horizon.Ticks, _floorBytes, _maxBytes);
}
