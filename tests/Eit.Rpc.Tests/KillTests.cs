using System.Collections.Concurrent;
using System.Globalization;
using Eit.Connection;
using Eit.Protocol.Session;

namespace Eit.Rpc.Tests;

/// <summary>A server process that is killed, as <c>kill -9</c> does it.</summary>
public sealed class KillTests
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromHours(1);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_that_is_killed_in_mid_call_ends_every_call_in_time_as_unknown_or_not_sent(bool comesBack)
    {
        const int hanging = 20;
        const int callers = 4;
        const int unsent = 10;
        var time = new ManualTimeProvider();
        ServerProcess server = await ServerProcess.StartAsync();
        await using FaultRelay relay = new(server.Port);
        await using EitConnection connection = Client(relay.Port);
        await using RpcConnection client = connection.UseRpc(new RpcOptions { CallTimeout = s_timeout, TimeProvider = time });
        await connection.StartAsync().Soon();
        var ends = new ConcurrentDictionary<int, (SendOutcome? Lost, bool IsTimeout)>();
        var calling = new Lock();
        bool isDead = false;
        int last = 0;

        Task[] hung = [.. Enumerable.Range(0, hanging).Select(_ => CallAsync("hang"))];
        await Waits.UntilAsync(() => server.Processed.Count == hanging);
        Task[] busy = [.. Enumerable.Range(0, callers).Select(_ => CallOnAsync())];
        await Waits.UntilAsync(() => server.Processed.Count >= 1_000);
        if (!comesBack) { relay.Refuses = true; }
        await server.KillAsync();
        await Waits.UntilAsync(() => !connection.IsConnected);
        int lastBusy;
        lock (calling) { (isDead, lastBusy) = (true, last); }
        relay.Refuses = true;
        relay.CutAll();
        Task[] queued = [.. Enumerable.Range(0, unsent).Select(_ => CallAsync("note"))];
        ServerProcess? next = comesBack ? await ServerProcess.StartAsync() : null;
        if (next is not null) { (relay.Upstream, relay.Refuses) = (next.Port, false); }
        else
        {
            time.Advance(s_timeout - TimeSpan.FromTicks(1));
            Assert.DoesNotContain((Task[])[.. hung, .. queued], static call => call.IsCompleted);
            time.Advance(TimeSpan.FromTicks(1));
        }
        await Task.WhenAll([.. hung, .. busy, .. queued]).Soon();

        HashSet<int> began = [.. server.Processed.Select(static text => int.Parse(text, CultureInfo.InvariantCulture))];
        Assert.Equal(last, ends.Count);
        Assert.All(Enumerable.Range(1, hanging), number => Assert.Equal(SendOutcome.Unknown, ends[number].Lost));
        Assert.All(Enumerable.Range(lastBusy + 1, unsent), number => Assert.Equal(SendOutcome.NotSent, ends[number].Lost));
        Assert.All(ends.Where(static end => end.Value.Lost is null), end => Assert.Contains(end.Key, began));
        Assert.All(ends.Where(static end => end.Value.Lost == SendOutcome.NotSent), end => Assert.DoesNotContain(end.Key, began));
        Assert.All(ends.Values.Where(static end => end.Lost is not null), end => Assert.Equal(!comesBack, end.IsTimeout));
        Assert.Equal(server.Processed.Count, began.Count);
        if (next is not null)
        {
            await client.CallAsync("note", 0).Soon();
            await next.KillAsync();                                // So that all that it has said is read.
            Assert.Equal("0", Assert.Single(next.Processed));
            await next.DisposeAsync();
        }
        await server.DisposeAsync();

        async Task CallAsync(string method)
        {
            int number = Interlocked.Increment(ref last);
            (SendOutcome? Lost, bool IsTimeout) end = default;
            try { await client.CallAsync(method, number); }
            catch (RpcCallLostException lost) { end = (lost.Outcome, lost.IsTimeout); }
            ends[number] = end;
        }

        async Task CallOnAsync()
        {
            while (true)
            {
                Task call;
                lock (calling)
                {
                    if (isDead) { return; }
                    call = CallAsync("note");                      // It has its place in this session before the lock is left.
                }
                await call;
            }
        }
    }

    private static EitConnection Client(int port) => new(new EitConnectionOptions
    {
        Url = new Uri($"wss://127.0.0.1:{port}/rpc"),
        CertificateValidation = static (_, certificate, _, _) => certificate!.Subject is "CN=eit test",
        WatchesNetwork = false,
        CloseLimit = TimeSpan.Zero,                                // There is nobody to take leave of.
        Redial = new() { FirstWait = TimeSpan.FromMilliseconds(10), LongestWait = TimeSpan.FromMilliseconds(100) },
    });
}
