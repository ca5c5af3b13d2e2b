using Eit.Connection;
using Microsoft.Extensions.Logging;

namespace Eit.Rpc.Tests;

public sealed class CallTests
{
    [Fact, Clause("K1.1", "K1.5")]
    public async Task Calls_go_both_ways_and_back_again_without_a_dead_lock_although_each_end_runs_one_at_a_time()
    {
        RpcSession? session = null;
        RpcApi server = new RpcApi()
            .Add("down", async call => call.Return(call.Argument<int>(0) == 0 ? "bottom" : $"server {await session!.CallAsync<string>("down", call.Argument<int>(0) - 1)}"));
        await using RpcHost host = await RpcHost.StartAsync(_ => session ??= new RpcSession { Api = server });
        RpcConnection? client = null;
        client = await host.ConnectAsync(prepare: made => made.Api = new RpcApi()
            .Add("down", async call => call.Return($"client {await made.CallAsync<string>("down", call.Argument<int>(0) - 1)}")));
        await using EitConnection connection = client.Connection;
        await client.CallAsync<string>("down", 0).Soon();          // So the session has started.

        string[] answers = await Task.WhenAll(client.CallAsync<string>("down", 6), client.CallAsync<string>("down", 4), session!.CallAsync<string>("down", 5)).Soon();

        Assert.Equal("server client server client server client bottom", answers[0]);
        Assert.Equal("server client server client bottom", answers[1]);
        Assert.Equal("client server client server client bottom", answers[2]);
    }

    [Fact]
    public async Task On_start_may_call_the_client_and_send_events()
    {
        var heard = new Happenings<string>();
        await using RpcHost host = await RpcHost.StartAsync(_ =>
        {
            RpcSession session = null!;
            return session = new RpcSession { OnStart = async () => session.Emit("name", await session.CallAsync<string>("name")) };
        });
        RpcConnection client = await host.ConnectAsync(prepare: made =>
        {
            made.Api = new RpcApi().Add("name", call =>
            {
                call.Return("ada");
                return default;
            });
            made.On<string>("name", name => heard.Add(name!));
        });
        await using EitConnection connection = client.Connection;

        Assert.Equal("ada", await heard.NextAsync());
    }

    [Fact, Clause("K1.4")]
    public async Task Calls_run_one_at_a_time_in_order_unless_the_session_allows_more()
    {
        var order = new Happenings<int>();
        int atOnce = 0;
        int most = 0;
        TaskCompletionSource both = Patience.NewSource();
        RpcApi serial = new RpcApi().Add("step", async call =>
        {
            most = Math.Max(most, Interlocked.Increment(ref atOnce));
            await Task.Yield();
            order.Add(call.Argument<int>(0));
            Interlocked.Decrement(ref atOnce);
        });
        int meeting = 0;
        RpcApi parallel = new RpcApi().Add("meet", async call =>
        {
            if (Interlocked.Increment(ref meeting) == 2) { both.SetResult(); }
            await both.Task;
        });
        await using RpcHost oneByOne = await RpcHost.StartAsync(serial);
        await using RpcHost twoAtOnce = await RpcHost.StartAsync(parallel, options => options.ParallelCalls = 2);
        RpcConnection first = await oneByOne.ConnectAsync();
        RpcConnection second = await twoAtOnce.ConnectAsync();
        await using EitConnection ofFirst = first.Connection;
        await using EitConnection ofSecond = second.Connection;

        await Task.WhenAll(Enumerable.Range(0, 50).Select(number => first.CallAsync("step", number))).Soon();
        await Task.WhenAll(second.CallAsync("meet"), second.CallAsync("meet")).Soon();

        Assert.Equal(1, most);
        Assert.Equal(Enumerable.Range(0, 50), order.All);
    }

    [Fact]
    public async Task The_message_of_an_rpc_exception_is_told_and_of_any_other_only_where_it_is_logged()
    {
        var logs = new CapturedLogs();
        RpcApi api = new RpcApi()
            .Add("say", static _ => throw new RpcException("Say it again."))
            .Add("break", static _ => throw new InvalidOperationException("the password is swordfish"));
        await using RpcHost host = await RpcHost.StartAsync(api, logs: logs);
        RpcConnection client = await host.ConnectAsync();
        await using EitConnection connection = client.Connection;

        RpcException said = await Assert.ThrowsAsync<RpcException>(() => client.CallAsync("say").Soon());
        RpcException broken = await Assert.ThrowsAsync<RpcException>(() => client.CallAsync("break").Soon());
        RpcException unknown = await Assert.ThrowsAsync<RpcException>(() => client.CallAsync("nothing").Soon());

        Assert.Equal((RpcError.Failed, "Say it again."), (said.Error, said.Message));
        Assert.Equal(RpcError.Internal, broken.Error);
        Assert.Matches(@"^The call failed \([0-9a-f]{16}\)\.$", broken.Message);
        Assert.Equal((RpcError.UnknownMethod, "Unknown api 'nothing'"), (unknown.Error, unknown.Message));
        Assert.Contains(logs.Entries, static entry => entry.Item1 == LogLevel.Error && entry.Item2 == "MethodThrew" && entry.Item3 is InvalidOperationException);
    }

    [Fact]
    public async Task A_cancelled_call_cancels_its_method_and_one_that_has_not_begun_never_runs()
    {
        var told = new Happenings<string>();
        RpcApi api = new RpcApi().Add("wait", async call =>
        {
            told.Add($"begun {call.Argument<int>(0)}");
            try { await new TaskCompletionSource().Task.WaitAsync(call.CancellationToken); }
            finally { told.Add($"cancelled {call.Argument<int>(0)}"); }
        }).Add("ping", static _ => default);
        await using RpcHost host = await RpcHost.StartAsync(api);
        RpcConnection client = await host.ConnectAsync();
        await using EitConnection connection = client.Connection;
        using var first = new CancellationTokenSource();
        using var second = new CancellationTokenSource();

        Task running = client.CallAsync("wait", client.Pack(1), options: null, first.Token);
        await told.NextAsync();
        Task waiting = client.CallAsync("wait", client.Pack(2), options: null, second.Token);
        await second.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.Soon());
        await first.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.Soon());
        await client.CallAsync("ping").Soon();

        Assert.Equal(["begun 1", "cancelled 1"], told.All);
    }

    [Fact, Clause("K2.1")]
    public async Task The_deadline_of_a_call_travels_as_the_time_that_is_left()
    {
        var time = new ManualTimeProvider();
        var told = new Happenings<string>();
        RpcApi api = new RpcApi().Add("wait", async call =>
        {
            told.Add("begun");
            try { await new TaskCompletionSource().Task.WaitAsync(call.CancellationToken); }
            finally { told.Add("over"); }
        });
        await using RpcHost host = await RpcHost.StartAsync(api, options => options.TimeProvider = time);
        RpcConnection client = await host.ConnectAsync(options => options.TimeProvider = time);
        await using EitConnection connection = client.Connection;

        Task call = client.CallAsync("wait", client.Pack(), new RpcCallOptions { Timeout = TimeSpan.FromHours(1) }, CancellationToken.None);
        await told.UntilAsync(static what => what == "begun");
        host.Relay.Freeze();                                       // No cancellation can come: the method knows by itself.
        time.Advance(TimeSpan.FromHours(1));
        string over = await told.NextAsync();
        host.Relay.Thaw();

        Assert.Equal("over", over);
        RpcCallLostException lost = await Assert.ThrowsAsync<RpcCallLostException>(() => call.Soon());
        Assert.True(lost.IsTimeout);
    }

    [Fact, Clause("K3.2")]
    public async Task A_stream_is_sent_as_it_is_read_and_leaving_it_cancels_its_method()
    {
        var told = new Happenings<string>();
        int made = 0;
        RpcApi api = new RpcApi().Add("count", call => call.ReturnAllAsync(CountAsync(call.Argument<int>(0))));
        async IAsyncEnumerable<int> CountAsync(int to)
        {
            try
            {
                for (int number = 0; number < to; number++)
                {
                    Interlocked.Increment(ref made);
                    yield return number;
                    await Task.Yield();
                }
            }
            finally { told.Add("left"); }
        }

        await using RpcHost host = await RpcHost.StartAsync(api, options => options.ParallelCalls = 2);
        RpcConnection client = await host.ConnectAsync();
        await using EitConnection connection = client.Connection;

        List<int> all = [];
        await foreach (int number in client.StreamAsync<int>("count", 1000)) { all.Add(number); }
        await told.NextAsync();
        made = 0;
        await foreach (int number in client.StreamAsync<int>("count", client.Pack(1_000_000), new RpcCallOptions { Items = 8 }, CancellationToken.None))
        {
            if (number == 20) { break; }
        }
        await told.NextAsync();

        Assert.Equal(Enumerable.Range(0, 1000), all);
        Assert.InRange(made, 21, 21 + 8 + 1);
    }

    [Fact, Clause("K3.1")]
    public async Task A_stream_that_fails_ends_with_its_error_after_its_items()
    {
        RpcApi api = new RpcApi().Add("some", static call => call.ReturnAllAsync(SomeAsync())).Add("none", static call =>
        {
            call.Return(1);
            return default;
        });
        static async IAsyncEnumerable<string> SomeAsync()
        {
            yield return "one";
            await Task.Yield();
            throw new RpcException("No more.");
        }

        await using RpcHost host = await RpcHost.StartAsync(api);
        RpcConnection client = await host.ConnectAsync();
        await using EitConnection connection = client.Connection;
        var items = new List<string>();

        RpcException failure = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            await foreach (string item in client.StreamAsync<string>("some")) { items.Add(item); }
        }).Soon();
        RpcException noStream = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            await foreach (string item in client.StreamAsync<string>("none")) { items.Add(item); }
        }).Soon();
        RpcException notAsked = await Assert.ThrowsAsync<RpcException>(() => client.CallAsync("some").Soon());

        Assert.Equal("No more.", failure.Message);
        Assert.Equal(["one"], items);
        Assert.Equal((RpcError.BadResult, RpcError.BadArguments), (noStream.Error, notAsked.Error));
    }

    [Fact]
    public async Task Events_come_in_order_at_the_pace_of_their_handler_and_over_cuts()
    {
        const int events = 500;
        RpcSession? session = null;
        await using RpcHost host = await RpcHost.StartAsync(_ => session ??= new RpcSession(), options => options.EventsWaitingMax = 1000);
        var heard = new Happenings<int>();
        TaskCompletionSource goOn = Patience.NewSource();
        RpcConnection client = await host.ConnectAsync(prepare: made =>
        {
            made.On<int>("number", async number =>
            {
                await goOn.Task;
                heard.Add(number);
            });
            made.Api = new RpcApi().Add("ping", static _ => default);
        });
        await using EitConnection connection = client.Connection;
        await connection.SendAsync("hello").Soon();                // So the session has started.

        int taken = Enumerable.Range(0, events).Count(number => session!.Emit("number", number));
        await session!.CallAsync("ping").Soon();                   // A slow handler of events holds no call up.
        host.Relay.CutAll();
        goOn.SetResult();
        await heard.UntilAsync(static number => number == events - 1);

        Assert.Equal(events, taken);
        Assert.Equal(Enumerable.Range(0, events), heard.All);
    }

    [Fact]
    public async Task No_more_events_are_taken_than_may_wait()
    {
        RpcSession? session = null;
        await using RpcHost host = await RpcHost.StartAsync(_ => session ??= new RpcSession(), options => options.EventsWaitingMax = 10);
        TaskCompletionSource goOn = Patience.NewSource();
        RpcConnection client = await host.ConnectAsync(prepare: made => made.On<int>("number", async _ => await goOn.Task));
        await using EitConnection connection = client.Connection;
        await connection.SendAsync("hello").Soon();

        int taken = Enumerable.Range(0, 200).Count(number => session!.Emit("number", number));
        goOn.SetResult();

        Assert.Equal(RpcPeer.EventsAtFirst + 10, taken);
    }
}
