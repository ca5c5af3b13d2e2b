using System.Collections.Concurrent;
using Eit.Connection;
using Eit.Protocol.Session;

namespace Eit.Rpc.Tests;

public sealed class OnceTests
{
    [Fact]
    public async Task A_thousand_calls_over_fifty_cuts_and_five_cycles_all_complete_and_each_method_ran_once()
    {
        const int calls = 1000;
        var ran = new ConcurrentDictionary<int, int>();
        RpcApi api = new RpcApi().Add("twice", async call =>
        {
            int number = call.Argument<int>(0);
            ran.AddOrUpdate(number, 1, static (_, times) => times + 1);
            await Task.Yield();
            call.Return(number * 2);
        });
        await using RpcHost host = await RpcHost.StartAsync(api, options => options.ParallelCalls = 8);
        await using RpcConnection client = await host.ConnectAsync();
        EitConnection connection = client.Connection;
        await using EitConnection owned = connection;
        int cuts = 0;
        int cycles = 0;
        int extra = 0;
        Task faults = Task.Run(async () =>
        {
            while (cuts < 50)
            {
                await connection.WaitUntilConnectedAsync().Soon();
                if (cuts % 10 == 9 && cycles == cuts / 10)
                {
                    try
                    {
                        await connection.CycleAsync().Soon();
                        cycles++;
                    }
                    catch (EitException) { continue; }
                }
                if (host.Relay.CutAll() > 0) { cuts++; }
                await client.CallAsync<int>("twice", --extra).Soon();
            }
        });

        var results = new List<int>();
        for (int batch = 0; batch < calls; batch += 20)
        {
            results.AddRange(await Task.WhenAll(Enumerable.Range(batch, 20).Select(number => client.CallAsync<int>("twice", number))).Soon());
        }
        await faults.Soon();

        Assert.Equal(Enumerable.Range(0, calls).Select(static number => number * 2), results);
        Assert.Equal(Enumerable.Range(0, calls), ran.Keys.Where(static number => number >= 0).Order());
        Assert.All(ran.Values, static times => Assert.Equal(1, times));
        Assert.Equal((50, 5), (cuts, cycles));
    }

    [Fact]
    public async Task A_call_under_way_when_the_connection_is_lost_runs_once_and_its_result_comes_after_the_resume()
    {
        int runs = 0;
        TaskCompletionSource begun = Patience.NewSource();
        TaskCompletionSource goOn = Patience.NewSource();
        RpcApi api = new RpcApi().Add("slow", async call =>
        {
            Interlocked.Increment(ref runs);
            begun.TrySetResult();
            await goOn.Task;
            call.Return("done");
        });
        await using RpcHost host = await RpcHost.StartAsync(api);
        await using RpcConnection client = await host.ConnectAsync();
        await using EitConnection connection = client.Connection;
        Protocol.Wire.SessionId? session = connection.SessionId;

        Task<string> call = client.CallAsync<string>("slow");
        await begun.Task.Soon();
        host.Relay.Refuses = true;
        host.Relay.CutAll();
        goOn.SetResult();
        host.Relay.Refuses = false;
        string result = await call.Soon();

        Assert.Equal(("done", 1), (result, runs));
        Assert.Equal(session, connection.SessionId);
        Assert.True(host.Relay.Dials > 1);
    }

    [Fact, Clause("K2.3")]
    public async Task A_server_that_dies_in_mid_call_ends_each_call_as_unknown_or_not_sent()
    {
        await using RpcHost host = await RpcHost.StartAsync(Hanging(out Happenings<int> begun), options => options.ParallelCalls = 3);
        await using RpcHost other = await RpcHost.StartAsync(new RpcApi());
        await using RpcConnection client = await host.ConnectAsync(options => options.CallsUnderWayMax = 4);
        await using EitConnection connection = client.Connection;

        List<Task> sent = [.. Enumerable.Range(0, 3).Select(number => client.CallAsync("hang", number))];
        foreach (Task _ in sent) { await begun.NextAsync(); }      // Each of them has left.
        host.Relay.Refuses = true;
        host.Relay.CutAll();
        await Waits.UntilAsync(() => !connection.IsConnected);
        List<Task> unsent = [client.CallAsync("hang", 3), client.CallAsync("hang", 4)];
        host.Relay.Upstream = other.Host.Port;
        host.Relay.Refuses = false;

        Assert.All(await OutcomesAsync(sent), static lost => Assert.Equal((SendOutcome.Unknown, false), lost));
        Assert.All(await OutcomesAsync(unsent), static lost => Assert.Equal((SendOutcome.NotSent, false), lost));
    }

    [Fact]
    public async Task Where_no_server_comes_back_each_call_ends_when_its_time_is_over()
    {
        var time = new ManualTimeProvider();
        await using RpcHost host = await RpcHost.StartAsync(Hanging(out Happenings<int> begun));
        await using RpcConnection client = await host.ConnectAsync(options => options.TimeProvider = time);
        await using EitConnection connection = client.Connection;
        var soon = new RpcCallOptions { Timeout = TimeSpan.FromHours(1) };

        Task sent = client.CallAsync("hang", client.Pack(1), soon, CancellationToken.None);
        await begun.NextAsync();
        host.Relay.Refuses = true;
        host.Relay.CutAll();
        await Waits.UntilAsync(() => !connection.IsConnected);
        Task unsent = client.CallAsync("hang", client.Pack(2), soon, CancellationToken.None);
        time.Advance(TimeSpan.FromHours(1) - TimeSpan.FromTicks(1));
        bool isEarly = sent.IsCompleted || unsent.IsCompleted;
        time.Advance(TimeSpan.FromTicks(1));

        Assert.False(isEarly);
        Assert.Equal([(SendOutcome.Unknown, true)], await OutcomesAsync([sent]));
        Assert.Equal([(SendOutcome.NotSent, true)], await OutcomesAsync([unsent]));
        host.Relay.Refuses = false;
    }

    [Fact]
    public async Task A_call_that_waits_for_the_first_connection_is_not_sent_when_there_is_none_or_the_connection_is_closed()
    {
        await using RpcHost host = await RpcHost.StartAsync(new RpcApi());
        host.Relay.Refuses = true;
        await using RpcConnection client = host.Client();
        await using EitConnection connection = client.Connection;
        connection.Start();

        Task late = client.CallAsync("x", client.Pack(), new RpcCallOptions { Timeout = TimeSpan.FromMilliseconds(100) }, CancellationToken.None);
        Task closed = client.CallAsync("x");
        (SendOutcome, bool)[] lateEnd = await OutcomesAsync([late]);
        await connection.CloseAsync().Soon();

        Assert.Equal([(SendOutcome.NotSent, true)], lateEnd);
        Assert.Equal([(SendOutcome.NotSent, false)], await OutcomesAsync([closed]));
    }

    [Fact]
    public async Task A_client_that_goes_away_cancels_its_calls_before_its_session_closes()
    {
        var told = new Happenings<string>();
        RpcApi api = new RpcApi().Add("wait", async call =>
        {
            told.Add("begun");
            try { await new TaskCompletionSource().Task.WaitAsync(call.CancellationToken); }
            finally { told.Add("cancelled"); }
        });
        await using RpcHost host = await RpcHost.StartAsync(_ => new RpcSession
        {
            Api = api,
            OnClose = _ =>
            {
                told.Add("closed");
                return default;
            },
        });
        await using RpcConnection client = await host.ConnectAsync();

        Task call = client.CallAsync("wait");
        await told.UntilAsync(static what => what == "begun");
        await client.Connection.DisposeAsync().Soon();
        await told.UntilAsync(static what => what == "closed");

        Assert.Equal(["begun", "cancelled", "closed"], told.All);
        Assert.Equal([(SendOutcome.Unknown, false)], await OutcomesAsync([call]));
    }

    private static RpcApi Hanging(out Happenings<int> begun)
    {
        var numbers = new Happenings<int>();
        begun = numbers;
        return new RpcApi().Add("hang", async call =>
        {
            numbers.Add(call.Argument<int>(0));
            await new TaskCompletionSource().Task.WaitAsync(call.CancellationToken);
        });
    }

    private static async Task<(SendOutcome Outcome, bool IsTimeout)[]> OutcomesAsync(IEnumerable<Task> calls)
    {
        RpcCallLostException[] lost = await Task.WhenAll(calls.Select(static call => Assert.ThrowsAsync<RpcCallLostException>(() => call.Soon())));
        return [.. lost.Select(static one => (one.Outcome, one.IsTimeout))];
    }
}
