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
    private static readonly TimeSpan s_guard = TimeSpan.FromSeconds(60);

    [Fact, Clause("R1.6")]
    public async Task A_killed_server_leaves_every_message_with_its_true_outcome_and_the_client_comes_back_with_a_new_session()
    {
        ServerProcess first = await ServerProcess.StartAsync();
        int port = first.Port;
        await using EitConnection client = first.Client(Quickly);
        var ended = new TaskCompletionSource<EitSessionEnded>(TaskCreationOptions.RunContinuationsAsynchronously);
        client.SessionEnded += (_, end) => ended.TrySetResult(end);
        await client.StartAsync().WaitAsync(s_guard);
        SessionId oldSession = client.SessionId!.Value;

        var outcomes = new ConcurrentDictionary<int, Task<SendOutcome>>();
        int sent = 0;
        while (first.Processed.Count < 2_000 || sent < 5_000)
        {
            outcomes[sent] = client.SendAsync(sent.ToString(CultureInfo.InvariantCulture)).AsTask();
            if (++sent % 200 == 0) { await outcomes[sent - 150].WaitAsync(s_guard); }
        }
        await first.KillAsync();
        await using ServerProcess second = await ServerProcess.StartAsync(port);
        EitSessionEnded end = await ended.Task.WaitAsync(s_guard);
        await client.WaitUntilConnectedAsync().WaitAsync(s_guard);
        SendOutcome after = await client.SendAsync("after").AsTask().WaitAsync(s_guard);
        SendOutcome[] told = await Task.WhenAll(Enumerable.Range(0, sent).Select(i => outcomes[i])).WaitAsync(s_guard);

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
        int port = first.Port;
        await using EitConnection client = first.Client(Quickly);
        await client.StartAsync().WaitAsync(s_guard);
        var received = new SendOptions { CompleteWhen = CompleteWhen.Received };

        var waiting = new List<Task<SendOutcome>> { client.SendAsync("hang").AsTask() };
        for (int i = 0; i < 50; i++) { waiting.Add(client.SendAsync($"behind {i}").AsTask()); }
        SendOutcome last = await client.SendAsync("last", received).AsTask().WaitAsync(s_guard);
        await first.KillAsync();
        await using ServerProcess second = await ServerProcess.StartAsync(port);
        SendOutcome[] told = await Task.WhenAll(waiting).WaitAsync(s_guard);

        Assert.Equal(SendOutcome.Received, last);
        Assert.All(told, outcome => Assert.Equal(SendOutcome.Unknown, outcome));
        Assert.Empty(first.Processed);
        await first.DisposeAsync();
    }

    [Fact]
    public async Task A_server_that_is_told_to_stop_tells_200_clients_within_a_second_and_is_gone_within_its_drain_time_without_a_reset()
    {
        const int Clients = 200;
        const double DrainSeconds = 5;
        await using ServerProcess server = await ServerProcess.StartAsync(drainSeconds: DrainSeconds);
        var clients = new List<EitConnection>();
        var toldAt = new ConcurrentDictionary<int, TimeSpan>();
        var ends = new ConcurrentDictionary<int, EitSessionEnded>();
        var watch = new Stopwatch();
        for (int i = 0; i < Clients; i++)
        {
            int number = i;
            EitConnection client = server.Client(options => options.Redial = new RedialOptions { FirstWait = TimeSpan.FromSeconds(20) });
            client.CycleAsked += (_, _) => toldAt.TryAdd(number, watch.Elapsed);
            client.SessionEnded += (_, end) => ends.TryAdd(number, end);
            clients.Add(client);
            await client.StartAsync().WaitAsync(s_guard);
        }

        SendOutcome[] before = await Task.WhenAll(clients.Select(client => client.SendAsync("before").AsTask())).WaitAsync(s_guard);
        watch.Start();
        server.AskToStop();
        await server.Exited.WaitAsync(s_guard);
        TimeSpan gone = watch.Elapsed;
        foreach (EitConnection client in clients) { await client.DisposeAsync().AsTask().WaitAsync(s_guard); }

        Assert.All(before, outcome => Assert.Equal(SendOutcome.Processed, outcome));
        Assert.Equal(0, server.ExitCode);
        Assert.Equal(Clients, toldAt.Count);
        Assert.InRange(toldAt.Values.Max(), TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.InRange(gone, TimeSpan.Zero, TimeSpan.FromSeconds(DrainSeconds + 4));
        Assert.All(ends.Values, end => Assert.Equal(CloseCode.Draining, end.Code));
        Assert.Equal(Clients, ends.Count);
    }

    private static void Quickly(EitConnectionOptions options) => options.Redial = new RedialOptions { FirstWait = TimeSpan.FromMilliseconds(100), LongestWait = TimeSpan.FromMilliseconds(500) };
}
