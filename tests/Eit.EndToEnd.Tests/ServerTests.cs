using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Eit.Backoff;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Eit.EndToEnd.Tests;

public sealed class ServerTests
{
    private static readonly TimeSpan s_margin = TimeSpan.FromMilliseconds(20);   // A deadline is kept to within a tick of the wheel.
    private static readonly SendOptions s_accepted = new() { CompleteWhen = CompleteWhen.Accepted };
    private static readonly SendOptions s_received = new() { CompleteWhen = CompleteWhen.Received };

    // ---- Handlers

    [Fact]
    public async Task Each_session_has_a_handler_and_a_scope_of_its_own_from_its_beginning_to_its_end()
    {
        var lives = new Lives();
        await using TestHost host = await TestHost.StartAsync(app => app.MapEit<LivingHandler>("/eit"), build: builder => builder.Services.AddSingleton(lives).AddScoped<ScopedThing>());
        await using var relay = new FaultRelay(host.Port);
        await using EitConnection one = host.Client(port: relay.Port, configure: Quick);
        await using EitConnection two = host.Client();
        Happenings<EitStateChange> states = one.Watch();

        await one.StartAsync().Soon();
        await one.SendAsync("hello").Soon();
        await two.StartAsync().Soon();
        await two.SendAsync("hi").Soon();
        await one.CycleAsync().Soon();
        relay.Refuses = true;
        relay.CutAll();
        await lives.Calls.UntilAsync(call => call == "1 outage Lost");
        relay.Refuses = false;
        await states.UntilAsync(change => change.IsResumed);
        await one.SendAsync("again").Soon();
        await one.CloseAsync().Soon();
        await lives.Calls.UntilAsync(call => call == "1 disposed");
        await two.CloseAsync().Soon();
        await lives.Calls.UntilAsync(call => call == "2 disposed");

        Assert.Equal(
            ["1 made", "1 connected", "1 hello", "1 outage Lost", "1 resumed", "1 again", "1 closed Closed", "1 handler disposed", "1 disposed"],
            lives.Calls.All.Where(call => call[0] == '1'));
        Assert.Equal(["2 made", "2 connected", "2 hi", "2 closed Closed", "2 handler disposed", "2 disposed"], lives.Calls.All.Where(call => call[0] == '2'));
    }

    [Fact]
    public async Task A_delegate_handles_the_texts_of_its_endpoint()
    {
        await using TestHost host = await TestHost.StartAsync(app =>
        {
            app.MapEit("/upper/{room}", static (session, text) => Answer(session, $"{session.Path}{session.Query} {text.ToUpperInvariant()}"));
            app.MapEit("/lower", static (session, text) => Answer(session, text.ToLowerInvariant()));
        });
        await using EitConnection upper = host.Client(path: "/upper/7?lang=de");
        await using EitConnection lower = host.Client(path: "/lower");
        Happenings<string> heardUpper = Hear(upper);
        Happenings<string> heardLower = Hear(lower);
        await upper.StartAsync().Soon();
        await lower.StartAsync().Soon();

        upper.Send("Hello");
        lower.Send("Hello");

        Assert.Equal("/upper/7?lang=de HELLO", await heardUpper.NextAsync());
        Assert.Equal("hello", await heardLower.NextAsync());

        static async ValueTask Answer(EitSession session, string text) => await session.SendAsync(text, s_accepted);
    }

    [Theory]
    [InlineData(WireEncoding.Json)]
    [InlineData(WireEncoding.Binary)]
    public async Task Each_end_is_told_what_the_other_calls_itself_and_logs_it_where_a_session_begins(WireEncoding encoding)
    {
        var logsOfServer = new CapturedLogs();
        var logsOfClient = new CapturedLogs();
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync(
            static options => options.Session.Agent = "tables-server/7",
            build: builder => builder.Services.AddSingleton<Microsoft.Extensions.Logging.ILoggerFactory>(logsOfServer));
        await using EitConnection client = host.Client(configure: options => (options.Encoding, options.Session.Agent) = (encoding, "tables/2.1 (\"beta\")"), logs: logsOfClient);

        string? before = client.PeerAgent;
        await client.StartAsync().Soon();
        EitSession session = await recorder.Sessions.NextAsync();

        Assert.Equal((null, "tables-server/7", "tables/2.1 (\"beta\")"), (before, client.PeerAgent, session.Agent));
        Assert.Contains(logsOfServer.Texts, static text => text.Contains("SessionBegan", StringComparison.Ordinal) && text.Contains("the client is tables/2.1 (\"beta\").", StringComparison.Ordinal));
        Assert.Contains(logsOfClient.Texts, static text => text.Contains("SessionBegan", StringComparison.Ordinal) && text.Contains("the server is tables-server/7.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_a_handler_throws_at_has_failed_and_the_session_goes_on()
    {
        var logs = new CapturedLogs();
        var recorder = new Recorder { Answer = static (_, text) => text == "bad" ? throw new InvalidOperationException(text) : default };
        await using TestHost host = await recorder.HostAsync(build: builder => builder.Services.AddSingleton<Microsoft.Extensions.Logging.ILoggerFactory>(logs));
        await using EitConnection client = host.Client();
        await client.StartAsync().Soon();

        SendOutcome bad = await client.SendAsync("bad").Soon();
        SendOutcome good = await client.SendAsync("good").Soon();

        Assert.Equal((SendOutcome.Failed, SendOutcome.Processed), (bad, good));
        Assert.Equal("bad", Assert.Single(logs.Entries, entry => entry.Name == "HandlerThrew").Exception!.Message);
    }

    [Fact]
    public async Task A_server_that_closes_on_a_handlers_failure_ends_that_session_only()
    {
        var recorder = new Recorder { Answer = static (_, text) => text == "bad" ? throw new InvalidOperationException(text) : default };
        await using TestHost host = await recorder.HostAsync(options => options.ClosesOnHandlerFailure = true);
        await using EitConnection client = host.Client(configure: Quick);
        await using EitConnection other = host.Client();
        Happenings<EitStateChange> states = client.Watch();
        await client.StartAsync().Soon();
        await other.StartAsync().Soon();
        SessionId? id = client.SessionId;

        client.Send("bad");
        EitStateChange waiting = await states.UntilAsync(change => change.Code == CloseCode.HandlerFailed);
        EitSessionEnd end = await recorder.Ends.NextAsync();
        await states.UntilAsync(EitConnectionState.Connected);

        Assert.Equal((EitConnectionState.Waiting, CloseCode.HandlerFailed), (waiting.Current, end.Code));
        Assert.NotEqual(id, client.SessionId);
        Assert.Equal(SendOutcome.Processed, await client.SendAsync("good").Soon());
        Assert.Equal(SendOutcome.Processed, await other.SendAsync("good").Soon());
    }

    [Fact]
    public async Task A_handler_that_can_not_be_made_ends_the_session()
    {
        await using TestHost host = await TestHost.StartAsync(app => app.MapEit<LivingHandler>("/eit"));     // What it needs is not registered.
        await using EitConnection client = host.Client();
        Happenings<EitStateChange> states = client.Watch();

        client.Start();
        EitStateChange change = await states.UntilAsync(change => change.Code is not null);

        Assert.Equal(CloseCode.HandlerFailed, change.Code);
    }

    // ---- The registry

    [Fact]
    public async Task The_registry_knows_the_sessions_and_whose_they_are()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using EitConnection ada = host.Client("ada");
        await using EitConnection bob = host.Client("bob");
        await using EitConnection bobToo = host.Client("bob");
        await ada.StartAsync().Soon();
        await bob.StartAsync().Soon();
        await bobToo.StartAsync().Soon();
        EitSession[] sessions = [await recorder.Sessions.NextAsync(), await recorder.Sessions.NextAsync(), await recorder.Sessions.NextAsync()];
        EitSession adas = sessions.Single(session => session.Id == ada.SessionId);

        Assert.Equal(3, host.Sessions.Count);
        Assert.Equal(sessions.ToHashSet(), host.Sessions.List().ToHashSet());
        Assert.Same(adas, host.Sessions.Find(adas.Id));
        Assert.Null(host.Sessions.Find(new SessionId(1)));
        Assert.Equal([adas], host.Sessions.OfPrincipal(adas.PrincipalKey!));
        Assert.Equal(2, host.Sessions.OfPrincipal(sessions.First(session => session != adas).PrincipalKey!).Count);
        Assert.Empty(host.Sessions.OfPrincipal("nobody"));
        Assert.Equal(("ada", ada.Instance), (adas.Principal.Claims.First().Value, adas.Instance));

        await bob.PauseAsync().Soon();
        await recorder.Calls.UntilAsync(call => call.StartsWith("outage", StringComparison.Ordinal));
        Assert.Equal((3, 1), (host.Sessions.Count, host.Sessions.DetachedCount));
        await ada.CloseAsync().Soon();
        await recorder.Ends.NextAsync();
        Assert.Equal(2, host.Sessions.Count);
        Assert.Null(host.Sessions.Find(adas.Id));
    }

    [Fact, Clause("S2.4")]
    public async Task Two_tabs_of_one_user_are_two_sessions_over_real_sockets()
    {
        var recorder = new Recorder { Answer = static async (session, text) => await session.SendAsync($"to the one who said {text}") };
        await using TestHost host = await recorder.HostAsync();
        await using EitConnection one = host.Client("ada");
        await using EitConnection two = host.Client("ada");
        Happenings<string> heardOne = Hear(one);
        Happenings<string> heardTwo = Hear(two);
        await one.StartAsync().Soon();
        await two.StartAsync().Soon();

        one.Send("one");
        two.Send("two");
        string first = await heardOne.NextAsync();
        string second = await heardTwo.NextAsync();
        await one.CloseAsync().Soon();

        Assert.Equal(("to the one who said one", "to the one who said two"), (first, second));
        Assert.NotEqual(one.Instance, two.Instance);
        Assert.Equal(SendOutcome.Processed, await two.SendAsync("still here").Soon());
    }

    [Fact, Clause("R1.5")]
    public async Task Another_principals_token_opens_a_session_of_its_own_and_the_old_one_is_unharmed()
    {
        string user = "ada";
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using var relay = new FaultRelay(host.Port);
        await using EitConnection client = host.Client(port: relay.Port, configure: options =>
        {
            Quick(options);
            options.TokenProvider = (_, _) => ValueTask.FromResult<string?>(host.Token(user));
        });
        Happenings<EitStateChange> states = client.Watch();
        var ends = new Happenings<EitSessionEnded>();
        client.SessionEnded += (_, end) => ends.Add(end);
        await client.StartAsync().Soon();
        EitSession adas = await recorder.Sessions.NextAsync();
        InstanceId instance = client.Instance;
        await states.UntilAsync(EitConnectionState.Connected);

        user = "bob";
        relay.Refuses = true;
        relay.CutAll();
        await recorder.Calls.UntilAsync(call => call == "outage Lost");
        relay.Refuses = false;
        EitSessionEnded end = await ends.NextAsync();
        EitStateChange connected = await states.UntilAsync(EitConnectionState.Connected);
        EitSession bobs = await recorder.Sessions.NextAsync();

        Assert.Equal((adas.Id, CloseCode.OtherPrincipal), (end.SessionId, end.Code));
        Assert.False(connected.IsResumed);
        Assert.Equal((bobs.Id, "bob"), (client.SessionId!.Value, bobs.Principal.Claims.First().Value));
        Assert.NotEqual(instance, client.Instance);
        Assert.Same(adas, host.Sessions.Find(adas.Id));
        Assert.False(adas.IsConnected);
    }

    // ---- Limits of a transport's life

    [Fact, Clause("S3.3")]
    public async Task A_client_moves_to_a_new_transport_before_its_credentials_expire()
    {
        TimeSpan life = TimeSpan.FromMinutes(4);
        int tokens = 0;
        await using var clock = new LeapingClock();
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync(TestHost.Calm);
        await using EitConnection client = host.Client(configure: options =>
        {
            TestHost.Calm(options);
            options.TimeProvider = clock.Time;
            (options.TokenLimit, options.DialLimit) = (Patience.Guard, Patience.Guard);   // The clock may still be leaping when the dial begins.
            options.TokenProvider = (_, _) => ValueTask.FromResult<string?>(host.Token("ada", life: Interlocked.Increment(ref tokens) == 1 ? life : TimeSpan.FromHours(1)));
        });
        Happenings<EitStateChange> states = client.Watch();
        var cycled = new Happenings<TimeSpan>();
        client.Cycled += (_, _) => cycled.Add(clock.Elapsed);
        await client.StartAsync().Soon();

        clock.Leap(life / 2);
        await client.SendAsync("half of it").Soon();
        int tokensAtHalf = tokens;
        clock.Leap(life * 0.49);
        TimeSpan at = await cycled.NextAsync();

        Assert.Equal(1, tokensAtHalf);
        Assert.True(at < life);
        Assert.Equal(EitConnectionState.Connected, states.All[^1].Current);
        Assert.Equal(2, tokens);
        Assert.Equal(SendOutcome.Processed, await client.SendAsync("hello").Soon());
        Assert.Equal(["connected", "half of it", "hello"], recorder.Calls.All);
    }

    [Fact, Clause("R1.21")]
    public async Task A_provider_that_gives_the_same_token_again_costs_no_cycle_and_is_asked_for_a_fresh_one_at_the_end()
    {
        TimeSpan life = TimeSpan.FromMinutes(4);
        await using var clock = new LeapingClock();
        var recorder = new Recorder();
        var asked = new Happenings<TokenReason>();
        int requests = 0;
        await using TestHost host = await recorder.HostAsync(TestHost.Calm, clock: clock.Time, use: app => app.Use((HttpContext context, RequestDelegate next) =>
        {
            Interlocked.Increment(ref requests);
            return next(context);
        }));
        string token = host.Token("ada", life);
        await using EitConnection client = host.Client(configure: options =>
        {
            TestHost.Calm(options);
            options.TimeProvider = clock.Time;
            (options.TokenLimit, options.DialLimit) = (Patience.Guard, Patience.Guard);
            options.TokenProvider = (request, _) =>
            {
                if (request.Reason == TokenReason.Rejected) { token = host.Token("ada"); }
                asked.Add(request.Reason);
                return ValueTask.FromResult<string?>(token);
            };
        });
        Happenings<EitStateChange> states = client.Watch();
        await client.StartAsync().Soon();

        clock.Leap(life / 2);
        await client.SendAsync("half of it").Soon();
        clock.Leap(life * 0.46);
        await asked.UntilAsync(reason => reason == TokenReason.Expiring);
        await client.SendAsync("nearly all of it").Soon();
        int requestsBefore = requests;
        clock.Leap(life * 0.04);                                   // Not much further: the close of the transport has a limit of 2 s on this clock.
        await states.UntilAsync(change => change.IsResumed);

        Assert.Equal(1, requestsBefore);
        Assert.Equal(2, requests);
        Assert.Equal((TokenReason.First, TokenReason.Rejected), (asked.All[0], asked.All[^1]));
        Assert.All(asked.All.Skip(1).SkipLast(1), static reason => Assert.Equal(TokenReason.Expiring, reason));
    }

    [Fact, Clause("S3.3")]
    public async Task A_client_that_does_not_move_is_closed_at_the_expiry_and_its_session_lives()
    {
        var recorder = new Recorder();
        TimeSpan life = TimeSpan.FromMinutes(4);
        await using var clock = new LeapingClock();
        await using TestHost host = await recorder.HostAsync(TestHost.Calm, clock: clock.Time);
        await using RawClient client = await RawClient.OpenAsync(host, RawClient.Hello(), host.Token("ada", life));
        await client.SendAsync(RawClient.Ack);
        JsonElement welcome = await client.UntilAsync("welcome");
        EitSession session = await recorder.Sessions.NextAsync();

        clock.Leap(life);
        CloseCode code = await client.UntilClosedAsync();
        await recorder.Calls.UntilAsync(call => call == "outage Expired");

        Assert.Equal(CloseCode.Expired, code);
        Assert.InRange(welcome.GetProperty("expires").GetDouble(), life.TotalMilliseconds / 2, life.TotalMilliseconds);
        Assert.Same(session, host.Sessions.Find(session.Id));
    }

    [Fact, Clause("L1.4")]
    public async Task A_silent_client_is_closed_at_the_time_out_and_its_session_lives()
    {
        var recorder = new Recorder();
        await using var clock = new LeapingClock();
        await using TestHost host = await recorder.HostAsync(clock: clock.Time);
        await using RawClient client = await RawClient.OpenAsync(host, RawClient.Hello(), host.Token("ada"));
        await client.SendAsync(RawClient.Ack);
        EitSession session = await recorder.Sessions.NextAsync();

        clock.Leap(new SessionSettings().Timeout);
        CloseCode code = await client.UntilClosedAsync();
        await recorder.Calls.UntilAsync(call => call == "outage Timeout");

        Assert.Equal(CloseCode.Timeout, code);
        Assert.Same(session, host.Sessions.Find(session.Id));
    }

    [Fact, Clause("L1.1")]
    public async Task A_client_with_nothing_to_say_is_not_silent()
    {
        TimeSpan round = (new SessionSettings().Timeout / 3) + s_margin;        // In each of them, each end has to say something.
        var clock = new ManualTimeProvider();
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync(clock: clock);
        await using EitConnection client = host.Client(configure: options => (options.TimeProvider, options.RacesOnSuspicion) = (clock, false));
        Happenings<EitStateChange> states = client.Watch();
        await client.StartAsync().Soon();
        EitSession session = await recorder.Sessions.NextAsync();
        await states.UntilAsync(EitConnectionState.Connected);

        for (int i = 0; i < 9; i++)
        {
            clock.Advance(round);
            await Patience.UntilAsync(() => client.LastHeard < round && session.LastHeard < round);
        }

        Assert.Equal(3, states.All.Count);                                    // Waiting, Dialing, Connected.
        Assert.Equal(["connected"], recorder.Calls.All);
    }

    [Fact, Clause("X1.4")]
    public async Task A_send_loop_to_a_dead_peer_ends_within_the_time_out()
    {
        TimeSpan timeout = new SessionSettings().Timeout;
        var clock = new ManualTimeProvider();
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync(clock: clock);
        await using var relay = new FaultRelay(host.Port);
        await using EitConnection client = host.Client(port: relay.Port, configure: static options => options.Session.Timeout = Patience.Guard);
        client.OnMessage(static _ => { });
        await client.StartAsync().Soon();
        EitSession session = await recorder.Sessions.NextAsync();
        await session.SendAsync("alive").Soon();
        string filler = new('x', 1_000);

        relay.Freeze();
        TimeSpan began = clock.Elapsed;
        int taken = 0;
        using var looks = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (session.IsConnected && clock.Elapsed - began < timeout * 10)
        {
            if (session.Send(filler)) { taken++; }
            else if (await looks.WaitForNextTickAsync()) { clock.Advance(timeout / 20); }
        }
        TimeSpan took = clock.Elapsed - began;
        await recorder.Calls.UntilAsync(call => call == "outage Timeout");
        bool afterwards = session.Send("into the void");
        relay.Thaw();

        Assert.InRange(took, timeout, timeout * 2);
        Assert.True(taken > 0);
        Assert.False(afterwards);
    }

    // ---- Outcomes

    [Fact]
    public async Task The_server_learns_what_became_of_each_message()
    {
        TaskCompletionSource release = Patience.NewSource();
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using EitConnection client = host.Client(configure: options => options.Session.WindowMessages = 3);
        client.OnMessage(async text => await (text == "stuck" ? release.Task : Task.CompletedTask));
        await client.StartAsync().Soon();
        EitSession session = await recorder.Sessions.NextAsync();

        SendOutcome processed = await session.SendAsync("fine").Soon();
        Task<SendOutcome> stuck = session.SendAsync("stuck").Soon();
        SendOutcome accepted = await session.SendAsync("behind it", s_accepted).Soon();
        SendOutcome received = await session.SendAsync("behind that", s_received).Soon();
        Task<SendOutcome> unsent = session.SendAsync("without credit").Soon();
        session.Abort(CloseCode.Forbidden, "Go away.");
        SendOutcome tooLate = await session.SendAsync("too late").Soon();
        EitSessionEnd end = await recorder.Ends.NextAsync();
        release.SetResult();

        Assert.Equal((SendOutcome.Processed, SendOutcome.Received, SendOutcome.Accepted), (processed, received, accepted));
        Assert.Equal((SendOutcome.Unknown, SendOutcome.NotSent, SendOutcome.NotSent), (await stuck, await unsent, tooLate));
        Assert.Equal([SendOutcome.Unknown, SendOutcome.Unknown, SendOutcome.Unknown, SendOutcome.NotSent], end.Unfinished.Select(message => message.Outcome));
        Assert.False(session.Send("gone"));
        await session.Ended.Soon();
    }

    [Fact]
    public async Task A_session_that_the_server_closes_hands_over_what_was_accepted_and_the_client_stays_away()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using EitConnection client = host.Client();
        Happenings<string> heard = Hear(client);
        Happenings<EitStateChange> states = client.Watch();
        await client.StartAsync().Soon();
        EitSession session = await recorder.Sessions.NextAsync();

        Task<SendOutcome> down = session.SendAsync("goodbye").Soon();
        await session.CloseAsync(reason: "That was all.").Soon();
        EitStateChange closed = await states.UntilAsync(EitConnectionState.Closed);

        Assert.Equal(SendOutcome.Processed, await down);
        Assert.Equal("goodbye", await heard.NextAsync());
        Assert.Equal(CloseCode.Closed, closed.Code);
        Assert.True(session.IsClosing);
        Assert.Equal(0, host.Sessions.Count);
    }

    [Fact]
    public async Task A_handler_may_close_its_own_session()
    {
        var recorder = new Recorder { Answer = static async (session, _) => await session.CloseAsync() };
        await using TestHost host = await recorder.HostAsync();
        await using EitConnection client = host.Client();
        Happenings<EitStateChange> states = client.Watch();
        await client.StartAsync().Soon();

        client.Send("the last one");
        client.Send("one too many");
        await states.UntilAsync(EitConnectionState.Closed);
        await recorder.Ends.NextAsync();

        Assert.Equal(["connected", "the last one", "closed Closed"], recorder.Calls.All);
    }

    // ---- Sizes

    [Fact, Clause("F2.3")]
    public async Task The_largest_message_goes_both_ways_and_arrives_whole()
    {
        var received = new ConcurrentQueue<string>();
        var recorder = new Recorder
        {
            Answer = async (session, text) =>
            {
                received.Enqueue(text);
                await session.SendAsync(text, s_accepted);
            },
        };
        await using TestHost host = await recorder.HostAsync();
        await using EitConnection client = host.Client();
        Happenings<string> heard = Hear(client);
        await client.StartAsync().Soon();
        string plain = string.Concat(Enumerable.Range(0, 1024 * 1024 / 8).Select(i => $"{i:D8}"));
        string wide = string.Concat(Enumerable.Repeat("x€😀", 1024 * 1024 / 8));

        Assert.Equal(SendOutcome.Processed, await client.SendAsync(plain).Soon());
        Assert.Equal(SendOutcome.Processed, await client.SendAsync(wide).Soon());

        Assert.True(received.SequenceEqual([plain, wide]));
        Assert.Equal(plain, await heard.NextAsync());
        Assert.Equal(wide, await heard.NextAsync());
    }

    [Fact, Clause("N3.10")]
    public async Task A_message_that_is_larger_than_the_peer_takes_is_refused_in_words()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync(options => options.Session.MessageBytesMax = 1_000);
        await using EitConnection client = host.Client(configure: options => options.Session.MessageBytesMax = 500);
        Happenings<string> heard = Hear(client);
        await client.StartAsync().Soon();
        EitSession session = await recorder.Sessions.NextAsync();

        Assert.False(client.Send(new string('x', 1_001)));
        Assert.False(client.Send(new byte[1_001]));
        Assert.Equal(SendOutcome.TooLarge, await client.SendAsync(new string('€', 334)).Soon());
        Assert.False(session.Send(new string('x', 501)));
        Assert.Equal(SendOutcome.TooLarge, await session.SendAsync(new byte[501]).Soon());
        BroadcastResult broadcast = host.Sessions.Broadcast(new byte[501]);
        Assert.Equal((0, session, session), (broadcast.Accepted, Assert.Single(broadcast.Refused), Assert.Single(broadcast.TooLarge)));
        Assert.Equal(SendOutcome.Processed, await client.SendAsync(new string('€', 333)).Soon());
        Assert.Equal(SendOutcome.Processed, await session.SendAsync(new string('x', 500)).Soon());

        Assert.Equal(500, (await heard.NextAsync()).Length);
    }

    // ---- Stopping

    [Fact, Clause("C3.2")]
    public async Task A_draining_server_asks_and_then_closes()
    {
        TimeSpan window = TimeSpan.FromSeconds(2);
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync(options => (options.DrainWindow, options.Session.Timeout) = (window, Patience.Guard));
        await using RawClient stubborn = await RawClient.OpenAsync(host, RawClient.Hello(), host.Token("ada"));
        await stubborn.SendAsync(RawClient.Ack);
        await recorder.Sessions.NextAsync();

        long began = Stopwatch.GetTimestamp();
        Task stopping = host.StopAsync();
        JsonElement asked = await stubborn.UntilAsync("cycle");
        JsonElement told = await stubborn.UntilAsync("close");
        TimeSpan patience = Stopwatch.GetElapsedTime(began);
        CloseCode code = await stubborn.UntilClosedAsync();
        await stopping.Soon();
        await recorder.Ends.NextAsync();

        Assert.Equal(("drain", 2), (asked.GetProperty("why").GetString(), asked.GetProperty("within").GetInt32()));
        Assert.Equal((int)CloseCode.Draining, told.GetProperty("code").GetInt32());
        Assert.True(patience >= window - TimeSpan.FromMilliseconds(50), $"It asked for {patience}.");
        Assert.Equal(CloseCode.Draining, code);
        Assert.Equal(["connected", "closed Draining"], recorder.Calls.All);
    }

    [Fact, Clause("C3.2")]
    public async Task A_host_that_stops_lets_every_session_finish_within_its_drain_window()
    {
        TimeSpan window = TimeSpan.FromSeconds(3);
        var recorder = new Recorder { Answer = static async (_, _) => await Task.Yield() };
        await using TestHost host = await recorder.HostAsync(options => options.DrainWindow = window);
        EitConnection[] clients = [.. Enumerable.Range(0, 5).Select(i => host.Client($"user {i}"))];
        Happenings<EitStateChange>[] states = [.. clients.Select(client => client.Watch())];
        Happenings<string>[] heard = [.. clients.Select(Hear)];
        foreach (EitConnection client in clients) { await client.StartAsync().Soon(); }
        foreach (EitConnection _ in clients) { await recorder.Sessions.NextAsync(); }

        Task<SendOutcome>[] sends =
        [
            .. clients.SelectMany(client => Enumerable.Range(0, 20).Select(i => client.SendAsync($"up {i}").Soon())),
            .. recorder.Sessions.All.SelectMany(session => Enumerable.Range(0, 20).Select(i => session.SendAsync($"down {i}").Soon())),
        ];
        await host.StopAsync().Soon();
        foreach (EitConnection _ in clients) { await recorder.Ends.NextAsync(); }
        EitStateChange[] told = await Task.WhenAll(states.Select(seen => seen.UntilAsync(change => change.Code == CloseCode.Draining)));

        Assert.All(await Task.WhenAll(sends), outcome => Assert.Equal(SendOutcome.Processed, outcome));
        Assert.All(told, change => Assert.Equal((EitConnectionState.Connected, EitConnectionState.Waiting), (change.Previous, change.Current)));
        Assert.All(recorder.Ends.All, end => Assert.Equal((CloseCode.Draining, 0), (end.Code, end.Unfinished.Count)));
        Assert.Equal((5, 0), (recorder.Ends.All.Count, host.Sessions.Count));
        Assert.All(heard, messages => Assert.Equal(20, messages.All.Count));
        foreach (EitConnection client in clients) { await client.DisposeAsync().Soon(); }
    }

    [Fact]
    public async Task A_limit_that_can_not_be_is_refused_when_it_is_given_and_closes_nothing()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync(TestHost.Calm);
        await using EitConnection client = host.Client(configure: TestHost.Calm);
        await client.StartAsync().Soon();
        EitSession session = await recorder.Sessions.NextAsync();

        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = session.CloseAsync(limit: TimeSpan.FromMilliseconds(-2)); });
        Assert.Throws<ArgumentOutOfRangeException>(() => session.RequestCycle(Timeout.InfiniteTimeSpan));
        Assert.Throws<ArgumentOutOfRangeException>(() => session.RequestCycle(TimeSpan.MaxValue));
        Assert.Equal(SendOutcome.Processed, await client.SendAsync("goes", new SendOptions { AcceptWithin = TimeSpan.MaxValue, CompleteWithin = TimeSpan.MaxValue, ExpiresAfter = TimeSpan.MaxValue }).Soon());
        await session.CloseAsync(limit: Timeout.InfiniteTimeSpan).Soon();

        Assert.Equal(CloseCode.Closed, (await recorder.Ends.NextAsync()).Code);
    }

    [Fact]
    public async Task A_session_whose_beginning_throws_ends_and_none_of_its_messages_is_handled()
    {
        var recorder = new Recorder { Begin = static _ => throw new InvalidOperationException("may not begin") };
        await using TestHost host = await recorder.HostAsync(TestHost.Calm);
        await using EitConnection client = host.Client(configure: TestHost.Calm);
        var end = new Happenings<EitSessionEnded>();
        client.SessionEnded += (_, ended) => end.Add(ended);

        Task<SendOutcome> sent = client.SendAsync("too early").AsTask();
        await client.StartAsync().Soon();

        Assert.Equal(CloseCode.HandlerFailed, (await end.NextAsync()).Code);
        Assert.NotEqual(SendOutcome.Processed, await sent.Soon());
        Assert.DoesNotContain("too early", recorder.Calls.All);
    }

    [Fact, Clause("C2.8")]
    public async Task A_close_with_a_code_of_which_the_session_lives_is_refused_inside_a_handler_and_loses_nothing()
    {
        var recorder = new Recorder();
        int refused = 0;
        recorder.Answer = async (session, _) =>
        {
            try { await session.CloseAsync(CloseCode.Overloaded); }
            catch (ArgumentException) { Interlocked.Increment(ref refused); }
        };
        await using TestHost host = await recorder.HostAsync(TestHost.Calm);
        await using EitConnection client = host.Client(configure: TestHost.Calm);
        await client.StartAsync().Soon();
        string[] texts = [.. Enumerable.Range(0, 20).Select(static i => $"{i}")];

        SendOutcome[] outcomes = await Task.WhenAll(texts.Select(text => client.SendAsync(text).AsTask())).Soon();

        Assert.All(outcomes, static outcome => Assert.Equal(SendOutcome.Processed, outcome));
        Assert.Equal(["connected", .. texts], recorder.Calls.All);
        Assert.Equal(texts.Length, refused);
    }

    [Fact, Clause("C3.3")]
    public async Task A_stop_of_the_only_server_does_not_wait_for_clients_that_can_go_nowhere_else()
    {
        var recorder = new Recorder();
        var logs = new CapturedLogs();
        await using TestHost host = await recorder.HostAsync(
            options => (options.DrainWindow, options.AcceptsPerSecond) = (TimeSpan.FromMinutes(10), 1),   // Spread over 50 s; the window is longer than this test waits.
            build: builder => LongStop(builder, logs));
        EitConnection[] clients = [.. Enumerable.Range(0, 50).Select(i => host.Client($"user {i}", configure: TestHost.Calm))];
        await Task.WhenAll(clients.Select(client => client.StartAsync().Soon()));
        foreach (EitConnection _ in clients) { await recorder.Sessions.NextAsync(); }

        await host.StopAsync().Soon();

        Assert.Equal(50, recorder.Ends.All.Count);
        Assert.All(recorder.Ends.All, end => Assert.Equal(CloseCode.Draining, end.Code));
        Assert.Contains(logs.Texts, static line => line.Contains("DrainAlone", StringComparison.Ordinal));
        await Task.WhenAll(clients.Select(client => client.DisposeAsync().Soon()));
    }

    [Fact, Clause("C3.2")]
    public async Task A_stop_closes_plain_clients_at_once_and_tells_them()
    {
        var recorder = new Recorder();
        await using TestHost host = await TestHost.StartAsync(
            static app => app.MapEit<Recorder>("/eit").WithPlainClients(),
            static options => options.DrainWindow = TimeSpan.FromMinutes(10),
            build: builder => LongStop(builder, new CapturedLogs()).AddSingleton(recorder));
        await using RawClient first = await RawClient.OpenAsync(host, token: host.Token("ada"), subprotocol: null);
        await using RawClient second = await RawClient.OpenAsync(host, token: host.Token("bob"), subprotocol: null);
        await recorder.Sessions.NextAsync();
        await recorder.Sessions.NextAsync();

        Task stopping = host.StopAsync();
        CloseCode[] codes = await Task.WhenAll(first.UntilClosedAsync(), second.UntilClosedAsync());
        await stopping.Soon();

        Assert.Equal([CloseCode.Draining, CloseCode.Draining], codes);
    }

    private static IServiceCollection LongStop(WebApplicationBuilder builder, CapturedLogs logs) =>
        builder.Services.Configure<HostOptions>(static host => host.ShutdownTimeout = TimeSpan.FromHours(1)).AddSingleton<ILoggerFactory>(logs);

    private static void Quick(EitConnectionOptions options) => options.Redial = new RedialOptions { FirstWait = TimeSpan.FromMilliseconds(10), LongestWait = TimeSpan.FromMilliseconds(50) };

    private static Happenings<string> Hear(EitConnection client)
    {
        var heard = new Happenings<string>();
        client.OnMessage(heard.Add);
        return heard;
    }

    /// <summary>What all handlers and scopes of a server were called for, each under its number.</summary>
    private sealed class Lives
    {
        private int _count;

        internal Happenings<string> Calls { get; } = new();

        internal int Next() => Interlocked.Increment(ref _count);
    }

    private sealed class ScopedThing(Lives lives) : IAsyncDisposable
    {
        internal int Number { get; } = lives.Next();

        public ValueTask DisposeAsync()
        {
            lives.Calls.Add($"{Number} disposed");
            return default;
        }
    }

    /// <summary>Not registered: made for each session, from its scope.</summary>
    private sealed class LivingHandler : EitHandler, IDisposable
    {
        private readonly Lives _lives;
        private readonly int _number;

        public LivingHandler(Lives lives, ScopedThing thing)
        {
            (_lives, _number) = (lives, thing.Number);
            lives.Calls.Add($"{_number} made");
        }

        public override ValueTask OnConnectedAsync(EitSession session) => Tell("connected");

        public override ValueTask OnMessageAsync(EitSession session, string message) => Tell(message);

        public override ValueTask OnOutageAsync(EitSession session, CloseCode code, string reason) => Tell($"outage {code}");

        public override ValueTask OnResumedAsync(EitSession session, TimeSpan outage) => Tell("resumed");

        public override ValueTask OnClosedAsync(EitSession session, EitSessionEnd end) => Tell($"closed {end.Code}");

        public void Dispose() => _lives.Calls.Add($"{_number} handler disposed");

        private ValueTask Tell(string what)
        {
            _lives.Calls.Add($"{_number} {what}");
            return default;
        }
    }
}
