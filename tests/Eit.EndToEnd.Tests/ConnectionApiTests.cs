using System.Collections.Concurrent;
using System.Text;
using Eit.Backoff;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace Eit.EndToEnd.Tests;

public sealed class ConnectionApiTests
{
    private static readonly TimeSpan s_long = TimeSpan.FromMinutes(10);
    private static readonly SendOptions s_received = new() { CompleteWhen = CompleteWhen.Received };

    // ---- Starting

    [Fact]
    public async Task Start_returns_at_once_and_may_be_repeated()
    {
        int asked = 0;
        TaskCompletionSource<string?> token = Patience.NewSource<string?>();
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using EitConnection client = host.Client(configure: options => options.TokenProvider = async (_, _) =>
        {
            Interlocked.Increment(ref asked);
            return await token.Task;
        });

        client.Start();
        client.Start();

        Assert.False(client.IsConnected);
        Assert.False(client.Send("too early"));
        Assert.Null(client.SessionId);
        Assert.Null(client.LastHeard);
        token.SetResult(host.Token("ada"));
        await client.WaitUntilConnectedAsync().Soon();
        Assert.Equal(1, asked);
    }

    [Fact]
    public async Task A_start_without_a_network_ends_with_a_passing_error_and_the_connection_comes_up_later()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using var relay = new FaultRelay(host.Port) { Refuses = true };
        await using EitConnection client = host.Client(port: relay.Port, configure: options =>
        {
            Quick(options);
            options.StartLimit = TimeSpan.FromMilliseconds(300);
        });
        Happenings<EitStateChange> states = client.Watch();

        EitException offline = await Assert.ThrowsAsync<EitException>(() => client.StartAsync().Soon());
        Assert.False(client.Send("still too early"));
        relay.Refuses = false;
        await states.UntilAsync(EitConnectionState.Connected);

        Assert.True(offline.IsTransient);
        Assert.Null(offline.HttpStatus);
        Assert.Contains("goes on trying", offline.Message, StringComparison.Ordinal);
        Assert.True(client.Send("now"));
    }

    [Fact]
    public async Task What_waits_for_a_connection_that_closes_is_told_so()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using var relay = new FaultRelay(host.Port) { Refuses = true };
        await using EitConnection client = host.Client(port: relay.Port);

        Task started = client.StartAsync();
        Task waiting = client.WaitUntilConnectedAsync();
        await client.CloseAsync().Soon();
        EitException startFailed = await Assert.ThrowsAsync<EitException>(() => started.Soon());
        EitException waitFailed = await Assert.ThrowsAsync<EitException>(() => waiting.Soon());

        Assert.Equal((false, false), (startFailed.IsTransient, waitFailed.IsTransient));
        Assert.Equal(CloseCode.Closed, waitFailed.Code);
        Assert.Equal(EitConnectionState.Closed, client.State);
    }

    // ---- Sending

    [Fact]
    public async Task Send_is_true_when_the_message_is_taken_over_and_false_without_a_connection()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using var relay = new FaultRelay(host.Port);
        await using EitConnection client = host.Client(port: relay.Port);
        Happenings<EitStateChange> states = client.Watch();

        bool beforeStart = client.Send("before the start");
        await client.StartAsync().Soon();
        await states.UntilAsync(EitConnectionState.Connected);
        bool connected = client.Send("connected", out long id);
        await recorder.Calls.UntilAsync(call => call == "connected");
        await recorder.Calls.UntilAsync(call => call == "connected");         // The event, and then the message of that name.
        relay.Refuses = true;
        relay.CutAll();
        await states.UntilAsync(EitConnectionState.Waiting);
        await recorder.Calls.UntilAsync(call => call == "outage Lost");
        bool inOutage = client.Send("in the outage");
        relay.Refuses = false;
        client.CheckNow();
        await states.UntilAsync(EitConnectionState.Connected);
        bool again = client.Send("again");
        await client.CloseAsync().Soon();
        bool closed = client.Send("closed");
        await recorder.Ends.NextAsync();

        Assert.Equal((false, true, false, true, false), (beforeStart, connected, inOutage, again, closed));
        Assert.Equal(1, id);
        Assert.Equal(["connected", "connected", "outage Lost", "resumed", "again", "closed Closed"], recorder.Calls.All);
    }

    [Fact]
    public async Task A_text_that_is_not_unicode_is_the_callers_mistake_and_harms_nothing()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using EitConnection client = host.Client();
        await client.StartAsync().Soon();

        Assert.ThrowsAny<ArgumentException>(() => client.Send("half \ud83d of a pair"));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => client.SendAsync("half \ude00 of a pair").Soon());
        Assert.Equal(SendOutcome.Processed, await client.SendAsync("whole \ud83d\ude00").Soon());

        Assert.Equal(["connected", "whole \ud83d\ude00"], recorder.Calls.All);
    }

    [Fact]
    public async Task Bytes_go_both_ways_in_order_with_texts()
    {
        byte[] up = [0, 1, 255];
        byte[] down = [.. Enumerable.Range(0, 40_000).Select(i => (byte)i)];
        var recorder = new Recorder { Answer = async (session, _) => await session.SendAsync(down) };
        await using TestHost host = await recorder.HostAsync();
        await using EitConnection client = host.Client();
        var heard = new Happenings<byte[]>();
        client.OnBytes(bytes =>
        {
            heard.Add(bytes.ToArray());
            return default;
        });
        await client.StartAsync().Soon();

        Assert.True(client.Send(up.AsMemory()));
        Assert.Equal(SendOutcome.Processed, await client.SendAsync(ReadOnlyMemory<byte>.Empty).Soon());
        Assert.Equal(SendOutcome.Processed, await client.SendAsync("and now you").Soon());

        Assert.Equal(down, await heard.NextAsync());
        Assert.Equal(["connected", "3 bytes", "0 bytes", "and now you"], recorder.Calls.All);
        Assert.Equal(up, recorder.Bytes.First());
    }

    [Fact]
    public async Task Sends_that_give_up_at_one_moment_are_all_not_sent()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using var relay = new FaultRelay(host.Port) { Refuses = true };
        await using EitConnection client = host.Client(port: relay.Port, configure: Quick);
        client.Start();
        var options = new SendOptions { AcceptWithin = TimeSpan.FromMilliseconds(5) };
        var outcomes = new List<SendOutcome>();

        for (int round = 0; round < 300; round++)                  // The end of one that waits meets the time-out of the next in some of them.
        {
            outcomes.AddRange(await Task.WhenAll(Enumerable.Range(0, 4).Select(i => client.SendAsync($"{i}", options).AsTask())).Soon());
        }

        Assert.Equal(1_200, outcomes.Count);
        Assert.All(outcomes, static outcome => Assert.Equal(SendOutcome.NotSent, outcome));
    }

    [Fact]
    public async Task A_send_waits_for_the_connection_and_gives_up_when_it_may_not_wait()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using var relay = new FaultRelay(host.Port) { Refuses = true };
        await using EitConnection client = host.Client(port: relay.Port, configure: Quick);
        client.Start();

        SendOutcome impatient = await client.SendAsync("at once or never", new SendOptions { AcceptWithin = TimeSpan.Zero }).Soon();
        Task<SendOutcome> patient = client.SendAsync("whenever").Soon();
        relay.Refuses = false;

        Assert.Equal(SendOutcome.NotSent, impatient);
        Assert.Equal(SendOutcome.Processed, await patient);
        Assert.Equal(["connected", "whenever"], recorder.Calls.All);
    }

    // ---- Handlers

    [Fact]
    public async Task A_connection_has_one_handler_of_a_kind()
    {
        await using var client = new EitConnection(new EitConnectionOptions { Url = new Uri("wss://127.0.0.1:1/eit") });
        client.OnMessage(static _ => { });
        client.OnBytes(static _ => default);

        Assert.Throws<InvalidOperationException>(() => client.OnMessage(static _ => { }));
        Assert.Throws<InvalidOperationException>(() => client.OnMessage(static _ => default(ValueTask)));
        Assert.Throws<InvalidOperationException>(() => client.OnBytes(static _ => default));
    }

    [Fact]
    public async Task Messages_wait_for_their_handler()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using EitConnection client = host.Client();
        await client.StartAsync().Soon();
        EitSession session = await recorder.Sessions.NextAsync();
        for (int i = 0; i < 3; i++) { Assert.Equal(SendOutcome.Received, await session.SendAsync($"message {i}", s_received).Soon()); }

        var heard = new Happenings<string>();
        client.OnMessage(heard.Add);
        await session.SendAsync("message 3").Soon();

        Assert.Equal(["message 0", "message 1", "message 2", "message 3"], heard.All);
    }

    [Fact]
    public async Task A_handler_that_waits_is_given_one_message_at_a_time()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using EitConnection client = host.Client();
        var heard = new ConcurrentQueue<string>();
        int inside = 0;
        int most = 0;
        client.OnMessage(async text =>
        {
            most = Math.Max(most, Interlocked.Increment(ref inside));
            await Task.Yield();
            heard.Enqueue(text);
            await Task.Yield();
            Interlocked.Decrement(ref inside);
        });
        client.StateChanged += (_, _) => most = Math.Max(most, Volatile.Read(ref inside) + 1);
        await client.StartAsync().Soon();
        EitSession session = await recorder.Sessions.NextAsync();

        Task<SendOutcome>[] sends = [.. Enumerable.Range(0, 50).Select(i => session.SendAsync($"{i}").Soon())];
        await client.CycleAsync().Soon();
        await Task.WhenAll(sends);

        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"{i}"), heard);
        Assert.Equal(1, most);
    }

    [Fact]
    public async Task Two_handlers_that_wait_for_each_other_go_on_when_one_gives_up_and_a_warning_names_it()
    {
        var logs = new CapturedLogs();
        TaskCompletionSource atClient = Patience.NewSource();
        TaskCompletionSource atServer = Patience.NewSource();
        TaskCompletionSource<SendOutcome> fromServer = Patience.NewSource<SendOutcome>();
        TaskCompletionSource<SendOutcome> fromClient = Patience.NewSource<SendOutcome>();
        var recorder = new Recorder
        {
            Answer = async (session, text) =>
            {
                if (text != "up") { return; }
                atServer.SetResult();
                await atClient.Task;
                fromServer.SetResult(await session.SendAsync("answer to up"));
            },
        };
        await using TestHost host = await recorder.HostAsync(static options => TakeOneAtATime(options.Session));
        await using EitConnection client = host.Client(configure: static options => TakeOneAtATime(options.Session), logs: logs);
        client.OnMessage(async text =>
        {
            if (text != "down") { return; }
            atClient.SetResult();
            await atServer.Task;
            fromClient.SetResult(await client.SendAsync("answer to down", new SendOptions { CompleteWithin = TimeSpan.FromMilliseconds(200) }));   // It has no credit to leave with.
        });
        await client.StartAsync().Soon();
        EitSession session = await recorder.Sessions.NextAsync();

        SendOutcome[] outcomes = await Task.WhenAll(client.SendAsync("up").AsTask(), session.SendAsync("down").AsTask(), fromClient.Task, fromServer.Task).Soon();
        SendOutcome afterwards = await client.SendAsync("fine").Soon();

        Assert.Equal([SendOutcome.Processed, SendOutcome.Processed, SendOutcome.NotSent, SendOutcome.Processed], outcomes);
        Assert.Equal(SendOutcome.Processed, afterwards);
        Assert.Equal([LogLevel.Warning], logs.Entries.Where(static entry => entry.Name == "MutualWait").Select(static entry => entry.Level));
    }

    [Fact]
    public async Task What_a_handler_throws_is_logged_and_the_session_goes_on()
    {
        var logs = new CapturedLogs();
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync(TestHost.Calm);
        await using EitConnection client = host.Client(configure: TestHost.Calm, logs: logs);
        client.OnMessage(text => text switch
        {
            "at once" => throw new InvalidOperationException(text),
            "later" => ThrowAsync(text),
            _ => default,
        });
        client.Cycled += (_, _) => throw new InvalidOperationException("in an event");
        await client.StartAsync().Soon();
        EitSession session = await recorder.Sessions.NextAsync();

        SendOutcome atOnce = await session.SendAsync("at once").Soon();
        SendOutcome later = await session.SendAsync("later").Soon();
        await client.CycleAsync().Soon();
        SendOutcome fine = await session.SendAsync("fine").Soon();

        Assert.Equal((SendOutcome.Failed, SendOutcome.Failed, SendOutcome.Processed), (atOnce, later, fine));
        Assert.Equal(["at once", "later", "in an event"], logs.Entries.Where(entry => entry.Name == "HandlerThrew").Select(entry => entry.Exception!.Message));
        Assert.All(logs.Entries.Where(entry => entry.Name == "HandlerThrew"), entry => Assert.Equal(LogLevel.Error, entry.Level));
        Assert.True(client.IsConnected);

        static async ValueTask ThrowAsync(string text)
        {
            await Task.Yield();
            throw new InvalidOperationException(text);
        }
    }

    [Fact]
    public async Task A_callback_context_runs_handlers_and_events_one_at_a_time()
    {
        using var thread = new OneThread();
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using EitConnection client = host.Client(configure: options => options.CallbackContext = CallbackContext.Of(thread));
        var calls = new ConcurrentQueue<(string What, int Thread)>();
        int inside = 0;
        int most = 0;
        client.OnMessage(async text =>
        {
            most = Math.Max(most, ++inside);
            calls.Enqueue(("before", Environment.CurrentManagedThreadId));
            await Task.Yield();
            calls.Enqueue(("after", Environment.CurrentManagedThreadId));
            inside--;
        });
        client.StateChanged += (_, change) =>
        {
            most = Math.Max(most, inside + 1);
            calls.Enqueue(("state", Environment.CurrentManagedThreadId));
        };
        await client.StartAsync().Soon();
        EitSession session = await recorder.Sessions.NextAsync();

        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => session.SendAsync($"{i}").Soon()));
        await client.CloseAsync().Soon();

        Assert.All(calls, call => Assert.Equal(thread.ThreadId, call.Thread));
        Assert.Equal(20, calls.Count(call => call.What != "state"));
        Assert.True(calls.Count(call => call.What == "state") >= 4);
        Assert.Equal(1, most);
    }

    // ---- Events

    [Fact]
    public async Task State_changes_come_in_order_and_say_why_and_what_comes_next()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync(TestHost.Calm);
        await using var relay = new FaultRelay(host.Port);
        await using EitConnection client = host.Client(port: relay.Port, configure: options =>
        {
            TestHost.Calm(options);
            Quick(options);
        });
        Happenings<EitStateChange> states = client.Watch();

        await client.StartAsync().Soon();
        await recorder.Sessions.NextAsync();
        relay.CutAll();
        await states.UntilAsync(change => change.IsResumed);
        await client.PauseAsync().Soon();
        client.Resume();
        await states.UntilAsync(change => change.IsResumed);
        await client.CloseAsync().Soon();

        IReadOnlyList<EitStateChange> all = states.All;
        Assert.Equal(
            [
                EitConnectionState.Waiting, EitConnectionState.Dialing, EitConnectionState.Connected,
                EitConnectionState.Waiting, EitConnectionState.Dialing, EitConnectionState.Connected, EitConnectionState.Paused,
                EitConnectionState.Waiting, EitConnectionState.Dialing, EitConnectionState.Connected, EitConnectionState.Closed,
            ],
            all.Select(change => change.Current));
        Assert.Equal(all.Select(change => change.Current).Prepend(EitConnectionState.Idle).SkipLast(1), all.Select(change => change.Previous));
        Assert.Equal([false, true, true], all.Where(change => change.Current == EitConnectionState.Connected).Select(change => change.IsResumed));
        Assert.All(all, change => Assert.NotEmpty(change.Reason));
        Assert.All(all, change => Assert.Equal(change.Current == EitConnectionState.Waiting, change.NextAttemptIn is not null));
        Assert.Equal(CloseCode.Lost, all[3].Code);
        Assert.InRange(all[3].NextAttemptIn!.Value, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        Assert.Equal(("paused", CloseCode.Detached), (all[6].Reason, all[6].Code));
        Assert.Equal(CloseCode.Closed, all[^1].Code);
    }

    [Fact]
    public async Task A_session_that_ends_tells_what_became_of_each_message()
    {
        TaskCompletionSource release = Patience.NewSource();
        var recorder = new Recorder { Answer = async (_, text) => await (text == "stuck" ? release.Task : Task.CompletedTask) };
        await using TestHost host = await recorder.HostAsync(options => options.Session.WindowMessages = 2);
        await using EitConnection client = host.Client();
        var ends = new Happenings<EitSessionEnded>();
        client.SessionEnded += (_, end) => ends.Add(end);
        await client.StartAsync().Soon();
        SessionId id = client.SessionId!.Value;
        await client.SendAsync("done").Soon();
        Assert.True(client.Send("stuck", out long stuck));
        Assert.Equal(SendOutcome.Received, await client.SendAsync("behind it", s_received).Soon());
        Assert.True(client.Send("without credit", out long unsent));
        await recorder.Calls.UntilAsync(call => call == "stuck");

        host.Sessions.Find(id)!.Abort(CloseCode.Forbidden, "Go away.");
        EitSessionEnded end = await ends.NextAsync();
        release.SetResult();

        Assert.Equal((id, CloseCode.Forbidden), (end.SessionId, end.Code));
        Assert.Equal([(stuck, SendOutcome.Unknown), (stuck + 1, SendOutcome.Unknown), (unsent, SendOutcome.NotSent)], end.Unfinished.Select(message => (message.Id, message.Outcome)));
    }

    [Fact]
    public async Task The_round_trip_and_the_last_sign_of_life_are_known_while_connected()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync(TestHost.Calm);
        await using EitConnection client = host.Client(configure: TestHost.Calm);

        await client.StartAsync().Soon();
        await client.SendAsync("hello").Soon();

        Assert.InRange(client.RoundTripTime!.Value, TimeSpan.FromTicks(1), Patience.Guard);
        Assert.InRange(client.LastHeard!.Value, TimeSpan.Zero, Patience.Guard);
        Assert.Equal(1, client.Epoch);
        await client.CloseAsync().Soon();
        Assert.Null(client.LastHeard);
    }

    // ---- Cycling

    [Fact, Clause("H1.12")]
    public async Task A_cycle_completes_and_the_session_goes_on_unseen()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync(TestHost.Calm);
        await using EitConnection client = host.Client(configure: TestHost.Calm);
        Happenings<EitStateChange> states = client.Watch();
        int cycled = 0;
        client.Cycled += (_, _) => cycled++;
        await client.StartAsync().Soon();
        (SessionId? id, long epoch) = (client.SessionId, client.Epoch);

        await client.CycleAsync().Soon();
        await Task.WhenAll(client.CycleAsync().Soon(), client.CycleAsync().Soon());   // Whoever comes while one is under way joins it.
        Assert.Equal(SendOutcome.Processed, await client.SendAsync("after").Soon());
        await client.CloseAsync().Soon();
        await recorder.Ends.NextAsync();

        Assert.InRange(cycled, 2, 3);
        Assert.Equal(epoch + cycled, recorder.Calls.All.Count(call => call == "connected") + cycled);
        Assert.Equal(id, Assert.Single(recorder.Sessions.All).Id);
        Assert.Equal(["connected", "after", "closed Closed"], recorder.Calls.All);
        Assert.Equal(4, states.All.Count);                                    // Waiting, Dialing, Connected, Closed.
    }

    [Fact, Clause("H1.10")]
    public async Task A_cycle_whose_dial_fails_says_so_and_changes_nothing()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using var relay = new FaultRelay(host.Port);
        await using EitConnection client = host.Client(port: relay.Port);
        Happenings<EitStateChange> states = client.Watch();
        await client.StartAsync().Soon();
        await states.UntilAsync(EitConnectionState.Connected);
        (SessionId? id, int before) = (client.SessionId, states.All.Count);

        relay.Refuses = true;
        EitException failure = await Assert.ThrowsAsync<EitException>(() => client.CycleAsync().Soon());

        Assert.True(failure.IsTransient);
        Assert.Equal(SendOutcome.Processed, await client.SendAsync("as before").Soon());
        Assert.Equal((id, before), (client.SessionId, states.All.Count));
    }

    [Fact, Clause("H1.10")]
    public async Task A_cycle_that_is_answered_with_a_status_tells_it()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        await using EitConnection client = server.Host.Client(configure: TestHost.Calm);
        await client.StartAsync().Soon();
        server.Then(ScriptedServer.Status(502));

        EitException failure = await Assert.ThrowsAsync<EitException>(() => client.CycleAsync().Soon());

        Assert.Equal((true, 502), (failure.IsTransient, failure.HttpStatus));
        Assert.True(client.IsConnected);
        await client.CycleAsync().Soon();
    }

    [Fact]
    public async Task A_cycle_needs_a_connection()
    {
        await using var client = new EitConnection(new EitConnectionOptions { Url = new Uri("wss://127.0.0.1:1/eit") });

        EitException failure = await Assert.ThrowsAsync<EitException>(() => client.CycleAsync().Soon());

        Assert.True(failure.IsTransient);
    }

    // ---- Pausing

    [Fact, Clause("L1.5")]
    public async Task A_pause_keeps_the_session_and_dials_no_more_until_the_application_resumes()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync(TestHost.Calm);
        await using var relay = new FaultRelay(host.Port);
        await using EitConnection client = host.Client(port: relay.Port, configure: TestHost.Calm);
        Happenings<EitStateChange> states = client.Watch();
        await client.StartAsync().Soon();
        SessionId? id = client.SessionId;
        EitSession session = await recorder.Sessions.NextAsync();

        await client.PauseAsync().Soon();
        await recorder.Calls.UntilAsync(call => call == "outage Detached");
        client.CheckNow();                                                     // Even that does not wake it.
        Task<SendOutcome> waiting = session.SendAsync("when you are back").Soon();
        await FailedDialAsync(host, relay.Port);                               // One that had begun before it would have come, too.
        (EitConnectionState state, int dials, bool sent) = (client.State, relay.Dials, client.Send("asleep"));
        client.OnMessage(static _ => { });
        client.Resume();
        await states.UntilAsync(change => change.IsResumed);
        await recorder.Calls.UntilAsync(call => call == "resumed");

        Assert.Equal((EitConnectionState.Paused, 2, false), (state, dials, sent));
        Assert.Equal(SendOutcome.Processed, await waiting);
        Assert.Equal((id, 3), (client.SessionId, relay.Dials));
        Assert.Equal(["connected", "outage Detached", "resumed"], recorder.Calls.All);
    }

    [Fact, Clause("L1.5")]
    public async Task A_pause_during_a_redial_keeps_the_session_and_does_not_wait_for_the_dial()
    {
        TaskCompletionSource asked = Patience.NewSource();
        TaskCompletionSource<string?>? token = null;
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync(TestHost.Calm);
        await using var relay = new FaultRelay(host.Port);
        await using EitConnection client = host.Client(port: relay.Port, configure: options =>
        {
            TestHost.Calm(options);
            options.TokenLimit = Patience.Guard;
            options.TokenProvider = async (_, _) =>
            {
                if (Volatile.Read(ref token) is not { } hanging) { return host.Token("ada"); }
                asked.TrySetResult();
                return await hanging.Task;
            };
        });
        Happenings<EitStateChange> states = client.Watch();
        await client.StartAsync().Soon();
        SessionId? id = client.SessionId;
        await recorder.Sessions.NextAsync();

        Volatile.Write(ref token, Patience.NewSource<string?>());
        relay.CutAll();
        await asked.Task.Soon();
        await client.PauseAsync().Soon();                                      // The provider has its token only afterwards.
        (EitConnectionState state, int dials) = (client.State, relay.Dials);
        Interlocked.Exchange(ref token, null)!.SetResult(host.Token("ada"));
        client.Resume();
        await states.UntilAsync(change => change.IsResumed);

        Assert.Equal((EitConnectionState.Paused, 1), (state, dials));
        Assert.Equal((id, 2), (client.SessionId, relay.Dials));
    }

    [Fact, Clause("L1.5")]
    public async Task A_welcome_that_comes_after_the_pause_does_the_session_no_harm()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync(TestHost.Calm);
        EitConnection? pausing = null;
        bool isPausing = false;
        TaskCompletionSource<Task> paused = Patience.NewSource<Task>();
        await using var relay = new FaultRelay(host.Port);
        await using EitConnection client = pausing = host.Client(port: relay.Port, configure: options =>
        {
            TestHost.Calm(options);
            Quick(options);
            // When the dial looks at the clock, the welcome has come and nobody has been told: the last moment for a pause to get in between.
            options.TimeProvider = new HookedTime(() =>
            {
                if (relay.Dials < 2 || isPausing || !Environment.StackTrace.Contains("Dialler", StringComparison.Ordinal)) { return; }
                isPausing = true;
                paused.SetResult(pausing!.PauseAsync());
            });
        });
        Happenings<EitStateChange> states = client.Watch();
        await client.StartAsync().Soon();
        SessionId? id = client.SessionId;
        await recorder.Sessions.NextAsync();

        relay.Refuses = true;
        relay.CutAll();
        await recorder.Calls.UntilAsync(call => call == "outage Lost");
        relay.Refuses = false;
        await recorder.Calls.UntilAsync(call => call == "outage Detached");
        await (await paused.Task.Soon()).Soon();
        client.Resume();
        await states.UntilAsync(change => change.IsResumed);
        await recorder.Calls.UntilAsync(call => call == "resumed");

        Assert.Equal(id, client.SessionId);
        Assert.Equal(["connected", "outage Lost", "resumed", "outage Detached", "resumed"], recorder.Calls.All);
    }

    [Fact]
    public async Task A_pause_with_a_server_that_does_not_answer_ends_with_its_token_or_soon()
    {
        var clock = new ManualTimeProvider();
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using var relay = new FaultRelay(host.Port);
        await using EitConnection client = host.Client(port: relay.Port, configure: options => options.TimeProvider = clock);
        await client.StartAsync().Soon();
        using var source = new CancellationTokenSource();

        relay.Freeze();
        Task cancelled = client.PauseAsync(source.Token);
        Task patient = client.PauseAsync();
        bool waits = !cancelled.IsCompleted;
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.Soon());
        waits &= !patient.IsCompleted;
        clock.Advance(TimeSpan.FromSeconds(3));
        await patient.Soon();
        relay.Thaw();

        Assert.True(waits);
        Assert.Equal(EitConnectionState.Paused, client.State);
    }

    [Fact]
    public async Task Check_now_ends_the_wait_for_a_redial()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using var relay = new FaultRelay(host.Port) { Refuses = true };
        await using EitConnection client = host.Client(port: relay.Port, configure: Slow);
        Happenings<EitStateChange> states = client.Watch();

        client.Start();
        EitStateChange waiting = await states.UntilAsync(change => change.Attempt == 1);
        relay.Refuses = false;
        client.CheckNow();
        await states.UntilAsync(EitConnectionState.Connected);

        Assert.True(waiting.NextAttemptIn > TimeSpan.FromSeconds(60), $"The wait is {waiting.NextAttemptIn}.");
    }

    [Fact]
    public async Task Check_now_moves_a_live_connection_to_a_new_transport()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync(TestHost.Calm);
        await using EitConnection client = host.Client(configure: TestHost.Calm);
        var cycled = new Happenings<bool>();
        client.Cycled += (_, _) => cycled.Add(true);
        await client.StartAsync().Soon();

        client.CheckNow();

        Assert.True(await cycled.NextAsync());
        Assert.Equal(2, client.Epoch);
    }

    // ---- Closing

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_handler_may_close_or_dispose_its_own_connection(bool disposes)
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using EitConnection client = host.Client();
        Happenings<EitStateChange> states = client.Watch();
        var heard = new ConcurrentQueue<string>();
        TaskCompletionSource done = Patience.NewSource();
        client.OnMessage(async text =>
        {
            heard.Enqueue(text);
            if (disposes) { await client.DisposeAsync(); }
            else { await client.CloseAsync(); }
            done.SetResult();
        });
        await client.StartAsync().Soon();
        EitSession session = await recorder.Sessions.NextAsync();

        Assert.True(session.Send("the last one"));
        session.Send("one too many");
        await done.Task.Soon();
        EitStateChange closed = await states.UntilAsync(EitConnectionState.Closed);
        EitSessionEnd end = await recorder.Ends.NextAsync();

        Assert.Equal((CloseCode.Closed, CloseCode.Closed), (closed.Code!.Value, end.Code));
        Assert.Equal(["the last one"], heard);
    }

    [Fact]
    public async Task A_state_handler_may_dispose_its_own_connection()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        EitConnection client = host.Client();
        TaskCompletionSource done = Patience.NewSource();
        client.StateChanged += (_, change) =>
        {
            if (change.Current == EitConnectionState.Connected) { _ = DisposeAsync(); }
        };

        client.Start();
        await done.Task.Soon();

        Assert.Equal(EitConnectionState.Closed, client.State);
        async Task DisposeAsync()
        {
            await client.DisposeAsync();
            done.SetResult();
        }
    }

    [Fact]
    public async Task Who_disposes_second_waits_for_who_disposes_first()
    {
        TaskCompletionSource entered = Patience.NewSource();
        TaskCompletionSource released = Patience.NewSource();
        await using TestHost host = await TestHost.StartAsync(app => app.MapEit("/eit", (session, text) =>
        {
            session.Send(text);
            return default;
        }));
        EitConnection client = host.Client();
        client.OnMessage(async (string _) =>
        {
            entered.TrySetResult();
            await released.Task;
        });
        await client.StartAsync().Soon();
        await client.SendAsync("hello").Soon();
        await entered.Task.Soon();

        ValueTask first = client.DisposeAsync();
        ValueTask second = client.DisposeAsync();
        bool waits = !second.IsCompleted;
        released.SetResult();
        await second.Soon();
        await first.Soon();

        Assert.True(waits);
    }

    [Fact]
    public async Task Dispose_may_be_repeated_and_works_without_a_start()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        EitConnection never = host.Client();
        EitConnection once = host.Client();
        await once.StartAsync().Soon();

        await never.DisposeAsync().Soon();
        await never.DisposeAsync().Soon();
        await Task.WhenAll(once.DisposeAsync().Soon(), once.DisposeAsync().Soon());
        await once.DisposeAsync().Soon();

        Assert.Equal((EitConnectionState.Closed, EitConnectionState.Closed), (never.State, once.State));
        Assert.Throws<ObjectDisposedException>(never.Start);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => once.StartAsync().Soon());
        Assert.False(once.Send("gone"));
        Assert.Equal("closed Closed", await recorder.Calls.UntilAsync(call => call.StartsWith("closed", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_close_hands_over_what_both_sides_have_accepted()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using EitConnection client = host.Client(configure: static options => options.CloseLimit = Patience.Guard);
        var heard = new ConcurrentQueue<string>();
        client.OnMessage(async text =>
        {
            await Task.Yield();
            heard.Enqueue(text);
        });
        await client.StartAsync().Soon();
        EitSession session = await recorder.Sessions.NextAsync();

        Task<SendOutcome>[] down = [.. Enumerable.Range(0, 20).Select(i => session.SendAsync($"down {i}").Soon())];
        Task<SendOutcome>[] up = [.. Enumerable.Range(0, 20).Select(i => client.SendAsync($"up {i}").Soon())];
        await client.CloseAsync().Soon();

        Assert.All(await Task.WhenAll([.. up, .. down]), outcome => Assert.Equal(SendOutcome.Processed, outcome));
        Assert.Equal(20, heard.Count);
        Assert.True(client.IsClosing);
        Assert.Empty((await recorder.Ends.NextAsync()).Unfinished);
    }

    // ---- Cancelling

    [Fact]
    public async Task Every_wait_ends_when_its_token_is_cancelled()
    {
        TaskCompletionSource release = Patience.NewSource();
        TaskCompletionSource? gate = null;
        var recorder = new Recorder { Answer = async (_, _) => await release.Task };
        await using TestHost host = await recorder.HostAsync();
        await using var relay = new FaultRelay(host.Port) { Refuses = true };
        await using EitConnection client = host.Client(port: relay.Port, configure: options =>
        {
            Quick(options);
            options.TokenProvider = async (_, _) =>
            {
                if (Volatile.Read(ref gate) is { } closed) { await closed.Task; }
                return host.Token("ada");
            };
        });

        await EndsAsync(token => client.StartAsync(token));
        await EndsAsync(token => client.WaitUntilConnectedAsync(token));
        Assert.Equal(SendOutcome.NotSent, await TakenBackAsync(token => client.SendAsync("no connection", cancellationToken: token).AsTask()));
        relay.Refuses = false;
        await client.WaitUntilConnectedAsync().Soon();
        using (var source = new CancellationTokenSource())
        {
            Task stuck = client.SendAsync("stuck", cancellationToken: source.Token).AsTask();
            await recorder.Calls.UntilAsync(call => call == "stuck");
            await source.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stuck.Soon());
        }
        await GivesUpAsync(token => client.SendAsync(new byte[] { 1 }, cancellationToken: token).AsTask());
        EitSession session = await recorder.Sessions.NextAsync();
        await GivesUpAsync(token => session.SendAsync("nobody handles it", cancellationToken: token).AsTask());
        Volatile.Write(ref gate, Patience.NewSource());
        await EndsAsync(token => client.CycleAsync(token));
        await EndsAsync(token => session.CloseAsync(cancellationToken: token));
        await EndsAsync(token => client.CloseAsync(token));
        gate!.SetResult();
        release.SetResult();
        client.OnMessage(static _ => { });
        await client.CloseAsync().Soon();
        await recorder.Ends.NextAsync();

        Assert.Equal(EitConnectionState.Closed, client.State);
        Assert.Equal(["connected", "stuck"], recorder.Calls.All.Take(2));

        static Task EndsAsync(Func<CancellationToken, Task> wait) => Assert.ThrowsAnyAsync<OperationCanceledException>(() => CancelledAsync(wait));

        // Whether it has left yet is chance.
        static async Task GivesUpAsync(Func<CancellationToken, Task<SendOutcome>> send)
        {
            try { Assert.Equal(SendOutcome.NotSent, await TakenBackAsync(send)); }
            catch (OperationCanceledException) { return; }
        }

        static async Task<SendOutcome> TakenBackAsync(Func<CancellationToken, Task<SendOutcome>> send) => await (Task<SendOutcome>)await CancelledAsync(send);

        static async Task<Task> CancelledAsync(Func<CancellationToken, Task> wait)
        {
            using var source = new CancellationTokenSource();
            Task waiting = wait(source.Token);
            Assert.False(waiting.IsCompleted);
            await source.CancelAsync();
            await waiting.Soon();
            return waiting;
        }
    }

    // ---- An application's own redial pipeline

    [Fact]
    public async Task The_applications_pipeline_takes_the_place_of_ours_and_closes_when_it_gives_up()
    {
        int asked = 0;
        int retries = 0;
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using var relay = new FaultRelay(host.Port) { Refuses = true };
        await using EitConnection client = host.Client(port: relay.Port, configure: options =>
        {
            options.Redial = new RedialOptions { FirstWait = s_long, LongestWait = s_long };   // Nobody asks for these.
            options.RedialPipeline = Pipeline(attemptsMax: 3, () => Interlocked.Increment(ref retries));
            options.TokenProvider = (_, _) =>
            {
                Interlocked.Increment(ref asked);
                return ValueTask.FromResult<string?>(host.Token("ada"));
            };
        });
        Happenings<EitStateChange> states = client.Watch();

        EitException given = await Assert.ThrowsAsync<EitException>(() => client.StartAsync().Soon());
        await states.UntilAsync(EitConnectionState.Closed);

        Assert.False(given.IsTransient);
        Assert.Equal((4, 3), (asked, retries));
        Assert.Equal(4, states.All.Count(change => change.Current == EitConnectionState.Dialing));
    }

    [Fact]
    public async Task The_applications_pipeline_resumes_a_session_and_starts_afresh_with_each_outage()
    {
        int retries = 0;
        await using ScriptedServer server = await ScriptedServer.StartAsync(ScriptedServer.Status(500), ScriptedServer.Status(500));
        await using var relay = new FaultRelay(server.Host.Port);
        await using EitConnection client = server.Host.Client(port: relay.Port, configure: options =>
        {
            TestHost.Calm(options);
            options.RedialPipeline = Pipeline(attemptsMax: 2, () => Interlocked.Increment(ref retries));
        });
        Happenings<EitStateChange> states = client.Watch();

        await client.StartAsync().Soon();
        await server.Recorder.Sessions.NextAsync();
        server.Then(ScriptedServer.Status(500));
        server.Then(ScriptedServer.Status(500));
        relay.CutAll();
        await states.UntilAsync(change => change.IsResumed);

        Assert.Equal(4, retries);
    }

    [Fact]
    public async Task A_pause_in_the_last_attempt_of_a_pipeline_is_not_giving_up()
    {
        TaskCompletionSource asked = Patience.NewSource();
        TaskCompletionSource<string?>? token = Patience.NewSource<string?>();
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using EitConnection client = host.Client(configure: options =>
        {
            options.RedialPipeline = ResiliencePipeline.Empty;
            options.TokenProvider = async (_, _) =>
            {
                asked.TrySetResult();
                return Volatile.Read(ref token) is { } hanging ? await hanging.Task : host.Token("ada");
            };
        });

        client.Start();
        await asked.Task.Soon();
        await client.PauseAsync().Soon();
        Volatile.Write(ref token, null);
        client.Resume();
        await client.WaitUntilConnectedAsync().Soon();

        Assert.Equal(SendOutcome.Processed, await client.SendAsync("hello").Soon());
    }

    [Fact]
    public async Task A_time_limit_in_the_pipeline_ends_a_dial_that_hangs()
    {
        int asked = 0;
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using EitConnection client = host.Client(configure: options =>
        {
            options.DialLimit = TimeSpan.FromMinutes(5);
            options.RedialPipeline = new ResiliencePipelineBuilder()
                .AddRetry(new RetryStrategyOptions { MaxRetryAttempts = 100, Delay = TimeSpan.FromMilliseconds(10) })
                .AddTimeout(new TimeoutStrategyOptions { TimeoutGenerator = _ => ValueTask.FromResult(Volatile.Read(ref asked) == 0 ? TimeSpan.FromMilliseconds(200) : Patience.Guard) })
                .Build();
            options.TokenProvider = async (_, cancelled) =>
            {
                if (Interlocked.Increment(ref asked) == 1) { await Patience.NewSource().Task.WaitAsync(cancelled); }
                return host.Token("ada");
            };
        });

        await client.StartAsync().Soon();

        Assert.Equal(2, asked);
    }

    // ---- In a host

    [Fact]
    public async Task A_connection_of_the_container_connects_and_is_closed_with_it()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        EitConnectionOptions wanted = host.ClientOptions();
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddEitConnection(options => (options.Url, options.PinnedCertificateSha256, options.TokenProvider, options.WatchesNetwork) = (wanted.Url, wanted.PinnedCertificateSha256, wanted.TokenProvider, false));
        EitConnection client;

        using (IHost application = builder.Build())
        {
            await application.StartAsync().Soon();
            client = application.Services.GetRequiredService<EitConnection>();
            await client.StartAsync().Soon();
            await recorder.Sessions.NextAsync();
            await ((IAsyncDisposable)application).DisposeAsync().Soon();
        }

        Assert.Equal(EitConnectionState.Closed, client.State);
        Assert.Equal(CloseCode.Closed, (await recorder.Ends.NextAsync()).Code);
    }

    [Fact]
    public async Task A_host_does_not_start_with_a_connection_that_lacks_an_option()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddEitConnection(options => options.DialLimit = TimeSpan.Zero);
        using IHost application = builder.Build();

        OptionsValidationException refusal = await Assert.ThrowsAsync<OptionsValidationException>(() => application.StartAsync().Soon());

        Assert.Contains("Eit:Url must be an absolute address", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Eit:DialLimit (00:00:00) must be 100 ms to 5 min.", refusal.Message, StringComparison.Ordinal);
    }

    /// <summary>Dials, as far as to a path that does not exist.</summary>
    private static async Task FailedDialAsync(TestHost host, int port)
    {
        await using EitConnection client = host.Client("bob", "/nowhere", port, Slow);
        Happenings<EitStateChange> states = client.Watch();
        client.Start();
        await states.UntilAsync(static change => change.HttpStatus == 404);
    }

    /// <summary>No second message comes while a handler runs.</summary>
    private static void TakeOneAtATime(SessionSettings settings) => (settings.WindowMessages, settings.WindowMessagesMax) = (1, 1);

    private static void Quick(EitConnectionOptions options) => options.Redial = new RedialOptions { FirstWait = TimeSpan.FromMilliseconds(10), LongestWait = TimeSpan.FromMilliseconds(50) };

    /// <summary>A wait is drawn from all that is below the limit: of this seed the first is long, too.</summary>
    private static void Slow(EitConnectionOptions options) => (options.Redial, options.JitterSeed) = (new RedialOptions { FirstWait = s_long, LongestWait = s_long }, 1);

    private static ResiliencePipeline Pipeline(int attemptsMax, Action retries) => new ResiliencePipelineBuilder()
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<EitException>(static failure => failure.IsTransient),
            MaxRetryAttempts = attemptsMax,
            Delay = TimeSpan.FromMilliseconds(10),
            OnRetry = _ =>
            {
                retries();
                return default;
            },
        })
        .Build();

    /// <summary>The real time, and a word to the test each time that a time span is measured.</summary>
    private sealed class HookedTime(Action hook) : TimeProvider
    {
        public override long GetTimestamp()
        {
            hook();
            return System.GetTimestamp();
        }
    }
}
