using System.Text;
using Microsoft.Extensions.Logging.Abstractions;

namespace Eit.Rpc.Tests;

/// <summary>What one end holds for another that takes nothing, or says that it takes everything.</summary>
public sealed class BoundTests
{
    private const long Everything = (1L << 53) - 1;
    private const int Plenty = 1_000_000;
    private static readonly string s_large = new('x', 500_000);

    [Fact, Clause("K3.3")]
    public async Task A_stream_goes_no_faster_than_the_session_takes_it_whatever_credit_its_caller_gives()
    {
        var link = new FakeLink();
        int made = 0;
        RpcApi api = new RpcApi().Add("stream", call => call.ReturnAllAsync(ItemsAsync()));
        await using RpcPeer peer = Peer(link, api);

        Receive(peer, $$"""{"t":"call","id":1,"name":"stream","args":[],"items":{{Everything}}}""");
        Receive(peer, $$"""{"t":"more","id":1,"items":{{Everything}}}""");
        for (int taken = 1; taken <= 20; taken++)
        {
            await link.Offered.NextAsync();
            Assert.Equal(taken, made);
            Assert.InRange(peer.BytesWaiting, 0, new RpcOptions().ResultBytesMax);
            link.Take(1);
        }

        async IAsyncEnumerable<string> ItemsAsync()
        {
            for (int i = 0; i < 100_000; i++)
            {
                made++;
                yield return s_large;
            }
            await Task.CompletedTask;
        }
    }

    [Fact, Clause("K1.7")]
    public async Task While_an_answer_waits_no_further_call_runs_in_its_place()
    {
        var link = new FakeLink();
        int ran = 0;
        RpcApi api = new RpcApi().Add("large", call =>
        {
            Interlocked.Increment(ref ran);
            call.Return(s_large);
            return default;
        });
        await using RpcPeer peer = Peer(link, api);

        for (int id = 1; id <= 3_000; id++) { Receive(peer, $$"""{"t":"call","id":{{id}},"name":"large","args":[]}"""); }
        await Waits.UntilAsync(() => peer.BytesWaiting >= s_large.Length);
        (int ranAtFirst, long waiting, int serving) = (ran, peer.BytesWaiting, peer.Serving);
        link.Take(Plenty);
        await Waits.UntilAsync(() => link.Taken.Count == 3_000);

        Assert.Equal(1, ranAtFirst);
        Assert.InRange(waiting, 500_000, 1_000_000);
        Assert.InRange(serving, 1, 1_024);
        Assert.Equal(ran, link.Taken.Count(static text => text.StartsWith("""{"t":"result""", StringComparison.Ordinal)));
        Assert.All(link.Taken.Where(static text => text.StartsWith("""{"t":"error""", StringComparison.Ordinal)), static text => Assert.Contains("too-many-calls", text, StringComparison.Ordinal));
    }

    [Fact, Clause("K1.5")]
    public async Task Of_calls_that_come_back_for_one_call_no_more_run_at_once_than_of_any_others()
    {
        var link = new FakeLink();
        link.Take(Plenty);
        var begun = new Happenings<int>();
        int atOnce = 0;
        int most = 0;
        TaskCompletionSource goOn = Patience.NewSource();
        RpcApi api = new RpcApi().Add("slow", async call =>
        {
            int now = Interlocked.Increment(ref atOnce);
            most = Math.Max(most, now);
            begun.Add(now);
            await goOn.Task;
            await Task.Yield();
            Interlocked.Decrement(ref atOnce);
        });
        await using RpcPeer peer = Peer(link, api);
        Task<int> ask = peer.CallAsync<int>("ask", Arguments(peer), options: null, CancellationToken.None);

        for (int id = 1; id <= 1_000; id++) { Receive(peer, $$"""{"t":"call","id":{{id}},"name":"slow","args":[],"in":{{(id == 1 ? 0 : 1)}}}"""); }
        await begun.NextAsync();
        await begun.NextAsync();
        goOn.SetResult();
        await Waits.UntilAsync(() => begun.All.Count == 1_000 && peer.Serving == 0);
        Receive(peer, """{"t":"result","id":1,"value":7}""");

        Assert.Equal(2, most);                                     // One in order, and one for the call that is open.
        Assert.Equal(7, await ask.Soon());
    }

    [Fact, Clause("K1.5")]
    public async Task A_call_that_comes_back_counts_among_the_others_once_the_call_that_it_came_back_for_is_over()
    {
        var link = new FakeLink();
        link.Take(Plenty);
        var told = new Happenings<string>();
        TaskCompletionSource[] goOn = [.. Enumerable.Range(0, 4).Select(static _ => Patience.NewSource())];
        RpcApi api = new RpcApi().Add("hold", async call =>
        {
            int number = call.Argument<int>(0);
            told.Add($"begin {number}");
            await goOn[number].Task;
            told.Add($"end {number}");
        });
        await using RpcPeer peer = Peer(link, api);
        Task<int> ask = peer.CallAsync<int>("ask", Arguments(peer), options: null, CancellationToken.None);

        Receive(peer, """{"t":"call","id":1,"name":"hold","args":[1],"in":1}""");
        Receive(peer, """{"t":"call","id":2,"name":"hold","args":[2],"in":1}""");
        await told.UntilAsync(static what => what == "begin 1");
        Receive(peer, """{"t":"result","id":1,"value":7}""");
        Assert.Equal(7, await ask.Soon());
        Receive(peer, """{"t":"call","id":3,"name":"hold","args":[3],"in":1}""");
        for (int number = 1; number <= 3; number++)
        {
            goOn[number].SetResult();
            await told.UntilAsync(what => what == $"end {number}");
        }

        Assert.Equal(["begin 1", "end 1", "begin 2", "end 2", "begin 3", "end 3"], told.All);
    }

    [Fact, Clause("K1.5")]
    public async Task Nothing_comes_back_for_a_call_that_was_cancelled()
    {
        var link = new FakeLink();
        link.Take(Plenty);
        var told = new Happenings<string>();
        TaskCompletionSource goOn = Patience.NewSource();
        RpcApi api = new RpcApi().Add("hold", async call =>
        {
            told.Add($"begin {call.Argument<int>(0)}");
            await goOn.Task;
            told.Add($"end {call.Argument<int>(0)}");
        });
        await using RpcPeer peer = Peer(link, api);
        using var cancel = new CancellationTokenSource();
        Task<int> ask = peer.CallAsync<int>("ask", Arguments(peer), options: null, cancel.Token);
        await link.Offered.NextAsync();

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ask.Soon());
        Receive(peer, """{"t":"call","id":1,"name":"hold","args":[1]}""");
        Receive(peer, """{"t":"call","id":2,"name":"hold","args":[2],"in":1}""");
        await told.NextAsync();
        goOn.SetResult();
        await told.UntilAsync(static what => what == "end 2");

        Assert.Equal(["begin 1", "end 1", "begin 2", "end 2"], told.All);
    }

    [Fact, Clause("K4.2")]
    public async Task Events_that_wait_are_bounded_by_their_bytes_and_by_their_number_whatever_credit_the_other_end_gives()
    {
        var link = new FakeLink();
        await using RpcPeer few = Peer(link, new RpcApi());
        await using RpcPeer many = Peer(new FakeLink(), new RpcApi());
        Receive(few, $$"""{"t":"more","id":0,"items":{{Everything}}}""");
        Receive(many, $$"""{"t":"more","id":0,"items":{{Everything}}}""");
        RpcText large = few.Wire.Event("large", few.Json.Value(s_large));
        RpcText small = many.Wire.Event("small", many.Json.Value("x"));

        int largeOnes = Enumerable.Range(0, 3_000).Count(_ => few.Emit(large));
        int smallOnes = 0;
        for (int i = 0; i < 3_000; i++)
        {
            if (many.Emit(small)) { smallOnes++; }
            Receive(many, $$"""{"t":"more","id":0,"items":{{Everything}}}""");
        }
        long waiting = few.BytesWaiting;
        link.Take(Plenty);
        await Waits.UntilAsync(() => few.BytesWaiting == 0);

        Assert.InRange(waiting, 15_000_000, new RpcOptions().EventBytesWaitingMax);
        Assert.Equal(waiting / large.Bytes, largeOnes);
        Assert.InRange(smallOnes, 1_024, 1_024 + (2 * RpcPeer.EventsAtFirst));
        Assert.True(few.Emit(large));
    }

    [Fact]
    public async Task What_waits_is_charged_to_the_account_of_its_session_until_it_has_gone_or_the_session_is_over()
    {
        var link = new FakeLink();
        RpcApi api = new RpcApi().Add("echo", static call =>
        {
            call.Return(call.Argument<string>(0));
            return default;
        });
        RpcPeer peer = Peer(link, api, static options => (options.ArgumentBytesMax, options.EventBytesWaitingMax) = (1_000_000, 1 << 30));
        RpcText large = peer.Wire.Event("large", peer.Json.Value(s_large));

        for (int i = 0; i < 10; i++) { peer.Emit(large); }
        long events = link.Account.Held;
        Receive(peer, $$"""{"t":"call","id":1,"name":"echo","args":["{{s_large}}"]}""");
        await Waits.UntilAsync(() => link.Account.Held > events + 1_500_000);   // The argument in bytes, the result in characters of two.
        link.Take(3);
        await Waits.UntilAsync(() => link.Account.Held < events + 1_500_000);
        for (int i = 0; i < 100; i++) { peer.Emit(large); }          // Some of them beyond the credit.
        Task call = peer.CallAsync("ask", Arguments(peer, s_large[..200_000]), options: null, CancellationToken.None);
        Receive(peer, """{"t":"event","name":"x","data":1}""");
        long most = link.Account.Held;
        await peer.DisposeAsync();
        await Assert.ThrowsAsync<RpcCallLostException>(() => call.Soon());

        Assert.InRange(events, 10_000_000, 10_100_000);
        Assert.InRange(most, 107_000_000, 112_000_000);
        await Waits.UntilAsync(() => link.Account.Held == 0);
    }

    [Fact]
    public async Task An_event_larger_than_all_that_may_wait_leaves_when_none_waits()
    {
        var link = new FakeLink();
        await using RpcPeer peer = Peer(link, new RpcApi(), static options => options.EventBytesWaitingMax = 1_024);
        RpcText large = peer.Wire.Event("large", peer.Json.Value(s_large));

        Assert.True(peer.Emit(large));
        Assert.False(peer.Emit(large));
        Assert.False(peer.TryQueue([peer.Wire.Event("a", peer.Json.Value(1)), large]));
    }

    [Fact]
    public async Task Calls_of_this_end_wait_for_room_where_those_before_hold_too_many_bytes()
    {
        var link = new FakeLink();
        await using RpcPeer peer = Peer(link, new RpcApi(), static options => options.CallBytesMax = 1_000_000);
        string argument = new('x', 200_000);

        Task[] calls = [.. Enumerable.Range(0, 100).Select(_ => peer.CallAsync("put", Arguments(peer, argument), options: null, CancellationToken.None))];
        long waiting = peer.BytesWaiting;
        link.Take(Plenty);
        for (int i = 0; i < 100; i++) { await link.Offered.NextAsync(); }
        for (int id = 1; id <= 100; id++) { Receive(peer, $$"""{"t":"result","id":{{id}}}"""); }
        await Task.WhenAll(calls).Soon();

        Assert.InRange(waiting, 1_000_000, 1_000_000 + 201_000);
    }

    [Fact]
    public async Task What_the_other_end_calls_a_method_is_not_told_at_length()
    {
        var link = new FakeLink();
        await using RpcPeer peer = Peer(link, new RpcApi());

        Receive(peer, $$"""{"t":"call","id":1,"name":"{{new string('x', 100_000)}}","args":[]}""");
        Receive(peer, """{"t":"call","id":2,"name":"a\u001b[2J\nb","args":[]}""");

        Assert.InRange((await link.Offered.NextAsync()).Length, 128, 300);
        link.Take(1);
        Assert.Contains("""'a\\u001B[2J\\u000Ab'""", await link.Offered.NextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_error_of_the_other_end_steers_no_terminal_and_is_not_told_at_length()
    {
        var link = new FakeLink();
        link.Take(Plenty);
        await using RpcPeer peer = Peer(link, new RpcApi());
        Task first = peer.CallAsync("a", Arguments(peer), options: null, CancellationToken.None);
        Task second = peer.CallAsync("b", Arguments(peer), options: null, CancellationToken.None);

        Receive(peer, """{"t":"error","id":1,"error":"failed","message":"One line\n\u001b]0;owned\u0007\u202e"}""");
        Receive(peer, $$"""{"t":"error","id":2,"error":"failed","message":"{{new string('x', 1_000_000)}}"}""");

        Assert.Equal("One line\n\\u001B]0;owned\\u0007\\u202E", (await Assert.ThrowsAsync<RpcException>(() => first.Soon())).Message);
        Assert.InRange((await Assert.ThrowsAsync<RpcException>(() => second.Soon())).Message.Length, 1_000, 17_000);
    }

    [Fact]
    public void A_reader_that_holds_too_many_bytes_of_items_asks_for_no_more_until_it_has_read_them()
    {
        var window = new ItemWindow(size: 4, bytesMax: 100);

        for (int i = 0; i < 4; i++) { Assert.True(window.TryReceive(80)); }
        bool[] asks = [.. Enumerable.Range(0, 4).Select(_ => window.Finish(80))];

        Assert.Equal([false, false, true, false], asks);           // Of a window of four half are read after two; 160 bytes are still held then.
        Assert.Equal(7, window.Allowed);
    }

    private static RpcPeer Peer(FakeLink link, RpcApi api, Action<RpcOptions>? configure = null)
    {
        var options = new RpcOptions { StopLimit = Patience.Guard, CallTimeout = Timeout.InfiniteTimeSpan };
        configure?.Invoke(options);
        return new RpcPeer(link, EitRpcWire.Instance, options, new RpcJson(options.Json), new RpcHandlers { Api = api }, guard: null, NullLogger.Instance);
    }

    private static void Receive(RpcPeer peer, string text) => peer.Receive(text, Encoding.UTF8.GetByteCount(text));

    private static RpcArguments Arguments(RpcPeer peer, params string[] values)
    {
        var arguments = new RpcArguments(caller: null!);
        arguments.Values.AddRange(values.Select(peer.Json.Value));
        return arguments;
    }
}
