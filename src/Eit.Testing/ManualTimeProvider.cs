namespace Eit.Testing;

/// <summary>A clock that stands still until it is advanced.</summary>
/// <remarks>Its timers call back on the thread that advances it, in the order of their times; of several with the same time, in the order in which they were armed.
/// All members are safe from any thread.</remarks>
internal sealed class ManualTimeProvider : TimeProvider
{
    /// <summary>How often, at one moment, timers may come that were armed for it at that very moment. Timers that were armed before for the same moment are as many as they like.</summary>
    internal const int RoundsAtOneMomentMax = 250;

    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private readonly DateTimeOffset _startedAt;
    private long _now;
    private long _armed;
    private long _roundEndsBefore;
    private int _rounds;
    private int _timersCreated;
    private int _calls;

    /// <summary>Makes a clock.</summary>
    /// <param name="startedAt">What time it is at first; null: 1 January 2026, 0:00 UTC.</param>
    public ManualTimeProvider(DateTimeOffset? startedAt = null)
    {
        _startedAt = startedAt ?? new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    }

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    /// <remarks>Always UTC.</remarks>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>Gets the time since the clock was made.</summary>
    public TimeSpan Elapsed => new(Volatile.Read(ref _now));

    /// <summary>Gets how many timers were ever made.</summary>
    public int TimersCreated => Volatile.Read(ref _timersCreated);

    /// <summary>Gets how often a timer has called back.</summary>
    public int Calls => Volatile.Read(ref _calls);

    /// <summary>Gets how many timers are armed.</summary>
    public int ArmedTimers
    {
        get
        {
            lock (_gate) { return _timers.Count; }
        }
    }

    /// <summary>Gets when the next timer is due, as <see cref="Elapsed"/> will be then; null if none is armed.</summary>
    public TimeSpan? NextDue
    {
        get
        {
            lock (_gate) { return _timers.MinBy(static timer => timer.DueAt) is { } first ? new TimeSpan(Math.Max(_now, first.DueAt)) : null; }
        }
    }

    /// <summary>Hears that somebody looks at the clock, or arms a timer.</summary>
    internal Action? Used { get; set; }

    /// <inheritdoc/>
    public override long GetTimestamp()
    {
        Used?.Invoke();
        return Volatile.Read(ref _now);
    }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        Used?.Invoke();
        return _startedAt + Elapsed;
    }

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        Interlocked.Increment(ref _timersCreated);
        ManualTimer timer = new(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves the clock on. Each timer that is due on the way calls back at its own time, also when it was armed on the way.</summary>
    /// <param name="by">How far; zero calls the timers that are due already.</param>
    /// <remarks>What a callback throws comes out here, and the clock stays where it is.</remarks>
    /// <exception cref="InvalidOperationException">Timers are due again at once, for ever. The one that was next is not called any more.</exception>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        long target = Volatile.Read(ref _now) + by.Ticks;
        while (TakeFirstDue(target) is { } timer)
        {
            Interlocked.Increment(ref _calls);
            timer.Call();
        }

        lock (_gate) { MoveTo(target); }
    }

    private ManualTimer? TakeFirstDue(long target)
    {
        lock (_gate)
        {
            // The first of several with the same time is the one that was armed first.
            ManualTimer? first = _timers.MinBy(static timer => timer.DueAt);
            if (first is null || first.DueAt > target) { return null; }

            MoveTo(first.DueAt);
            _timers.Remove(first);
            CountRound(first);
            if (first.Period > 0) { Arm(first, first.DueAt + first.Period, first.Period); }
            return first;
        }
    }

    private void MoveTo(long target)
    {
        if (target <= _now) { return; }
        Volatile.Write(ref _now, target);
        (_rounds, _roundEndsBefore) = (0, _armed);
    }

    /// <summary>A timer that was armed since the last round began makes a new one.</summary>
    private void CountRound(ManualTimer next)
    {
        if (next.Number < _roundEndsBefore) { return; }
        _roundEndsBefore = _armed;
        if (++_rounds <= RoundsAtOneMomentMax) { return; }
        throw new InvalidOperationException($"Timers were due again at once {RoundsAtOneMomentMax} times at {Elapsed}: one is armed again and again for the moment at which it is called. It is not called any more.");
    }

    private void Arm(ManualTimer timer, long dueAt, long period)
    {
        (timer.DueAt, timer.Period, timer.Number) = (dueAt, period, _armed++);
        _timers.Add(timer);
    }

    private sealed class ManualTimer(ManualTimeProvider owner, TimerCallback callback, object? state) : ITimer
    {
        private bool _isDisposed;

        public long DueAt { get; set; }

        public long Period { get; set; }

        /// <summary>The how manieth arming of the clock it was.</summary>
        public long Number { get; set; }

        public void Call() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            owner.Used?.Invoke();
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
