namespace Eit.Testing.Transport;

/// <summary>The world's clock as one process sees it: it ends with the process.</summary>
internal sealed class ServerClock(ManualTimeProvider time) : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly HashSet<Timer> _timers = [];
    private bool _isStopped;

    public override long TimestampFrequency => time.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => time.LocalTimeZone;

    public override long GetTimestamp() => time.GetTimestamp();

    public override DateTimeOffset GetUtcNow() => time.GetUtcNow();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, time.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan));
        lock (_gate)
        {
            _timers.Add(timer);
            if (_isStopped) { timer.Inner.Dispose(); }
        }
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>No timer calls back any more. All are kept, for the finalizer of a <see cref="PeriodicTimer"/> would let go on whoever waits for it.</summary>
    internal void Stop()
    {
        lock (_gate)
        {
            _isStopped = true;
            foreach (Timer timer in _timers) { timer.Inner.Dispose(); }
        }
    }

    private sealed class Timer(ServerClock owner, ITimer inner) : ITimer
    {
        internal ITimer Inner { get; } = inner;

        public bool Change(TimeSpan dueTime, TimeSpan period) => Inner.Change(dueTime, period);

        public void Dispose()
        {
            Inner.Dispose();
            lock (owner._gate) { owner._timers.Remove(this); }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
