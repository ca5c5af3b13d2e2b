namespace Eit.Cli.Soak;

/// <summary>The history of one connection: what it sent, and what came back. It knows nothing of the library, and keeps only what is on its way. Safe from any thread.</summary>
internal sealed class SoakHistory(int connection, TimeSpan delayMax, TimeProvider time, DelayHistogram delays)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<long, long> _onTheWay = [];
    private long _sent;
    private long _furthest;
    private SoakTally _tally = SoakTally.None;

    internal int OnTheWay
    {
        get
        {
            lock (_gate) { return _onTheWay.Count; }
        }
    }

    /// <summary>Gets what has become of the messages; those on their way count as lost.</summary>
    internal SoakTally Tally
    {
        get
        {
            lock (_gate) { return _tally with { Lost = _onTheWay.Count }; }
        }
    }

    /// <summary>Notes that a message is about to be sent, and gives its number, from 1.</summary>
    internal long Sending()
    {
        lock (_gate)
        {
            _onTheWay.Add(++_sent, time.GetTimestamp());
            _tally = _tally with { Sent = _tally.Sent + 1 };
            return _sent;
        }
    }

    /// <summary>Notes that a message was not accepted after all.</summary>
    internal void NotSent(long number)
    {
        lock (_gate)
        {
            _onTheWay.Remove(number);
            _tally = _tally with { Sent = _tally.Sent - 1 };
        }
    }

    internal void Arrived(string text)
    {
        long? number = SoakText.NumberOf(connection, text);
        lock (_gate)
        {
            bool isExpected = number is { } known && _onTheWay.ContainsKey(known);
            bool isDuplicate = !isExpected && number >= 1 && number <= _sent;
            _tally = _tally with
            {
                Received = _tally.Received + 1,
                Duplicated = _tally.Duplicated + (isDuplicate ? 1 : 0),
                Altered = _tally.Altered + (isExpected || isDuplicate ? 0 : 1),
            };
            if (isExpected) { TakeExpected(number!.Value); }
        }
    }

    private void TakeExpected(long number)
    {
        _onTheWay.Remove(number, out long sentAt);
        TimeSpan delay = time.GetElapsedTime(sentAt);
        delays.Add(delay);
        _tally = _tally with
        {
            Reordered = _tally.Reordered + (number < _furthest ? 1 : 0),
            Late = _tally.Late + (delay > delayMax ? 1 : 0),
        };
        _furthest = Math.Max(_furthest, number);
    }
}
