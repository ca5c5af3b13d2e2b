using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Eit.Backoff;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.EndToEnd.Tests;

public sealed class ProcessTests
{
    [Fact, Clause("R1.6")]
    public async Task A_killed_server_leaves_every_message_with_its_true_outcome_and_the_client_comes_back_with_a_new_session()
    {
        ServerProcess first = await ServerProcess.StartAsync();
        await using var relay = new FaultRelay(first.Port);
        await using EitConnection client = first.Client(options => Through(relay, options));
        var ended = new TaskCompletionSource<EitSessionEnded>(TaskCreationOptions.RunContinuationsAsynchronously);
        client.SessionEnded += (_, end) => ended.TrySetResult(end);
        await client.StartAsync().Soon();
        SessionId oldSession = client.SessionId!.Value;

        var outcomes = new ConcurrentDictionary<int, Task<SendOutcome>>();
        int sent = 0;
        while (first.Processed.Count < 2_000 || sent < 5_000)
        {
            outcomes[sent] = client.SendAsync(sent.ToString(CultureInfo.InvariantCulture)).AsTask();
            if (++sent % 200 == 0) { await outcomes[sent - 150].Soon(); }
        }
        relay.Refuses = true;
        await first.KillAsync();
        await using ServerProcess second = await ServerProcess.StartAsync();
        (relay.Upstream, relay.Refuses) = (second.Port, false);
        EitSessionEnded end = await ended.Task.Soon();
        await client.WaitUntilConnectedAsync().Soon();
        SendOutcome after = await client.SendAsync("after").Soon();
        SendOutcome[] told = await Task.WhenAll(Enumerable.Range(0, sent).Select(i => outcomes[i])).Soon();

        var atServer = first.Processed.Select(text => int.Parse(text, CultureInfo.InvariantCulture)).ToHashSet();
        Assert.Equal(SendOutcome.Processed, after);
        Assert.NotEqual(oldSession, client.SessionId);
        Assert.Equal(oldSession, end.SessionId);
        Assert.Equal(first.Processed.Count, atServer.Count);
        Assert.All(Enumerable.Range(0, sent).Where(i => told[i] == SendOutcome.Processed), i => Assert.Contains(i, atServer));
        Assert.All(Enumerable.Range(0, sent).Where(i => told[i] == SendOutcome.NotSent), i => Assert.DoesNotContain(i, atServer));
        Assert.Equal(told.Count(outcome => outcome is SendOutcome.Unknown), end.Unfinished.Count(outcome => outcome.Outcome == SendOutcome.Unknown));
        await first.DisposeAsync();
    }

    [Fact, Clause("N2.3")]
    public async Task A_server_killed_with_messages_received_but_not_handled_reports_none_of_them_as_processed()
    {
        ServerProcess first = await ServerProcess.StartAsync();
        await using var relay = new FaultRelay(first.Port);
        await using EitConnection client = first.Client(options => Through(relay, options));
        await client.StartAsync().Soon();
        var received = new SendOptions { CompleteWhen = CompleteWhen.Received };

        var waiting = new List<Task<SendOutcome>> { client.SendAsync("hang").AsTask() };
        for (int i = 0; i < 50; i++) { waiting.Add(client.SendAsync($"behind {i}").AsTask()); }
        SendOutcome last = await client.SendAsync("last", received).Soon();
        relay.Refuses = true;
        await first.KillAsync();
        await using ServerProcess second = await ServerProcess.StartAsync();
        (relay.Upstream, relay.Refuses) = (second.Port, false);
        SendOutcome[] told = await Task.WhenAll(waiting).Soon();

        Assert.Equal(SendOutcome.Received, last);
        Assert.All(told, outcome => Assert.Equal(SendOutcome.Unknown, outcome));
        Assert.Empty(first.Processed);
        await first.DisposeAsync();
    }

    [Fact]
    public async Task A_server_that_is_told_to_stop_tells_all_of_200_clients_before_it_closes_one_and_is_gone_within_its_drain_time_without_a_reset()
    {
        const int Clients = 200;
        const double DrainSeconds = 10;
        await using ServerProcess server = await ServerProcess.StartAsync(drainSeconds: DrainSeconds);
        var clients = new List<EitConnection>();
        using var losses = new Heartbeat();
        int told = 0;
        TaskCompletionSource allTold = Patience.NewSource();
        int toldBeforeTheFirstEnd = -1;
        var ends = new ConcurrentQueue<EitSessionEnded>();
        for (int i = 0; i < Clients; i++)
        {
            EitConnection client = server.Client(options =>
            {
                options.Redial = new RedialOptions { FirstWait = TimeSpan.FromSeconds(20) };
                options.TokenLimit = Patience.Guard;
                options.TokenProvider = async (request, gone) =>
                {
                    if (request.Reason == TokenReason.Cycle) { await allTold.Task.WaitAsync(gone); }   // Else the first to find no other server would end before the last is told.
                    return null;
                };
            });
            client.CycleAsked += (_, _) =>
            {
                if (Interlocked.Increment(ref told) == Clients) { allTold.SetResult(); }
            };
            client.SessionEnded += (_, end) =>
            {
                Interlocked.CompareExchange(ref toldBeforeTheFirstEnd, Volatile.Read(ref told), -1);
                ends.Enqueue(end);
            };
            clients.Add(client);
            await client.StartAsync().Soon();
        }

        SendOutcome[] before = await Task.WhenAll(clients.Select(client => client.SendAsync("before").AsTask())).Soon();
        var stop = new Timings();
        long toldAt = Stopwatch.GetTimestamp();
        server.AskToStop();
        await server.Exited.Soon();
        stop.Add(toldAt, Stopwatch.GetTimestamp());
        foreach (EitConnection client in clients) { await client.DisposeAsync().Soon(); }

        Assert.All(before, outcome => Assert.Equal(SendOutcome.Processed, outcome));
        Assert.Equal(0, server.ExitCode);
        Assert.Equal((Clients, Clients), (told, toldBeforeTheFirstEnd));
        Assert.InRange(stop.Without(losses).Longest, 0, TimeSpan.FromSeconds(DrainSeconds * 2.5).TotalMilliseconds);   // Not the 30 s that the host would wait.
        Assert.All(ends, end => Assert.Equal(CloseCode.Draining, end.Code));
        Assert.Equal(Clients, ends.Count);
    }

    /// <summary>Another server may take the place of the one that was killed: at a port of its own, since somebody may have that one's by then.</summary>
    private static void Through(FaultRelay relay, EitConnectionOptions options)
    {
        options.Url = new Uri($"wss://127.0.0.1:{relay.Port}/eit");
        options.Redial = new RedialOptions { FirstWait = TimeSpan.FromMilliseconds(100), LongestWait = TimeSpan.FromMilliseconds(500) };
    }
}
