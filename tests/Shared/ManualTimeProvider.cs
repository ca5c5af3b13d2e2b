namespace Eit.Tests;

/// <summary>A clock that stands still until a test advances it.</summary>
/// <remarks>Its timers call back on the thread of <see cref="Advance"/>, in the order of their times.</remarks>
internal sealed class ManualTimeProvider : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private readonly DateTimeOffset _startedAt = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private long _now;
    private int _timersCreated;
    private int _calls;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>Gets the time since the clock was made.</summary>
    public TimeSpan Elapsed => new(GetTimestamp());

    /// <summary>Gets how many timers were ever made.</summary>
    public int TimersCreated => Volatile.Read(ref _timersCreated);

    /// <summary>Gets how often a timer has called back.</summary>
    public int Calls => Volatile.Read(ref _calls);

    /// <summary>Gets how many timers are armed.</summary>
    public int ArmedTimers
    {
        get { lock (_gate) { return _timers.Count; } }
    }

    public override long GetTimestamp() => Volatile.Read(ref _now);

    public override DateTimeOffset GetUtcNow() => _startedAt + Elapsed;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Interlocked.Increment(ref _timersCreated);
        ManualTimer timer = new(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves the clock on. Each timer that is due on the way calls back at its own time, also when it was armed on the way.</summary>
    /// <param name="by">How far; zero calls the timers that are due already.</param>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        long target = GetTimestamp() + by.Ticks;
        while (TakeFirstDue(target) is { } timer)
        {
            Interlocked.Increment(ref _calls);
            timer.Call();
        }

        lock (_gate) { Volatile.Write(ref _now, Math.Max(_now, target)); }
    }

    private ManualTimer? TakeFirstDue(long target)
    {
        lock (_gate)
        {
            // The first of several with the same time is the one that was armed first.
            ManualTimer? first = _timers.MinBy(timer => timer.DueAt);
            if (first is null || first.DueAt > target) { return null; }

            Volatile.Write(ref _now, Math.Max(_now, first.DueAt));
            _timers.Remove(first);
            if (first.Period > 0) { Arm(first, first.DueAt + first.Period, first.Period); }
            return first;
        }
    }

    private void Arm(ManualTimer timer, long dueAt, long period)
    {
        (timer.DueAt, timer.Period) = (dueAt, period);
        _timers.Add(timer);
    }

    private sealed class ManualTimer(ManualTimeProvider owner, TimerCallback callback, object? state) : ITimer
    {
        private bool _isDisposed;

        public long DueAt { get; set; }

        public long Period { get; set; }

        public void Call() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (owner._gate)
            {
                if (_isDisposed) { return false; }
                owner._timers.Remove(this);
                if (dueTime != Timeout.InfiniteTimeSpan) { owner.Arm(this, owner._now + dueTime.Ticks, period.Ticks); }
                return true;
            }
        }

        public void Dispose()
        {
            lock (owner._gate)
            {
                _isDisposed = true;
                owner._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
