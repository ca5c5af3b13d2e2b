using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Rpc.Tests;

public sealed class LimitTests
{
    [Theory, Clause("M1.1", "K1.3")]
    [InlineData("""{"t":"call","id":1,"name":"add","args":[1,"two"]}""", "bad-arguments")]
    [InlineData("""{"t":"call","id":1,"name":"add","args":[1]}""", "bad-arguments")]
    [InlineData("""{"t":"call","id":1,"name":"add","args":[1,2,3]}""", "bad-arguments")]
    [InlineData("""{"t":"call","id":1,"name":"add","args":[1,null]}""", "bad-arguments")]
    [InlineData("""{"t":"call","id":1,"name":"add","args":{"a":1,"b":2}}""", "bad-arguments")]
    [InlineData("""{"t":"call","id":1,"name":"add"}""", "bad-arguments")]
    [InlineData("""{"t":"call","id":1,"args":[1,2]}""", "bad-arguments")]
    [InlineData("""{"t":"call","id":1,"name":7,"args":[1,2]}""", "bad-arguments")]
    [InlineData("""{"t":"call","id":1,"name":"Add","args":[1,2]}""", "unknown-method")]
    [InlineData("""{"t":"call","id":1,"name":"ToString","args":[]}""", "unknown-method")]
    [InlineData("not json", null)]
    [InlineData("[1,\"add\",[1,2]]", null)]
    [InlineData("""{"t":"call","name":"add","args":[1,2]}""", null)]
    [InlineData("""{"t":"call","id":-1,"name":"add","args":[1,2]}""", null)]
    [InlineData("""{"t":"call","id":1,"id":2,"name":"add","args":[1,2]}""", null)]
    [InlineData("""{"t":"something","id":1}""", null)]
    [InlineData("""{"t":"result","id":77,"value":1}""", null)]
    [InlineData("""{"t":"cancel","id":77}""", null)]
    public async Task What_is_malformed_never_reaches_a_method_nor_closes_the_session(string malformed, string? error)
    {
        int ran = 0;
        await using RpcHost host = await RpcHost.StartAsync(Adding(() => ran++));
        await using EitConnection raw = host.Host.Client();
        Happenings<string> answers = Listen(raw);
        await raw.StartAsync().Soon();

        await SendAsync(raw, malformed);
        await SendAsync(raw, """{"t":"call","id":100,"name":"add","args":[1,2]}""");

        if (error is not null) { Assert.StartsWith($$"""{"t":"error","id":1,"error":"{{error}}",""", await answers.NextAsync(), StringComparison.Ordinal); }
        Assert.Equal("""{"t":"result","id":100,"value":3}""", await answers.NextAsync());
        Assert.Equal(1, ran);
    }

    [Theory, Clause("K1.2", "K4.1")]
    [InlineData("""{"t":"call","id":1,"name":"add","args":[1,2]}""", 1, CloseCode.BadNumber)]
    [InlineData("""{"t":"event","name":"x","data":1}""", RpcPeer.EventsAtFirst, CloseCode.CreditExceeded)]
    public async Task What_breaks_a_rule_of_the_protocol_ends_the_session(string message, int timesAllowed, CloseCode code)
    {
        TaskCompletionSource goOn = Patience.NewSource();
        await using RpcHost host = await RpcHost.StartAsync(_ => new RpcSession { Api = Adding(static () => { }), OnStart = async () => await goOn.Task });
        await using EitConnection raw = host.Host.Client();
        Listen(raw);
        var ends = new Happenings<EitSessionEnded>();
        raw.SessionEnded += (_, ended) => ends.Add(ended);
        await raw.StartAsync().Soon();

        for (int i = 0; i < timesAllowed; i++) { Assert.Equal(SendOutcome.Processed, await SendAsync(raw, message)); }
        await SendAsync(raw, message);

        Assert.Equal(code, (await ends.NextAsync()).Code);
        goOn.SetResult();
    }

    [Fact, Clause("M1.2")]
    public async Task An_answer_of_a_type_that_nobody_knows_fails_its_call()
    {
        using var logs = new CapturedLogs();
        TaskCompletionSource<RpcException> failed = Patience.NewSource<RpcException>();
        var session = new RpcSession();
        session.OnStart = async () => failed.SetResult(await Assert.ThrowsAsync<RpcException>(() => session.CallAsync<int>("ask")));
        await using RpcHost host = await RpcHost.StartAsync(_ => session, logs: logs);
        await using EitConnection raw = host.Host.Client();
        Happenings<string> heard = Listen(raw);
        await raw.StartAsync().Soon();
        string call = await heard.NextAsync();

        foreach (string stray in (string[])["""{"t":"later","id":77}""", """{"t":"later"}""", """{"t":"later","id":"x"}"""]) { await SendAsync(raw, stray); }
        await SendAsync(raw, """{"t":"later\u001b","id":1,"value":3}""");
        RpcException failure = await failed.Task.Soon();

        Assert.StartsWith("{\"t\":\"call\",\"id\":1,", call, StringComparison.Ordinal);
        Assert.Equal(RpcError.BadResult, failure.Error);
        Assert.Contains("later\\u001B", failure.Message, StringComparison.Ordinal);
        Assert.Equal("""{"t":"cancel","id":1}""", await heard.NextAsync());
        Assert.InRange(logs.Texts.Count(static text => text.Contains(" MessageUnknown ", StringComparison.Ordinal)), 0, 1);
        Assert.True(raw.IsConnected);
    }

    [Fact, Clause("K2.2")]
    public async Task A_cancellation_that_overtakes_its_call_keeps_it_from_running()
    {
        int ran = 0;
        await using RpcHost host = await RpcHost.StartAsync(Adding(() => ran++));
        await using EitConnection raw = host.Host.Client();
        Happenings<string> answers = Listen(raw);
        await raw.StartAsync().Soon();

        await SendAsync(raw, """{"t":"cancel","id":5}""");
        await SendAsync(raw, """{"t":"call","id":5,"name":"add","args":[1,2]}""");
        await SendAsync(raw, """{"t":"call","id":6,"name":"add","args":[1,2]}""");

        Assert.Equal("""{"t":"error","id":5,"error":"cancelled","message":"The call was cancelled."}""", await answers.NextAsync());
        Assert.Equal("""{"t":"result","id":6,"value":3}""", await answers.NextAsync());
        Assert.Equal(1, ran);
    }

    [Fact, Clause("K1.6")]
    public async Task Who_takes_no_answers_loses_the_session()
    {
        TaskCompletionSource goOn = Patience.NewSource();
        await using RpcHost host = await RpcHost.StartAsync(new RpcApi(), options => (options.CallsUnderWayMax, options.EventsWaitingMax) = (1, 1));
        await using EitConnection raw = host.Host.Client();
        raw.OnKind(1, async (_, _) => await goOn.Task);
        var ends = new Happenings<EitSessionEnded>();
        raw.SessionEnded += (_, ended) => ends.Add(ended);
        await raw.StartAsync().Soon();
        Server.EitSession session = Assert.Single(host.Host.Sessions.List());
        var accepted = new SendOptions { Kind = 1, CompleteWhen = CompleteWhen.Accepted };

        for (int id = 1; !session.Ended.IsCompleted && id < 20_000; id++)
        {
            if (await raw.SendAsync($$"""{"t":"call","id":{{id}},"name":"none","args":[]}""", accepted).Soon() != SendOutcome.Accepted) { break; }
        }
        await session.Ended.Soon();
        goOn.SetResult();

        Assert.Equal(CloseCode.TooSlow, (await ends.NextAsync()).Code);
    }

    [Fact]
    public async Task Each_limit_has_its_error_at_the_end_that_serves()
    {
        TaskCompletionSource goOn = Patience.NewSource();
        RpcApi api = new RpcApi()
            .Add("hold", async call => await goOn.Task.WaitAsync(call.CancellationToken))
            .Add("large", static call =>
            {
                call.Return(new string('x', 2000));
                return default;
            });
        await using RpcHost host = await RpcHost.StartAsync(api, options =>
        {
            options.ArgumentBytesMax = 1000;
            options.ResultBytesMax = 1000;
            options.CallsUnderWayMax = 2;
            (options.CallsPerSecond, options.TimeProvider) = (5, new ManualTimeProvider());
        });
        RpcConnection client = await host.ConnectAsync();
        await using EitConnection connection = client.Connection;

        Task[] held = [client.CallAsync("hold"), client.CallAsync("hold")];
        RpcException tooMany = await Assert.ThrowsAsync<RpcException>(() => client.CallAsync("hold").Soon());
        RpcException tooLarge = await Assert.ThrowsAsync<RpcException>(() => client.CallAsync("hold", new string('x', 1000)).Soon());
        goOn.SetResult();
        await Task.WhenAll(held).Soon();
        RpcException largeResult = await Assert.ThrowsAsync<RpcException>(() => client.CallAsync<string>("large").Soon());
        RpcException[] fast = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Assert.ThrowsAsync<RpcException>(() => client.CallAsync("large").Soon())));

        Assert.Equal((RpcError.TooManyCalls, RpcError.TooLarge, RpcError.TooLarge), (tooMany.Error, tooLarge.Error, largeResult.Error));
        Assert.Contains(fast, static failure => failure.Error == RpcError.TooFast);
    }

    [Fact]
    public async Task Calls_that_would_hold_more_bytes_than_they_may_are_refused_until_others_have_ended()
    {
        var begun = new Happenings<int>();
        TaskCompletionSource goOn = Patience.NewSource();
        RpcApi api = new RpcApi().Add("hold", async call =>
        {
            begun.Add(call.Argument<int>(0));
            await goOn.Task.WaitAsync(call.CancellationToken);
        });
        await using RpcHost host = await RpcHost.StartAsync(api, options => (options.CallBytesMax, options.ParallelCalls) = (2_000, 8));
        RpcConnection client = await host.ConnectAsync();
        await using EitConnection connection = client.Connection;
        string ballast = new('x', 900);

        Task[] held = [client.CallAsync("hold", 1, ballast), client.CallAsync("hold", 2, ballast)];
        RpcException tooMany = await Assert.ThrowsAsync<RpcException>(() => client.CallAsync("hold", 3, ballast).Soon());
        goOn.SetResult();
        await Task.WhenAll(held).Soon();
        await client.CallAsync("hold", 4, ballast).Soon();

        Assert.Equal(RpcError.TooManyCalls, tooMany.Error);
        Assert.Contains("2000 bytes", tooMany.Message, StringComparison.Ordinal);
        Assert.Equal([1, 2, 4], begun.All.Order());                // Of calls that run at once either may begin first.
    }

    [Fact]
    public async Task An_item_an_event_or_an_action_that_is_too_large_is_refused_and_the_session_goes_on()
    {
        RpcSession? session = null;
        RpcApi api = new RpcApi().Add("items", static call => call.ReturnAllAsync(ItemsAsync())).Add("ping", static _ => default);
        static async IAsyncEnumerable<string> ItemsAsync()
        {
            yield return "small";
            await Task.Yield();
            yield return new string('x', 2000);
        }

        await using RpcHost host = await RpcHost.StartAsync(_ => session ??= new RpcSession { Api = api }, options => options.ResultBytesMax = 1000);
        RpcConnection client = await host.ConnectAsync();
        await using EitConnection connection = client.Connection;
        var items = new List<string>();

        RpcException tooLarge = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            await foreach (string item in client.StreamAsync<string>("items")) { items.Add(item); }
        }).Soon();
        Assert.Throws<ArgumentException>(() => session!.Emit("event", new string('x', 2000)));
        Assert.Throws<ArgumentException>(() => session!.Dispatch(new string('x', 2000)));
        await client.CallAsync("ping").Soon();

        Assert.Equal(RpcError.TooLarge, tooLarge.Error);
        Assert.Equal(["small"], items);
    }

    [Fact]
    public async Task What_is_larger_than_the_other_ends_session_takes_is_too_large_both_ways()
    {
        RpcApi api = new RpcApi().Add("give", static call =>
        {
            call.Return(new string('x', call.Argument<int>(0)));
            return default;
        });
        await using RpcHost host = await RpcHost.StartAsync(api);
        await using EitConnection connection = host.Host.Client(configure: static options => options.Session = options.Session with { MessageBytesMax = 64 * 1024 });
        RpcConnection client = connection.UseRpc(new RpcOptions { ArgumentBytesMax = 16 * 1024 * 1024 });
        await connection.StartAsync().Soon();

        string fits = await client.CallAsync<string>("give", 60 * 1024).Soon();
        RpcException result = await Assert.ThrowsAsync<RpcException>(() => client.CallAsync<string>("give", 70 * 1024).Soon());
        RpcException call = await Assert.ThrowsAsync<RpcException>(() => client.CallAsync<string>("give", new string('x', 2 * 1024 * 1024)).Soon());

        Assert.Equal(60 * 1024, fits.Length);
        Assert.Equal((RpcError.TooLarge, RpcError.TooLarge), (result.Error, call.Error));
    }

    [Fact]
    public async Task The_end_of_a_session_waits_for_a_method_that_does_not_end_only_for_its_limit()
    {
        var told = new Happenings<string>();
        var logs = new CapturedLogs();
        TaskCompletionSource never = Patience.NewSource();
        await using RpcHost host = await RpcHost.StartAsync(
            _ => new RpcSession
            {
                Api = new RpcApi().Add("hang", async _ =>
                {
                    told.Add("begun");
                    await never.Task;
                }),
                OnClose = _ =>
                {
                    told.Add("closed");
                    return default;
                },
            },
            options => options.StopLimit = TimeSpan.FromMilliseconds(50),
            logs);
        RpcConnection client = await host.ConnectAsync();

        Task call = client.CallAsync("hang");
        await told.NextAsync();
        await client.Connection.DisposeAsync().Soon();
        string last = await told.NextAsync();
        never.SetResult();

        Assert.Equal("closed", last);
        Assert.Contains(logs.Entries, static entry => entry.Item2 == "MethodHangs");
        await Assert.ThrowsAsync<RpcCallLostException>(() => call.Soon());
    }

    [Fact]
    public async Task Work_that_is_posted_is_refused_where_too_much_waits()
    {
        RpcSession? session = null;
        await using RpcHost host = await RpcHost.StartAsync(_ => session ??= new RpcSession { Api = new RpcApi().Add("ping", static _ => default) }, options => options.EventsWaitingMax = 2);
        RpcConnection client = await host.ConnectAsync(options => options.EventsWaitingMax = 2);
        await using EitConnection connection = client.Connection;
        await client.CallAsync("ping").Soon();
        TaskCompletionSource goOn = Patience.NewSource();

        bool[] atClient = await PostFiveAsync(client.Post);
        bool[] atServer = await PostFiveAsync(session!.Post);
        goOn.SetResult();
        await connection.DisposeAsync().Soon();
        await session!.Session.Ended.Soon();

        Assert.Equal([true, true, true, false, false], atClient);
        Assert.Equal([true, true, true, false, false], atServer);
        Assert.False(client.Post(static () => default));

        async Task<bool[]> PostFiveAsync(Func<Func<ValueTask>, bool> post)
        {
            TaskCompletionSource runs = Patience.NewSource();
            bool first = post(async () =>
            {
                runs.SetResult();
                await goOn.Task;
            });
            await runs.Task.Soon();                                // So it waits no longer, nor does the beginning of the session.
            return [first, .. Enumerable.Range(0, 4).Select(_ => post(async () => await goOn.Task))];
        }
    }

    [Fact]
    public async Task A_caller_waits_where_more_calls_than_it_may_are_under_way_and_refuses_what_is_too_large_itself()
    {
        var begun = new Happenings<int>();
        TaskCompletionSource goOn = Patience.NewSource();
        RpcApi api = new RpcApi().Add("hold", async call =>
        {
            begun.Add(call.Argument<int>(0));
            await goOn.Task;
        });
        await using RpcHost host = await RpcHost.StartAsync(api, options => options.ParallelCalls = 100);
        RpcConnection client = await host.ConnectAsync(options => (options.CallsUnderWayMax, options.ArgumentBytesMax) = (3, 500));
        await using EitConnection connection = client.Connection;

        RpcException tooLarge = await Assert.ThrowsAsync<RpcException>(() => client.CallAsync("hold", new string('x', 500)).Soon());
        Task[] held = [.. Enumerable.Range(0, 10).Select(number => client.CallAsync("hold", number))];
        for (int i = 0; i < 3; i++) { await begun.NextAsync(); }
        await SendAsync(connection, "no call");                    // Behind the calls: a fourth one would have come.
        int atOnce = begun.All.Count;
        goOn.SetResult();
        await Task.WhenAll(held).Soon();

        Assert.Equal((RpcError.TooLarge, 3, 10), (tooLarge.Error, atOnce, begun.All.Count));
    }

    [Fact]
    public void Every_option_out_of_range_is_named()
    {
        var options = new RpcOptions
        {
            ParallelCalls = 0,
            CallsUnderWayMax = 0,
            CallBytesMax = 1,
            ArgumentBytesMax = 1,
            ResultBytesMax = 1,
            CallsPerSecond = 0,
            EventsWaitingMax = 0,
            EventBytesWaitingMax = 1,
            CallTimeout = TimeSpan.Zero,
            StopLimit = TimeSpan.FromHours(1),
        };

        Assert.Equal(10, options.Faults().Count());
        Assert.Empty(new RpcOptions().Faults());
    }

    [Fact]
    public async Task A_type_whose_json_is_not_known_is_named()
    {
        await using RpcHost host = await RpcHost.StartAsync(new RpcApi());
        RpcConnection client = await host.ConnectAsync();
        await using EitConnection connection = client.Connection;

        InvalidOperationException unknown = Assert.Throws<InvalidOperationException>(() => client.Pack(new Version(1, 2)));

        Assert.Contains("[JsonSerializable(typeof(Version))]", unknown.Message, StringComparison.Ordinal);
    }

    private static RpcApi Adding(Action ran) => new RpcApi().Add("add", call =>
    {
        call.TakeAtMost(2);
        int sum = call.Argument<int>(0) + call.Argument<int>(1);
        ran();
        call.Return(sum);
        return default;
    });

    private static Happenings<string> Listen(EitConnection raw)
    {
        var answers = new Happenings<string>();
        raw.OnKind(1, (_, message) =>
        {
            answers.Add(message.Text!);
            return default;
        });
        return answers;
    }

    private static Task<SendOutcome> SendAsync(EitConnection raw, string message) => raw.SendAsync(message, new SendOptions { Kind = 1 }).Soon();
}
