using Eit.Protocol.Wire;
using Eit.Server.Channels;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.Server.Tests.Channels;

public class ChannelTests
{
    [Fact]
    public async Task The_first_session_creates_the_channel_and_the_last_one_deletes_it()
    {
        await using var world = new ChannelWorld();
        var handler = new RecordingHandler();
        FakeMember ada = world.Member(handler);
        FakeMember bob = world.Member(handler, user: "bob");

        await ada.ConnectAsync();
        await bob.ConnectAsync();
        await bob.SayAsync("hello");
        Assert.Equal(["/tables/1"], world.Channels.List());
        Assert.Equal([ada.Session, bob.Session], world.Channels.GetConnectionsByChannel("/tables/1"));
        Assert.Equal("/tables/1", bob.Session.Channel);
        await ada.CloseAsync();
        Assert.Equal([bob.Session], world.Channels.GetConnectionsByChannel("/tables/1"));
        await bob.CloseAsync();

        Assert.Equal(["created /tables/1", "connect ada", "connect bob", "hello", "disconnect ada", "disconnect bob", "deleted /tables/1"], handler.Calls);
        Assert.Equal(0, world.Channels.Count);
        Assert.Empty(world.Channels.GetConnectionsByChannel("/tables/1"));
        Assert.True(world.Channels.WhenEmpty().IsCompletedSuccessfully);
    }

    [Fact]
    public async Task The_next_event_waits_until_the_handler_of_the_one_before_has_finished()
    {
        await using var world = new ChannelWorld();
        TaskCompletionSource fetched = Waits.NewSource();
        var handler = new RecordingHandler { Does = call => call == "slow" ? new ValueTask(fetched.Task) : default };
        FakeMember ada = world.Member(handler);
        FakeMember bob = world.Member(handler, user: "bob");
        FakeMember elsewhere = world.Member(handler, "/tables/2", "eve");
        await ada.ConnectAsync();
        await bob.ConnectAsync();
        await elsewhere.ConnectAsync();
        handler.Calls.Clear();

        Task slow = ada.SayAsync("slow");
        Task quick = bob.SayAsync("quick");
        Task outage = world.Member(handler, user: "late").ConnectAsync();
        await elsewhere.SayAsync("elsewhere").Soon();
        Assert.Equal(["slow", "elsewhere"], handler.Calls);
        Assert.False(slow.IsCompleted || quick.IsCompleted || outage.IsCompleted);
        fetched.SetResult();
        await Task.WhenAll(slow, quick, outage).Soon();

        Assert.Equal(["slow", "elsewhere", "quick", "connect late"], handler.Calls);
    }

    [Fact]
    public async Task A_connect_during_the_deletion_waits_and_gets_a_new_channel()
    {
        await using var world = new ChannelWorld();
        TaskCompletionSource saved = Waits.NewSource();
        var handler = new RecordingHandler { Does = call => call.StartsWith("deleted", StringComparison.Ordinal) ? new ValueTask(saved.Task) : default };
        FakeMember ada = world.Member(handler);
        FakeMember bob = world.Member(handler, user: "bob");
        await ada.ConnectAsync();

        Task leaving = ada.CloseAsync();
        Task coming = bob.ConnectAsync();
        Assert.False(leaving.IsCompleted || coming.IsCompleted);
        Assert.True(world.Channels.Exists("/tables/1"));
        Assert.False(world.Channels.IsUserConnected("/tables/1", "ada"));
        saved.SetResult();
        await Task.WhenAll(leaving, coming).Soon();

        Assert.Equal(["created /tables/1", "connect ada", "disconnect ada", "deleted /tables/1", "created /tables/1", "connect bob"], handler.Calls);
        Assert.Equal([bob.Session], world.Channels.GetConnectionsByChannel("/tables/1"));
    }

    [Fact]
    public async Task A_user_in_two_tabs_is_two_members_and_connected_until_both_have_gone()
    {
        await using var world = new ChannelWorld();
        var handler = new RecordingHandler();
        FakeMember one = world.Member(handler);
        FakeMember two = world.Member(handler);
        await one.ConnectAsync();
        await two.ConnectAsync();

        await one.CloseAsync();
        await two.LoseAsync();
        bool isConnected = world.Channels.IsUserConnected("/tables/1", "ada");
        await two.ComeBackAsync();
        await two.CloseAsync();

        Assert.True(isConnected);
        Assert.False(world.Channels.IsUserConnected("/tables/1", "ada"));
        Assert.Equal(["created /tables/1", "connect ada", "connect ada", "disconnect ada", "outage ada", "resumed ada", "disconnect ada", "deleted /tables/1"], handler.Calls);
    }

    [Fact]
    public async Task A_slash_at_the_end_of_a_path_does_not_count_and_the_size_of_letters_does()
    {
        await using var world = new ChannelWorld();
        var handler = new RecordingHandler();
        await world.Member(handler, "/tables/1/").ConnectAsync();
        await world.Member(handler, "/tables/1").ConnectAsync();
        await world.Member(handler, "/Tables/1").ConnectAsync();
        await world.Member(handler, "/").ConnectAsync();

        Assert.Equal(["/", "/Tables/1", "/tables/1"], world.Channels.List().Order(StringComparer.Ordinal));
        Assert.Equal(2, world.Channels.GetConnectionsByChannel("tables/1/").Count);
    }

    [Fact]
    public async Task A_channel_has_a_handler_of_its_own_that_ends_with_it()
    {
        await using var world = new ChannelWorld(build: services => services.AddScoped<Table.Store>());
        var tables = new List<Table>();
        MadeChannelHandler Make(IServiceProvider services)
        {
            tables.Add(ActivatorUtilities.CreateInstance<Table>(services));
            return new MadeChannelHandler(tables[^1], IsOwned: true);
        }
        FakeMember ada = world.Member(Make);
        FakeMember bob = world.Member(Make);
        FakeMember eve = world.Member(Make, "/tables/2");

        await ada.ConnectAsync();
        await bob.ConnectAsync();
        await eve.ConnectAsync();
        await ada.CloseAsync();
        await bob.CloseAsync();

        Assert.Equal(["/tables/1", "/tables/2"], tables.Select(table => table.Path));
        Assert.NotSame(tables[0].Scoped, tables[1].Scoped);
        Assert.True(tables[0].IsDisposed && tables[0].Scoped.IsDisposed);
        Assert.False(tables[1].IsDisposed || tables[1].Scoped.IsDisposed);
    }

    [Fact]
    public async Task Who_creates_a_channel_may_refuse_it_and_the_next_one_is_asked_again()
    {
        await using var world = new ChannelWorld();
        var handler = new RecordingHandler { Does = call => call == "created /tables/1" ? throw new EitChannelRefusedException("No such table.") : default };
        FakeMember ada = world.Member(handler);
        FakeMember bob = world.Member(handler, user: "bob");

        await ada.ConnectAsync();
        await ada.SayAsync("never heard");
        await ada.CloseAsync();
        bool existed = world.Channels.Exists("/tables/1");
        await bob.ConnectAsync();

        Assert.Equal(["created /tables/1", "created /tables/1"], handler.Calls);
        Assert.False(existed);
        Assert.True(ada.Session.IsClosing && bob.Session.IsClosing);
        Assert.Equal(0, world.Channels.HandlersFailed);
    }

    [Fact]
    public async Task Who_is_refused_on_connecting_is_gone_without_a_word_and_takes_an_empty_channel_along()
    {
        await using var world = new ChannelWorld();
        var handler = new RecordingHandler { Does = call => call == "connect eve" ? throw new EitChannelRefusedException("Not you.") : default };
        FakeMember ada = world.Member(handler);
        FakeMember eve = world.Member(handler, user: "eve");
        FakeMember again = world.Member(handler, user: "eve");

        await ada.ConnectAsync();
        await eve.ConnectAsync();
        Assert.Equal([ada.Session], world.Channels.GetConnectionsByChannel("/tables/1"));
        await eve.CloseAsync();
        await ada.CloseAsync();
        await again.ConnectAsync();

        Assert.Equal(["created /tables/1", "connect ada", "connect eve", "disconnect ada", "deleted /tables/1", "created /tables/1", "connect eve", "deleted /tables/1"], handler.Calls);
        Assert.Equal(0, world.Channels.Count);
    }

    [Fact]
    public async Task A_session_that_ends_while_it_waits_for_its_turn_never_joins()
    {
        await using var world = new ChannelWorld();
        TaskCompletionSource loaded = Waits.NewSource();
        var handler = new RecordingHandler { Does = call => call.StartsWith("created", StringComparison.Ordinal) ? new ValueTask(loaded.Task) : default };
        FakeMember ada = world.Member(handler);
        FakeMember bob = world.Member(handler, user: "bob");
        FakeMember[] gone = [.. Enumerable.Range(0, 1_000).Select(number => world.Member(handler, user: $"{number}"))];

        Task creating = ada.ConnectAsync();
        Task[] waiting = [.. gone.Select(member => member.ConnectAsync())];
        Task coming = bob.ConnectAsync();
        foreach (FakeMember member in gone) { member.Session.Abort(CloseCode.Closed, "gone"); }
        await Task.WhenAll(waiting).Soon();                        // The channel is not there yet: they are out of its queue.
        await Task.WhenAll(gone.Select(member => member.CloseAsync())).Soon();
        Assert.False(creating.IsCompleted || coming.IsCompleted);
        loaded.SetResult();
        await Task.WhenAll(creating, coming).Soon();

        Assert.Equal(["created /tables/1", "connect ada", "connect bob"], handler.Calls);
        Assert.Equal([ada.Session, bob.Session], world.Channels.GetConnectionsByChannel("/tables/1"));
    }

    [Fact]
    public async Task No_channel_is_created_for_sessions_that_are_over()
    {
        await using var world = new ChannelWorld();
        TaskCompletionSource fetched = Waits.NewSource();
        var handler = new RecordingHandler();
        FakeMember waits = world.Member(handler);
        FakeMember late = world.Member(handler);

        Task work = world.Channels.RunAsync("/tables/1", () => new ValueTask(fetched.Task));
        Task waiting = waits.ConnectAsync();
        waits.Session.Abort(CloseCode.Closed, "gone");
        await waiting.Soon();
        fetched.SetResult();
        await work.Soon();
        late.Session.Abort(CloseCode.Closed, "gone");
        await late.ConnectAsync().Soon();
        await late.CloseAsync().Soon();

        Assert.Empty(handler.Calls);
        Assert.True(world.Channels.WhenEmpty().IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Who_leaves_the_queue_gets_no_turn_and_who_has_a_turn_can_not_leave_the_queue()
    {
        await using var world = new ChannelWorld();
        EitChannel channel = world.Channels.Queue("/tables/1", out Task first);
        world.Channels.Queue("/tables/1", out Task second);
        world.Channels.Queue("/tables/1", out Task third);

        bool[] left = [channel.TryWithdraw(first), channel.TryWithdraw(second), channel.TryWithdraw(second)];
        channel.Leave();
        await third.Soon();
        bool isLeftInTurn = channel.TryWithdraw(third);
        channel.Leave();

        Assert.Equal([false, true, false], left);
        Assert.False(second.IsCompleted || isLeftInTurn);
        Assert.True(world.Channels.WhenEmpty().IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_handler_that_throws_is_counted_and_the_channel_goes_on()
    {
        await using var world = new ChannelWorld();
        var handler = new RecordingHandler { Does = call => call.StartsWith("created", StringComparison.Ordinal) ? default : throw new InvalidOperationException(call) };
        FakeMember ada = world.Member(handler);
        FakeMember bob = world.Member(handler, user: "bob");

        await ada.ConnectAsync();
        await bob.ConnectAsync();
        await ada.SayAsync("one");
        await bob.SayAsync("two");
        await ada.CloseAsync();
        await bob.CloseAsync();

        Assert.Equal(["created /tables/1", "connect ada", "connect bob", "one", "two", "disconnect ada", "disconnect bob", "deleted /tables/1"], handler.Calls);
        Assert.Equal(7, world.Channels.HandlersFailed);
        Assert.False(ada.Session.IsClosing);
        Assert.Equal(0, world.Channels.Count);
    }

    [Fact]
    public async Task A_failure_to_create_is_counted_and_is_no_channel()
    {
        await using var world = new ChannelWorld();
        var handler = new RecordingHandler { Does = static _ => throw new InvalidOperationException("The database is away.") };
        FakeMember ada = world.Member(handler);
        FakeMember bob = world.Member(static _ => throw new InvalidOperationException("It can't be made."));

        await ada.ConnectAsync();
        await bob.ConnectAsync();

        Assert.True(ada.Session.IsClosing && bob.Session.IsClosing);
        Assert.Equal(2, world.Channels.HandlersFailed);
        Assert.True(world.Channels.WhenEmpty().IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_handler_that_hangs_is_reported_once_when_its_time_is_over_and_waited_for()
    {
        var time = new ManualTimeProvider();
        await using var world = new ChannelWorld(time);
        TaskCompletionSource hangs = Waits.NewSource();
        var handler = new RecordingHandler { Does = call => call == "hang" ? new ValueTask(hangs.Task) : default };
        FakeMember ada = world.Member(handler);
        FakeMember bob = world.Member(handler, user: "bob");
        await ada.ConnectAsync();
        await bob.ConnectAsync();

        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(0, world.Channels.HandlersHanging);           // Nothing runs.
        Task hanging = ada.SayAsync("hang");
        Task waiting = bob.SayAsync("wait");
        time.Advance(TimeSpan.FromSeconds(29.9));
        Assert.Equal(0, world.Channels.HandlersHanging);
        time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal(1, world.Channels.HandlersHanging);
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(1, world.Channels.HandlersHanging);
        Assert.False(waiting.IsCompleted);
        hangs.SetResult();
        await Task.WhenAll(hanging, waiting).Soon();

        Assert.Equal("wait", handler.Calls.Last());
    }

    [Fact]
    public async Task What_is_handed_over_while_the_last_one_leaves_is_neither_lost_nor_done_twice()
    {
        await using var world = new ChannelWorld();
        var handler = new RecordingHandler();
        int done = 0;

        for (int round = 0; round < 2_000; round++)
        {
            FakeMember ada = world.Member(handler);
            await ada.ConnectAsync();
            Task leaving = Task.Run(ada.CloseAsync);
            Task working = Task.Run(() => world.Channels.RunAsync("/tables/1", () =>
            {
                done++;
                return default;
            }));
            await Task.WhenAll(leaving, working).Soon();
        }

        Assert.Equal(2_000, done);
        Assert.True(world.Channels.WhenEmpty().IsCompletedSuccessfully);
    }

    private sealed class Table(Table.Store store) : EitChannelHandler, IAsyncDisposable
    {
        internal Store Scoped => store;

        internal string? Path { get; private set; }

        internal bool IsDisposed { get; private set; }

        public override ValueTask OnChannelCreatedAsync(string path)
        {
            Path = path;
            return default;
        }

        public ValueTask DisposeAsync()
        {
            Assert.False(store.IsDisposed);
            IsDisposed = true;
            return default;
        }

        internal sealed class Store : IDisposable
        {
            internal bool IsDisposed { get; private set; }

            public void Dispose() => IsDisposed = true;
        }
    }
}
