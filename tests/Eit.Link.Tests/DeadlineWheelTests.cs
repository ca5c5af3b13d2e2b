using Eit.Backoff;

namespace Eit.Link.Tests;

public class DeadlineWheelTests
{
    // A tick of 6.55 ms and the timer's next whole millisecond.
    private static readonly TimeSpan s_latest = TimeSpan.FromMilliseconds(10);

    private readonly ManualTimeProvider _time = new();
    private readonly DeadlineWheel _wheel;
    private readonly List<string> _called = [];

    public DeadlineWheelTests() => _wheel = new DeadlineWheel(_time);

    public static TheoryData<double> Distances =>
        [0.0001, 0.1, 1, 6.5536, 6.5537, 10, 50, 1_667, 3_355, 3_356, 5_000, 120_000, 1_717_986, 1_717_987, 3_600_000, 86_400_000, 900_000_000, 5_000_000_000];

    [Fact]
    public void The_clock_of_a_wheel_begins_with_it()
    {
        _time.Advance(TimeSpan.FromHours(1));
        using DeadlineWheel wheel = new(_time);
        Instant before = wheel.Now;

        _time.Advance(TimeSpan.FromMilliseconds(3));

        Assert.Equal(Instant.Zero, before);
        Assert.Equal(Instant.Zero + TimeSpan.FromMilliseconds(3), wheel.Now);
    }

    [Theory, MemberData(nameof(Distances))]
    public void A_deadline_comes_never_early_and_soon_after_its_time_however_far_it_is(double milliseconds)
    {
        Instant at = Instant.Zero + TimeSpan.FromMilliseconds(milliseconds);
        Instant calledAt = Instant.Never;
        DeadlineEntry entry = _wheel.Register(_ => calledAt = _wheel.Now, null);

        entry.Set(at);
        _time.Advance(at.Since(Instant.Zero) - TimeSpan.FromTicks(1));
        bool wasEarly = calledAt != Instant.Never;
        _time.Advance(s_latest + TimeSpan.FromTicks(1));

        Assert.False(wasEarly);
        Assert.InRange(calledAt.Ticks, at.Ticks, (at + s_latest).Ticks);
    }

    [Fact]
    public void A_deadline_that_has_passed_is_called_at_the_next_occasion_and_not_by_set_itself()
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        DeadlineEntry entry = Register("past");

        entry.Set(Instant.Zero);
        string[] atOnce = [.. _called];
        _time.Advance(s_latest);

        Assert.Empty(atOnce);
        Assert.Equal(["past"], _called);
    }

    [Fact]
    public void Deadlines_are_called_in_the_order_of_their_times()
    {
        int[] times = [5_000, 20, 120_000, 1_667, 40, 1_667_000, 3_300, 3_400];
        foreach (int time in times) { Register($"{time}").Set(After(time)); }

        _time.Advance(TimeSpan.FromHours(1));

        Assert.Equal(times.Order().Select(time => $"{time}"), _called);
    }

    [Fact]
    public void Deadlines_are_called_in_order_when_the_timer_comes_late()
    {
        LateTimeProvider late = new();
        using DeadlineWheel wheel = new(late);
        int[] times = [5_000, 20, 120_000, 1_667, 40, 1_667_000, 3_300, 3_400];
        foreach (int time in times) { wheel.Register(name => _called.Add((string)name!), $"{time}").Set(After(time)); }

        late.Jump(TimeSpan.FromHours(1));

        Assert.Equal(times.Order().Select(time => $"{time}"), _called);
    }

    [Fact]
    public void A_deadline_is_called_once_and_can_be_set_again()
    {
        DeadlineEntry entry = Register("x");

        entry.Set(After(10));
        _time.Advance(TimeSpan.FromMinutes(1));
        int first = _called.Count;
        entry.Set(_wheel.Now + TimeSpan.FromMilliseconds(10));
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal([1, 2], [first, _called.Count]);
    }

    [Fact]
    public void A_deadline_that_is_moved_later_comes_later()
    {
        DeadlineEntry entry = Register("x");
        entry.Set(After(100));
        _time.Advance(TimeSpan.FromMilliseconds(50));

        entry.Set(After(200));
        _time.Advance(TimeSpan.FromMilliseconds(149));
        bool wasEarly = _called.Count > 0;
        _time.Advance(TimeSpan.FromMilliseconds(12));

        Assert.False(wasEarly);
        Assert.Single(_called);
    }

    [Fact]
    public void A_deadline_that_is_moved_earlier_comes_earlier_and_only_then()
    {
        DeadlineEntry entry = Register("x");
        entry.Set(After(100_000));

        entry.Set(After(100));
        _time.Advance(TimeSpan.FromMilliseconds(111));
        int onTime = _called.Count;
        _time.Advance(TimeSpan.FromMinutes(5));

        Assert.Equal([1, 1], [onTime, _called.Count]);
    }

    [Fact]
    public void A_deadline_that_is_cleared_does_not_come()
    {
        DeadlineEntry entry = Register("x");
        entry.Set(After(100));

        entry.Set(Instant.Never);
        _time.Advance(TimeSpan.FromHours(1));

        Assert.Empty(_called);
    }

    [Fact]
    public void A_deadline_that_is_cleared_and_set_again_comes_at_the_new_time()
    {
        DeadlineEntry entry = Register("x");
        entry.Set(After(100));
        entry.Set(Instant.Never);

        entry.Set(After(150));
        _time.Advance(TimeSpan.FromMilliseconds(149));
        int early = _called.Count;
        _time.Advance(s_latest + TimeSpan.FromMilliseconds(1));

        Assert.Equal([0, 1], [early, _called.Count]);
    }

    [Fact]
    public void A_deadline_that_is_disposed_of_does_not_come_and_can_not_be_set()
    {
        DeadlineEntry entry = Register("x");
        entry.Set(After(100));

        entry.Dispose();
        entry.Dispose();
        entry.Set(After(50));
        _time.Advance(TimeSpan.FromHours(1));

        Assert.Empty(_called);
        Assert.Equal(0, _time.Calls);
    }

    [Fact]
    public void A_callback_may_dispose_of_itself_and_of_another_that_is_due_with_it()
    {
        DeadlineEntry other = Register("other");
        DeadlineEntry? self = null;
        self = _wheel.Register(_ =>
        {
            _called.Add("self");
            self!.Dispose();
            other.Dispose();
        }, null);
        self.Set(After(100));
        other.Set(After(100.1));

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(["self"], _called);
    }

    [Fact]
    public void A_callback_that_moves_another_that_is_due_with_it_is_heeded()
    {
        DeadlineEntry other = Register("other");
        _wheel.Register(_ => other.Set(After(500)), null).Set(After(100));
        other.Set(After(100.1));

        _time.Advance(TimeSpan.FromMilliseconds(499));
        int early = _called.Count;
        _time.Advance(s_latest + TimeSpan.FromMilliseconds(1));

        Assert.Equal([0, 1], [early, _called.Count]);
    }

    [Fact]
    public void A_callback_may_set_its_deadline_again()
    {
        DeadlineEntry? entry = null;
        int calls = 0;
        entry = _wheel.Register(_ =>
        {
            calls++;
            entry!.Set(_wheel.Now + TimeSpan.FromSeconds(1));
        }, null);
        entry.Set(After(1_000));

        _time.Advance(TimeSpan.FromSeconds(60));

        Assert.Equal(59, calls);
    }

    [Fact]
    public void A_callback_that_throws_is_reported_and_harms_no_other()
    {
        List<string> failures = [];
        _wheel.CallbackFailed += exception => failures.Add(exception.Message);
        _wheel.CallbackFailed += _ => throw new InvalidOperationException("So is the report.");
        _wheel.Register(_ => throw new InvalidOperationException("It is broken."), null).Set(After(100));
        Register("with it").Set(After(100));
        Register("after it").Set(After(300));

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(["with it", "after it"], _called);
        Assert.Equal(["It is broken."], failures);
    }

    [Fact]
    public void A_wheel_without_deadlines_arms_no_timer()
    {
        int first = _time.ArmedTimers;
        DeadlineEntry entry = Register("x");
        entry.Set(After(10));
        int set = _time.ArmedTimers;
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal([0, 1, 0], [first, set, _time.ArmedTimers]);
    }

    [Fact]
    public void A_distant_deadline_wakes_the_process_only_a_few_times()
    {
        Register("x").Set(Instant.Zero + TimeSpan.FromDays(9));

        _time.Advance(TimeSpan.FromDays(10));

        Assert.Single(_called);
        Assert.InRange(_time.Calls, 1, 3);
    }

    [Fact]
    public void A_deadline_that_is_moved_on_with_every_message_wakes_the_process_once_per_time_out()
    {
        DeadlineEntry entry = Register("x");
        for (int message = 0; message < 10_000; message++)
        {
            entry.Set(_wheel.Now + TimeSpan.FromMilliseconds(1_667));
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.Empty(_called);
        Assert.InRange(_time.Calls, 5, 7);
    }

    [Fact]
    public void Setting_a_deadline_again_allocates_nothing()
    {
        DeadlineEntry[] entries = [.. Enumerable.Range(0, 100).Select(i => Register($"{i}"))];
        int step = 0;

        AssertAllocation.None(() =>
        {
            step++;
            entries[step % entries.Length].Set(After(10_000 + step));
            entries[step * 7 % entries.Length].Set(After(20_000_000 - (step * 1_000)));
            return step;
        });
    }

    [Fact]
    public void A_disposed_wheel_calls_nothing_and_registers_nothing()
    {
        DeadlineEntry entry = Register("x");
        entry.Set(After(10));

        _wheel.Dispose();
        _wheel.Dispose();
        entry.Set(After(5));
        entry.Dispose();
        _time.Advance(TimeSpan.FromHours(1));

        Assert.Empty(_called);
        Assert.Equal(0, _time.ArmedTimers);
        Assert.Throws<ObjectDisposedException>(() => _wheel.Register(_ => { }, null));
    }

    [Fact]
    public void A_hundred_thousand_deadlines_need_one_timer_and_each_comes_once()
    {
        const int Count = 100_000;
        int[] calls = new int[Count];
        TimeSpan worst = TimeSpan.Zero;
        bool wasEarly = false;
        for (int i = 0; i < Count; i++)
        {
            int index = i;
            Instant at = After(1 + (i * 0.05));
            _wheel.Register(_ =>
            {
                calls[index]++;
                wasEarly |= _wheel.Now < at;
                worst = TimeSpan.FromTicks(Math.Max(worst.Ticks, _wheel.Now.Since(at).Ticks));
            }, null).Set(at);
        }

        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.All(calls, count => Assert.Equal(1, count));
        Assert.False(wasEarly);
        Assert.InRange(worst, TimeSpan.Zero, s_latest);
        Assert.Equal(1, _time.TimersCreated);
        Assert.InRange(_time.Calls, 1, 5_000 / 6);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Whatever_is_done_to_deadlines_each_comes_at_its_time_and_none_else(int seed)
    {
        Random random = new(seed);
        Instant[] expected = [.. Enumerable.Repeat(Instant.Never, 50)];
        List<string> faults = [];
        DeadlineEntry[] entries = new DeadlineEntry[expected.Length];
        for (int i = 0; i < entries.Length; i++)
        {
            int index = i;
            entries[i] = _wheel.Register(_ =>
            {
                Instant now = _wheel.Now;
                if (now < expected[index] || now.Since(expected[index]) > s_latest) { faults.Add($"{index} is called at {now} and not at {expected[index]}"); }
                expected[index] = Instant.Never;
            }, null);
        }

        for (int step = 0; step < 20_000; step++)
        {
            int index = random.Next(entries.Length);
            expected[index] = random.Next(10) == 0 ? Instant.Never : _wheel.Now + DrawTime(random);
            entries[index].Set(expected[index]);
            if (random.Next(3) == 0) { _time.Advance(DrawTime(random) / 50); }
            for (int i = 0; i < expected.Length; i++)
            {
                if (expected[i] + s_latest < _wheel.Now) { faults.Add($"{i} is not called at {expected[i]} but it is {_wheel.Now}"); }
            }

            Assert.True(faults.Count == 0, $"Seed {seed}, step {step}: {string.Join("; ", faults)}.");
        }
    }

    [Fact]
    public async Task On_the_systems_clock_no_deadline_is_missed_while_threads_move_them()
    {
        using DeadlineWheel wheel = new(TimeProvider.System);
        const int Count = 200;
        Instant end = wheel.Now + TimeSpan.FromMilliseconds(300);
        TaskCompletionSource[] calls = [.. Enumerable.Range(0, Count).Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))];
        DeadlineEntry[] entries = [.. Enumerable.Range(0, Count).Select(index => wheel.Register(_ =>
        {
            // Before the end there are calls for deadlines that were set on the way; the last one counts.
            if (wheel.Now >= end) { calls[index].TrySetResult(); }
        }, null))];

        Task[] movers = [.. Enumerable.Range(0, 2).Select(mover => Task.Run(() => Move(wheel, entries, mover, end)))];
        await Task.WhenAll(movers).WaitAsync(TimeSpan.FromMinutes(5));
        Task all = Task.WhenAll(calls.Select(call => call.Task));

        await all.WaitAsync(TimeSpan.FromMinutes(5));
    }

    [Fact]
    public async Task The_wheel_of_the_process_is_one_and_can_not_be_disposed_of()
    {
        TaskCompletionSource called = new(TaskCreationOptions.RunContinuationsAsynchronously);

        DeadlineWheel.Shared.Dispose();
        using DeadlineEntry entry = DeadlineWheel.Shared.Register(_ => called.SetResult(), null);
        entry.Set(DeadlineWheel.Shared.Now + TimeSpan.FromMilliseconds(5));

        await called.Task.WaitAsync(TimeSpan.FromMinutes(5));
        Assert.Same(DeadlineWheel.Shared, DeadlineWheel.Shared);
    }

    [Fact]
    public void The_timer_carries_nothing_of_whoever_made_the_wheel()
    {
        AsyncLocal<string> local = new() { Value = "mine" };
        FlowTimeProvider time = new();

        using DeadlineWheel wheel = new(time);

        Assert.True(time.WasSuppressed);
        Assert.Equal("mine", local.Value);
        Assert.False(ExecutionContext.IsFlowSuppressed());
    }

    private static void Move(DeadlineWheel wheel, DeadlineEntry[] entries, int mover, Instant end)
    {
        Random random = new(mover);
        while (wheel.Now + TimeSpan.FromMilliseconds(50) < end)
        {
            // Each mover has entries of its own, as a session has, so that the last set is known.
            DeadlineEntry entry = entries[(random.Next(entries.Length / 2) * 2) + mover];
            entry.Set(wheel.Now + TimeSpan.FromMilliseconds(random.Next(0, 40)));
            if (random.Next(4) == 0) { entry.Set(Instant.Never); }
        }

        for (int i = mover; i < entries.Length; i += 2) { entries[i].Set(end + TimeSpan.FromMilliseconds(i % 7)); }
    }

    // Mostly near, at times far: all rings are reached.
    private static TimeSpan DrawTime(Random random) =>
        TimeSpan.FromTicks((long)Math.Exp(random.NextDouble() * Math.Log(TimeSpan.FromDays(20).Ticks)));

    private static Instant After(double milliseconds) => Instant.Zero + TimeSpan.FromMilliseconds(milliseconds);

    private DeadlineEntry Register(string name) => _wheel.Register(state => _called.Add((string)state!), name);

    /// <summary>A clock that jumps over its timer, as a process that is stopped for a while sees it.</summary>
    private sealed class LateTimeProvider : TimeProvider, ITimer
    {
        private TimerCallback? _callback;
        private object? _state;
        private bool _isArmed;
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            (_callback, _state) = (callback, state);
            return this;
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _isArmed = dueTime != Timeout.InfiniteTimeSpan;
            return true;
        }

        public void Jump(TimeSpan by)
        {
            _now += by.Ticks;
            if (_isArmed) { _callback!(_state); }
        }

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => default;
    }

    private sealed class FlowTimeProvider : TimeProvider
    {
        public bool WasSuppressed { get; private set; }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            WasSuppressed = ExecutionContext.IsFlowSuppressed();
            return base.CreateTimer(callback, state, dueTime, period);
        }
    }
}
