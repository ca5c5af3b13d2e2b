using System.Collections.Concurrent;
using Eit.Server.Channels;

namespace Eit.Server.Tests.Channels;

public class TimeoutManagerTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly ConcurrentQueue<string> _come = new();

    [Fact]
    public async Task A_timeout_comes_once_at_its_time()
    {
        await using ChannelWorld world = World();

        world.Timeouts.SetTimeout("tournament/1", TimeSpan.FromSeconds(10));
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal((TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(10)), (world.Timeouts.GetTimeLeft("tournament/1"), world.Timeouts.GetTotalTime("tournament/1")));
        _time.Advance(TimeSpan.FromSeconds(5.99));
        Assert.Equal(1, world.Timeouts.Count);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        await QuietAsync(world);
        _time.Advance(TimeSpan.FromMinutes(10));
        await QuietAsync(world);

        Assert.Equal(["tournament/1"], _come);
        Assert.Equal((0, null, null), (world.Timeouts.Count, world.Timeouts.GetTimeLeft("tournament/1"), world.Timeouts.GetTotalTime("tournament/1")));
    }

    [Fact]
    public async Task A_timeout_that_is_set_again_is_replaced_and_one_that_is_cleared_does_not_come()
    {
        await using ChannelWorld world = World();
        world.Timeouts.SetTimeout("a", TimeSpan.FromSeconds(1));
        world.Timeouts.SetTimeout("b", TimeSpan.FromSeconds(1));
        world.Timeouts.SetTimeout("c", TimeSpan.FromSeconds(20));

        world.Timeouts.SetTimeout("a", TimeSpan.FromSeconds(3));
        bool wasSet = world.Timeouts.ClearTimeout("b");
        world.Timeouts.SetTimeout("c", TimeSpan.FromSeconds(2));
        _time.Advance(TimeSpan.FromSeconds(2.5));
        await QuietAsync(world);
        Assert.Equal(["c"], _come);
        _time.Advance(TimeSpan.FromMinutes(1));
        await QuietAsync(world);

        Assert.Equal(["c", "a"], _come);
        Assert.Equal((true, false), (wasSet, world.Timeouts.ClearTimeout("b")));
    }

    [Fact]
    public async Task A_handler_may_set_its_timeout_again_and_another_is_called_when_one_throws()
    {
        await using ChannelWorld world = World();
        var again = new ConcurrentQueue<string>();
        world.Timeouts.Timeout += static _ => throw new InvalidOperationException("reported");
        world.Timeouts.Timeout += id =>
        {
            again.Enqueue(id);
            world.Timeouts.SetTimeout(id, TimeSpan.FromSeconds(1));
            return default;
        };

        world.Timeouts.SetTimeout("tick", TimeSpan.FromSeconds(1));
        for (int i = 1; i <= 3; i++)
        {
            int ticks = i;
            _time.Advance(TimeSpan.FromSeconds(1.1));
            await Waits.UntilAsync(() => again.Count == ticks);
            await QuietAsync(world);
        }

        Assert.Equal(["tick", "tick", "tick"], _come);
        Assert.Equal(3, world.Channels.HandlersFailed);
    }

    [Fact]
    public async Task Ids_are_found_by_a_pattern()
    {
        await using ChannelWorld world = World();
        foreach (string id in (string[])["tournament/1/round", "tournament/1/break", "tournament/1", "tournament/1/table/2", "tournament/10/round", "lobby"]) { world.Timeouts.SetTimeout(id, TimeSpan.FromHours(1)); }

        Assert.Equal(["tournament/1/break", "tournament/1/round"], world.Timeouts.GetTimeoutIdsByGlob("tournament/1/*"));
        Assert.Equal(["tournament/1/break", "tournament/1/round", "tournament/1/table/2"], world.Timeouts.GetTimeoutIdsByGlob("tournament/1/**"));
        Assert.Equal(["tournament/1/round", "tournament/10/round"], world.Timeouts.GetTimeoutIdsByGlob("tournament/*/round"));
        Assert.Equal(["lobby"], world.Timeouts.GetTimeoutIdsByGlob("lobby"));
        Assert.Equal(6, world.Timeouts.GetTimeoutIdsByGlob("**").Count);
        Assert.Empty(world.Timeouts.GetTimeoutIdsByGlob("nothing/*"));
    }

    [Fact]
    public async Task A_timeout_of_a_channel_waits_for_its_turn_and_may_be_cleared_until_then()
    {
        await using ChannelWorld world = World();
        TaskCompletionSource fetched = Waits.NewSource();
        var handler = new RecordingHandler { Does = call => call == "slow" ? new ValueTask(fetched.Task) : default };
        FakeMember ada = world.Member(handler);
        FakeMember bob = world.Member(handler, user: "bob");
        await ada.ConnectAsync();
        await bob.ConnectAsync();
        world.Timeouts.SetTimeout("tables/1", TimeSpan.FromSeconds(1));
        world.Timeouts.SetTimeout("/tables/1/turn", TimeSpan.FromSeconds(2));
        world.Timeouts.SetTimeout("tables/1/cleared", TimeSpan.FromSeconds(3));
        world.Timeouts.SetTimeout("tables/10", TimeSpan.FromSeconds(3));
        handler.Calls.Clear();

        Task slow = ada.SayAsync("slow");
        _time.Advance(TimeSpan.FromSeconds(5));
        Task quick = bob.SayAsync("quick");
        await Waits.UntilAsync(() => _come.Count == 1);             // That of another table.
        Assert.Equal(TimeSpan.Zero, world.Timeouts.GetTimeLeft("tables/1"));
        Assert.True(world.Timeouts.ClearTimeout("tables/1/cleared"));
        fetched.SetResult();
        await Task.WhenAll(slow, quick).Soon();

        Assert.Equal(["slow", "timeout tables/1", "timeout /tables/1/turn", "quick"], handler.Calls);
        Assert.Equal(["tables/10", "tables/1", "/tables/1/turn"], _come);
    }

    [Fact]
    public async Task A_timeout_dies_with_its_channel_unless_it_outlives_it()
    {
        await using ChannelWorld world = World();
        var handler = new RecordingHandler();
        FakeMember table = world.Member(handler, "/tournament/1/table/2");
        FakeMember tournament = world.Member(handler, "/tournament/1");
        await tournament.ConnectAsync();
        await table.ConnectAsync();
        world.Timeouts.SetTimeout("tournament/1/round", TimeSpan.FromSeconds(10));
        world.Timeouts.SetTimeout("tournament/1/table/2/turn", TimeSpan.FromSeconds(10));
        world.Timeouts.SetTimeout("tournament/1/table/2/rent", TimeSpan.FromSeconds(10), outlivesChannel: true);
        world.Timeouts.SetTimeout("tournament/2", TimeSpan.FromSeconds(10));

        await table.CloseAsync();
        Assert.Equal(["tournament/1/round", "tournament/1/table/2/rent", "tournament/2"], world.Timeouts.GetTimeoutIdsByGlob("**"));
        await tournament.CloseAsync();
        Assert.Equal(["tournament/1/table/2/rent", "tournament/2"], world.Timeouts.GetTimeoutIdsByGlob("**"));
        _time.Advance(TimeSpan.FromSeconds(11));
        await QuietAsync(world);

        Assert.Equal(["tournament/1/table/2/rent", "tournament/2"], _come.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_channel_at_the_root_is_above_every_path()
    {
        await using ChannelWorld world = World();
        var handler = new RecordingHandler();
        FakeMember ada = world.Member(handler, "/");
        await ada.ConnectAsync();
        world.Timeouts.SetTimeout("turn", TimeSpan.FromSeconds(1));
        world.Timeouts.SetTimeout("/tables/1/turn", TimeSpan.FromSeconds(1));
        world.Timeouts.SetTimeout("tables/2/turn", TimeSpan.FromSeconds(10));

        _time.Advance(TimeSpan.FromSeconds(2));
        await Waits.UntilAsync(() => _come.Count == 2);
        await ada.CloseAsync();

        Assert.Equal(["timeout /tables/1/turn", "timeout turn"], handler.Calls.Where(call => call.StartsWith("timeout", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Equal(0, world.Timeouts.Count);
    }

    [Fact]
    public async Task A_timeout_that_waits_for_its_turn_behind_the_deletion_dies_too()
    {
        await using ChannelWorld world = World();
        TaskCompletionSource saved = Waits.NewSource();
        var handler = new RecordingHandler { Does = call => call.StartsWith("deleted", StringComparison.Ordinal) ? new ValueTask(saved.Task) : default };
        FakeMember ada = world.Member(handler);
        await ada.ConnectAsync();
        world.Timeouts.SetTimeout("tables/1", TimeSpan.FromSeconds(1));

        Task leaving = ada.CloseAsync();
        world.Timeouts.SetTimeout("tables/1/late", TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(2));
        Task coming = world.Member(handler, user: "bob").ConnectAsync();
        saved.SetResult();
        await Task.WhenAll(leaving, coming).Soon();
        await world.Channels.RunAsync("/tables/1", static () => default).Soon();

        Assert.Equal(["created /tables/1", "connect ada", "disconnect ada", "deleted /tables/1", "created /tables/1", "connect bob"], handler.Calls);
        Assert.Empty(_come);
        Assert.Equal(0, world.Timeouts.Count);
    }

    [Fact]
    public async Task A_handler_of_a_timeout_is_told_when_it_waits_for_a_channel()
    {
        await using ChannelWorld world = World();
        TaskCompletionSource told = Waits.NewSource();
        world.Timeouts.Timeout += async _ =>
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => world.Channels.RunAsync("/tables/1", static () => default));
            told.SetResult();
        };

        world.Timeouts.SetTimeout("tables/1", TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(2));

        await told.Task.Soon();
    }

    [Fact]
    public async Task A_hundred_thousand_timeouts_share_one_timer_and_all_come()
    {
        const int Timeouts = 100_000;
        await using ChannelWorld world = World();
        world.Timeouts.SetTimeout("first", TimeSpan.FromDays(1));
        int timers = _time.TimersCreated;

        for (int i = 0; i < Timeouts; i++) { world.Timeouts.SetTimeout($"tournament/{i % 100}/{i}", TimeSpan.FromMilliseconds(100 + i)); }
        Assert.Equal(timers, _time.TimersCreated);
        Assert.Equal(1, _time.ArmedTimers);
        Assert.Equal(Timeouts / 100, world.Timeouts.GetTimeoutIdsByGlob("tournament/7/*").Count);
        for (int i = 1; i < Timeouts; i += 2) { world.Timeouts.ClearTimeout($"tournament/{i % 100}/{i}"); }
        _time.Advance(TimeSpan.FromMilliseconds(200 + Timeouts));
        await QuietAsync(world);

        Assert.Equal(Timeouts / 2, _come.Count);
        Assert.Equal(1, world.Timeouts.Count);
    }

    [Fact]
    public async Task Mistakes_are_told_and_there_is_a_bound()
    {
        ChannelWorld world = World(options => options.Channels.TimeoutsMax = 2);
        TimeoutManager timeouts = world.Timeouts;

        Assert.Throws<ArgumentOutOfRangeException>(() => timeouts.SetTimeout("a", TimeSpan.FromTicks(-1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => timeouts.SetTimeout("a", TimeSpan.MaxValue));
        Assert.Throws<ArgumentException>(() => timeouts.SetTimeout("", TimeSpan.Zero));
        timeouts.SetTimeout("a", TimeSpan.FromSeconds(1));
        timeouts.SetTimeout("b", TimeSpan.FromSeconds(1));
        timeouts.SetTimeout("b", TimeSpan.FromSeconds(1));
        Assert.Throws<InvalidOperationException>(() => timeouts.SetTimeout("c", TimeSpan.FromSeconds(1)));
        await world.DisposeAsync();

        Assert.Equal((0, 0), (timeouts.Count, _time.ArmedTimers));
        Assert.Throws<ObjectDisposedException>(() => timeouts.SetTimeout("a", TimeSpan.FromSeconds(1)));
    }

    private static Task QuietAsync(ChannelWorld world) => world.Channels.WhenEmpty().Soon();

    private ChannelWorld World(Action<EitServerOptions>? configure = null)
    {
        var world = new ChannelWorld(_time, configure);
        world.Timeouts.Timeout += id =>
        {
            _come.Enqueue(id);
            return default;
        };
        return world;
    }
}
