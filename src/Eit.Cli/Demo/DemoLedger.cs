namespace Eit.Cli.Demo;

/// <summary>One direction of the conversation: what its sender handed over, and what its receiver was handed. Safe from any thread.</summary>
internal sealed class DemoLedger(string direction, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly List<DemoEntry> _sent = [];
    private readonly List<DemoEntry> _arrived = [];
    private long _quietSince = time.GetTimestamp();
    private TimeSpan _longestGap;

    /// <summary>Gets the word that every message of this direction begins with.</summary>
    internal string Direction => direction;

    internal int SentCount
    {
        get
        {
            lock (_gate) { return _sent.Count; }
        }
    }

    internal int ArrivedCount
    {
        get
        {
            lock (_gate) { return _arrived.Count; }
        }
    }

    /// <summary>Gets the longest time between two arrivals.</summary>
    internal TimeSpan LongestGap
    {
        get
        {
            lock (_gate) { return _longestGap; }
        }
    }

    /// <summary>Gets the time since the last arrival, while something is on its way.</summary>
    internal TimeSpan Overdue
    {
        get
        {
            lock (_gate) { return _sent.Count > _arrived.Count ? time.GetElapsedTime(_quietSince) : TimeSpan.Zero; }
        }
    }

    internal void Sent(string text)
    {
        DemoEntry entry = DemoEntry.Of(text);
        lock (_gate) { _sent.Add(entry); }
    }

    internal void Arrived(string text)
    {
        DemoEntry entry = DemoEntry.Of(text);
        lock (_gate)
        {
            long now = time.GetTimestamp();
            TimeSpan gap = time.GetElapsedTime(_quietSince, now);
            if (_arrived.Count > 0 && gap > _longestGap) { _longestGap = gap; }
            _quietSince = now;
            _arrived.Add(entry);
        }
    }

    internal DemoTally Compare()
    {
        lock (_gate) { return DemoComparer.Compare(_sent, _arrived); }
    }
}
