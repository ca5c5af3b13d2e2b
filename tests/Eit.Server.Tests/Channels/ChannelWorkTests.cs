namespace Eit.Server.Tests.Channels;

public class ChannelWorkTests
{
    [Theory]
    [InlineData("created /tables/1", "/tables/1")]
    [InlineData("connect ada", "/tables/1/")]
    [InlineData("message", "/tables/1")]
    [InlineData("message", "/lobby")]
    [InlineData("disconnect ada", "/tables/1")]
    [InlineData("deleted /tables/1", "/tables/1")]
    public async Task A_handler_that_waits_for_a_channel_is_told_at_once(string where, string path)
    {
        await using var world = new ChannelWorld();
        string? told = null;
        var handler = new RecordingHandler();
        handler.Does = async call =>
        {
            if (call != where) { return; }
            await Task.Yield();
            try { await world.Channels.RunAsync(path, static () => default); }
            catch (InvalidOperationException error) { told = error.Message; }
        };
        FakeMember ada = world.Member(handler);

        await ada.ConnectAsync().Soon();
        await ada.SayAsync("message").Soon();
        await ada.CloseAsync().Soon();

        Assert.StartsWith("A handler of channel /tables/1 (", told, StringComparison.Ordinal);
        Assert.Contains(path == "/lobby" ? "can't wait for channel /lobby: two that wait for each other" : "can't wait for channel /tables/1: it would wait for itself", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_handler_has_started_may_wait_for_its_channel_when_the_handler_has_finished()
    {
        await using var world = new ChannelWorld();
        TaskCompletionSource finished = Waits.NewSource();
        var order = new List<string>();
        Task? later = null;
        async Task LaterAsync()
        {
            await finished.Task;
            await world.Channels.RunAsync("/tables/1", () =>
            {
                order.Add("later");
                return default;
            });
        }
        var handler = new RecordingHandler();
        handler.Does = call =>
        {
            if (call == "start") { later = LaterAsync(); }
            return default;
        };
        FakeMember ada = world.Member(handler);
        await ada.ConnectAsync();

        await ada.SayAsync("start");
        order.Add("finished");
        finished.SetResult();
        await later!.Soon();

        Assert.Equal(["finished", "later"], order);
    }

    [Fact]
    public async Task Work_runs_between_the_events_of_the_channel_and_fails_as_it_fails()
    {
        await using var world = new ChannelWorld();
        TaskCompletionSource fetched = Waits.NewSource();
        var handler = new RecordingHandler { Does = call => call == "slow" ? new ValueTask(fetched.Task) : default };
        FakeMember ada = world.Member(handler);
        FakeMember bob = world.Member(handler);
        await ada.ConnectAsync();
        await bob.ConnectAsync();
        handler.Calls.Clear();

        Task slow = ada.SayAsync("slow");
        Task work = world.Channels.RunAsync("/tables/1", () =>
        {
            handler.Calls.Enqueue("work");
            throw new FormatException("its own");
        });
        Task quick = bob.SayAsync("quick");
        fetched.SetResult();
        await Task.WhenAll(slow, quick).Soon();

        Assert.Equal("its own", (await Assert.ThrowsAsync<FormatException>(() => work)).Message);
        Assert.Equal(["slow", "work", "quick"], handler.Calls);
        Assert.Equal(0, world.Channels.HandlersFailed);            // Who waits for it hears of it.
    }

    [Fact]
    public async Task Work_without_a_channel_makes_a_connect_wait_and_leaves_nothing()
    {
        await using var world = new ChannelWorld();
        TaskCompletionSource fetched = Waits.NewSource();
        var handler = new RecordingHandler();

        Task work = world.Channels.RunAsync("/tables/1", () => new ValueTask(fetched.Task));
        Task connecting = world.Member(handler).ConnectAsync();
        Assert.Equal((0, false), (world.Channels.Count, connecting.IsCompleted));
        Task nobodyThere = world.Channels.RunAsync("/tables/2", static () => default);
        fetched.SetResult();
        await Task.WhenAll(work, connecting, nobodyThere).Soon();

        Assert.Equal(["/tables/1"], world.Channels.List());
    }

    [Fact]
    public async Task Whoever_stops_waiting_for_a_turn_holds_nobody_up()
    {
        await using var world = new ChannelWorld();
        TaskCompletionSource fetched = Waits.NewSource();
        using var stop = new CancellationTokenSource();
        bool isDone = false;

        Task first = world.Channels.RunAsync("/tables/1", () => new ValueTask(fetched.Task));
        Task stopped = world.Channels.RunAsync(
            "/tables/1",
            () =>
            {
                isDone = true;
                return default;
            },
            stop.Token);
        Task last = world.Channels.RunAsync("/tables/1", static () => default);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stopped);
        fetched.SetResult();
        await Task.WhenAll(first, last).Soon();
        await world.Channels.WhenEmpty().Soon();

        Assert.False(isDone);
    }

    [Fact]
    public async Task Work_whose_token_is_cancelled_already_does_not_run_although_the_turn_is_free()
    {
        await using var world = new ChannelWorld();
        bool isDone = false;

        Task work = world.Channels.RunAsync(
            "/tables/1",
            () =>
            {
                isDone = true;
                return default;
            },
            new CancellationToken(canceled: true));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => work);
        Assert.False(isDone);
    }

    [Fact]
    public async Task Posted_work_runs_in_order_and_is_none_of_the_handler_that_has_posted_it()
    {
        await using var world = new ChannelWorld();
        var done = new List<int>();
        TaskCompletionSource all = Waits.NewSource();
        int failures = 0;
        var handler = new RecordingHandler();
        handler.Does = call =>
        {
            for (int i = 0; call == "post" && i < 100; i++)
            {
                int number = i;
                bool isTaken = world.Channels.Post("/tables/1", () =>
                {
                    done.Add(number);
                    if (number == 50) { throw new InvalidOperationException("reported"); }
                    if (number == 99) { all.SetResult(); }
                    return default;
                });
                if (!isTaken) { failures++; }
            }
            return default;
        };
        FakeMember ada = world.Member(handler);
        await ada.ConnectAsync();

        await ada.SayAsync("post");
        await all.Task.Soon();

        Assert.Equal(Enumerable.Range(0, 100), done);
        Assert.Equal((0, 1), (failures, world.Channels.HandlersFailed));
    }

    [Fact]
    public async Task Too_much_posted_work_is_refused()
    {
        await using var world = new ChannelWorld(configure: options => options.Channels.PostedMax = 2);
        TaskCompletionSource fetched = Waits.NewSource();
        Task running = world.Channels.RunAsync("/tables/1", () => new ValueTask(fetched.Task));
        int done = 0;
        ValueTask CountAsync()
        {
            done++;
            return default;
        }

        bool[] taken = [.. Enumerable.Range(0, 4).Select(_ => world.Channels.Post("/tables/1", CountAsync))];
        fetched.SetResult();
        await running.Soon();
        await world.Channels.WhenEmpty().Soon();

        Assert.Equal([true, true, false, false], taken);
        Assert.Equal(2, done);
        Assert.True(world.Channels.Post("/tables/1", CountAsync));
    }
}
