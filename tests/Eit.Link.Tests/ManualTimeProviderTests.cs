namespace Eit.Link.Tests;

public class ManualTimeProviderTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly List<string> _called = [];

    [Fact]
    public void Time_stands_still_until_it_is_advanced()
    {
        DateTimeOffset before = _time.GetUtcNow();
        long timestamp = _time.GetTimestamp();

        _time.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal(TimeSpan.FromSeconds(3), _time.GetUtcNow() - before);
        Assert.Equal(TimeSpan.FromSeconds(3), _time.GetElapsedTime(timestamp));
    }

    [Fact]
    public void Timers_call_back_in_the_order_of_their_times_each_at_its_own()
    {
        Arm("30", 30);
        Arm("10", 10);
        Arm("20", 20, period: 15);

        _time.Advance(TimeSpan.FromMilliseconds(50));

        Assert.Equal(["10@10", "20@20", "30@30", "20@35", "20@50"], _called);
    }

    [Fact]
    public void Timers_of_one_time_call_back_in_the_order_in_which_they_were_armed()
    {
        foreach (string name in new[] { "a", "b", "c" }) { Arm(name, 10); }

        _time.Advance(TimeSpan.FromMilliseconds(10));

        Assert.Equal(["a@10", "b@10", "c@10"], _called);
    }

    [Fact]
    public void A_timer_that_a_callback_arms_comes_in_the_same_advance()
    {
        _time.CreateTimer(_ => Arm("second", 5), null, TimeSpan.FromMilliseconds(10), Timeout.InfiniteTimeSpan);

        _time.Advance(TimeSpan.FromMilliseconds(20));

        Assert.Equal(["second@15"], _called);
    }

    [Fact]
    public void A_timer_that_is_changed_or_disposed_of_forgets_what_it_was_armed_for()
    {
        using ITimer changed = Arm("changed", 10);
        ITimer disposed = Arm("disposed", 10);

        changed.Change(TimeSpan.FromMilliseconds(40), Timeout.InfiniteTimeSpan);
        disposed.Dispose();
        _time.Advance(TimeSpan.FromMilliseconds(50));

        Assert.Equal(["changed@40"], _called);
        Assert.False(disposed.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan));
        Assert.Equal([0, 2], [_time.ArmedTimers, _time.TimersCreated]);
    }

    [Fact]
    public async Task The_platforms_waits_run_on_it()
    {
        Task waiting = new TaskCompletionSource().Task.WaitAsync(TimeSpan.FromSeconds(5), _time);

        _time.Advance(TimeSpan.FromSeconds(5));

        await Assert.ThrowsAsync<TimeoutException>(() => waiting.WaitAsync(TimeSpan.FromMinutes(5)));
    }

    private ITimer Arm(string name, int milliseconds, int period = -1) =>
        _time.CreateTimer(
            _ => _called.Add($"{name}@{_time.Elapsed.TotalMilliseconds}"), null, TimeSpan.FromMilliseconds(milliseconds), TimeSpan.FromMilliseconds(period));
}
