using System.Globalization;
using Eit.Backoff;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server;
using Eit.Server.Channels;
using Eit.Server.Tests.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.EndToEnd.Tests;

public sealed class ChannelServerTests
{
    [Fact]
    public async Task The_channel_server_of_the_seed_runs_as_it_is_written_there()
    {
        var happened = new Happenings<string>();
        TaskCompletionSource longOperation = Patience.NewSource();

        // Create a channel server. ASP.NET Core does the actual listening.
        await using TestHost host = await TestHost.StartAsync(app => app.MapEitChannels("/{**path}", channelServer =>
        {
            EitChannels channels = app.Services.GetRequiredService<EitChannels>();

            // A new channel got created by the first connection to the path.
            // If the app decides that the path is illegal, the listener can throw an exception.
            channelServer.OnChannelCreated(path =>
            {
                // path might be "/tables/1"
                happened.Add($"channelCreated {path}");
                if (!path.StartsWith("/tables/", StringComparison.Ordinal)) { throw new EitChannelRefusedException($"{path} is illegal."); }
            });

            // A channel got deleted because there are no connections to it.
            channelServer.OnChannelDeleted(path =>
            {
                happened.Add($"channelDeleted {path}");
            });

            // A user connected to an existing channel. If the channel did not exist, it will
            // have been created and the "channelCreated" event will have been emitted.
            channelServer.OnConnect(connection =>
            {
                happened.Add($"connect {connection.Channel}"); // <-- this is the channel path.
            });

            channelServer.OnDisconnect(connection =>
            {
                happened.Add($"disconnect {connection.Channel}");
            });

            // Handle a message from a connection. To get the channel, use connection.Channel.
            channelServer.OnMessage(async (connection, message) =>
            {
                happened.Add($"message {message}");
                if (message == "long") { await SomeLongOperationOnTheChannel(connection.Channel); }
                happened.Add($"done {message}");
            });

            async Task SomeLongOperationOnTheChannel(string channel)
            {
                // Get all current connections for a channel.
                happened.Add($"{channels.GetConnectionsByChannel(channel).Count} connections");
                await longOperation.Task;
            }
        }));
        await using EitConnection ada = host.Client("ada", "/tables/1");
        await using EitConnection bob = host.Client("bob", "/tables/1");
        await using EitConnection eve = host.Client("eve", "/chairs/1");
        Happenings<EitStateChange> statesOfEve = eve.Watch();
        await ada.StartAsync().Soon();
        await happened.UntilAsync(what => what == "connect /tables/1");
        await bob.StartAsync().Soon();
        await happened.UntilAsync(what => what == "connect /tables/1");
        Task<SendOutcome> slow = ada.SendAsync("long").Soon();
        await happened.UntilAsync(what => what == "2 connections");
        Task<SendOutcome> queued = bob.SendAsync("short").Soon();
        await bob.CycleAsync().Soon();                              // By its end "short" has come.
        eve.Start();
        EitStateChange refused = await statesOfEve.UntilAsync(EitConnectionState.Refused);
        Assert.False(queued.IsCompleted);
        longOperation.SetResult();
        Assert.Equal((SendOutcome.Processed, SendOutcome.Processed), (await slow, await queued));
        await ada.CloseAsync().Soon();
        await bob.CloseAsync().Soon();
        await happened.UntilAsync(what => what.StartsWith("channelDeleted", StringComparison.Ordinal));

        Assert.Equal((CloseCode.Forbidden, "/chairs/1 is illegal."), (refused.Code, refused.Reason));
        Assert.Equal(
            [
                "channelCreated /tables/1", "connect /tables/1", "connect /tables/1", "message long", "2 connections", "done long", "message short", "done short",
                "disconnect /tables/1", "disconnect /tables/1", "channelDeleted /tables/1",
            ],
            happened.All.Where(what => !what.Contains("/chairs", StringComparison.Ordinal)));
        Assert.Equal(["channelCreated /chairs/1"], happened.All.Where(what => what.Contains("/chairs", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_connection_knows_its_channel_its_user_and_its_request_without_the_credentials()
    {
        TaskCompletionSource<EitSession> connected = Patience.NewSource<EitSession>();
        await using TestHost host = await TestHost.StartAsync(app => app.MapEitChannels("/tables/{id}", channelServer => channelServer.OnConnect(connected.SetResult)));
        await using EitConnection client = host.Client("ada", "/tables/7/?seat=3&seat=4", configure: options =>
        {
            options.Headers["Accept-Language"] = "de";
            options.Headers["Cookie"] = "secret=1";
        });

        await client.StartAsync().Soon();
        EitSession connection = await connected.Task.Soon();

        Assert.Equal(("/tables/7", "/tables/7/", "ada", "7"), (connection.Channel, connection.Path, connection.User, connection.RouteValues["id"]));
        Assert.Equal(["3", "4"], connection.Parameters["seat"]!);
        Assert.Equal("de", connection.Headers["accept-language"]);
        string[] secrets = ["Authorization", "Cookie", "Eit-Hello", "Sec-WebSocket-Key", "Sec-WebSocket-Protocol"];
        Assert.All(secrets, secret => Assert.DoesNotContain(secret, connection.Headers));
    }

    [Fact]
    public async Task A_refusal_that_a_browser_can_read_comes_before_any_message()
    {
        bool isHeard = false;
        await using TestHost host = await TestHost.StartAsync(app => app.MapEitChannels("/tables/{id}", channelServer =>
        {
            channelServer.OnChannelCreated(static async path =>
            {
                await Task.Yield();
                if (path == "/tables/0") { throw new EitChannelRefusedException("There is no table 0."); }
                throw new InvalidOperationException("password=1234");
            });
            channelServer.OnMessage((_, _) => isHeard = true);
        }).WithPlainClients());

        (int? Code, string? Text) illegal = await TryAsync("/tables/0");
        (int? Code, string? Text) failed = await TryAsync("/tables/1");
        await using RawClient plain = await RawClient.OpenAsync(host, token: host.Token("ada"), path: "/tables/0", subprotocol: "eit.plain");
        await plain.UntilClosedAsync();

        Assert.Equal(illegal, (plain.CloseCode, plain.CloseReason));
        Assert.False(isHeard);
        Assert.Equal(((int)CloseCode.Forbidden, "There is no table 0."), illegal);
        Assert.Equal(((int)CloseCode.HandlerFailed, "The channel could not be created."), failed);
        Assert.Equal(1, host.Services.GetRequiredService<EitChannels>().HandlersFailed);

        async Task<(int?, string?)> TryAsync(string path)
        {
            await using RawClient client = await RawClient.OpenAsync(host, RawClient.Hello(), host.Token("ada"), path);
            await client.SendAsync($$"""[{{RawClient.Ack}},{"t":"data","n":1,"text":"hello"}]""");   // At once: it is closed as soon as its session is there.
            await client.UntilClosedAsync();
            return (client.CloseCode, client.CloseReason);
        }
    }

    [Fact]
    public Task A_member_that_is_cut_off_for_10_seconds_never_leaves_and_then_has_every_broadcast_once_and_in_order() => CutOffAsync(
        500,
        static relay =>
        {
            relay.Refuses = true;
            relay.CutAll();
        },
        static relay => relay.Refuses = false);

    [Fact]
    public Task A_member_that_falls_silent_never_leaves_and_then_has_every_broadcast_once_and_in_order() =>
        CutOffAsync(100, static relay => relay.Freeze(), static relay => relay.Thaw());

    private static async Task CutOffAsync(int broadcasts, Action<FaultRelay> cutOff, Action<FaultRelay> mend)
    {
        var happened = new Happenings<string>();
        await using TestHost host = await TestHost.StartAsync(app => app.MapEitChannels("/tables/{id}", channelServer =>
        {
            channelServer.OnConnect(connection => happened.Add($"connect {connection.User}"));
            channelServer.OnDisconnect(connection => happened.Add($"disconnect {connection.User}"));
            channelServer.OnOutage((connection, _) => TellAsync(connection, "outage"));
            channelServer.OnResumed((connection, _) => TellAsync(connection, "resumed"));

            ValueTask TellAsync(EitSession connection, string what)
            {
                app.Services.GetRequiredService<EitChannels>().Broadcast(connection.Channel, $"{what} {connection.User}");
                happened.Add($"{what} {connection.User}");
                return default;
            }
        }));
        EitChannels channels = host.Services.GetRequiredService<EitChannels>();
        await using var relay = new FaultRelay(host.Port);
        await using EitConnection ada = host.Client("ada", "/tables/1");
        await using EitConnection bob = host.Client("bob", "/tables/1");
        await using EitConnection eve = host.Client("eve", "/tables/1", relay.Port, options =>
        {
            options.Redial.LongestWait = TimeSpan.FromSeconds(1);
        });
        var heard = new Happenings<string>[] { Hear(ada), Hear(bob), Hear(eve) };
        await ada.StartAsync().Soon();
        await bob.StartAsync().Soon();
        await eve.StartAsync().Soon();
        for (int i = 0; i < 3; i++) { await happened.UntilAsync(what => what.StartsWith("connect", StringComparison.Ordinal)); }

        // The members are told of what happens as an application would do it: the events are broadcast between the numbers.
        int sent = 0;
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        async Task BroadcastAsync(int count)
        {
            for (int i = 0; i < count && await pace.WaitForNextTickAsync(); i++) { Assert.Equal(3, channels.Broadcast("/tables/1", $"{sent++}").Accepted); }
        }
        await BroadcastAsync(20);
        cutOff(relay);
        await BroadcastAsync(broadcasts);
        await happened.UntilAsync(what => what == "outage eve");
        Assert.True(channels.IsUserConnected("/tables/1", "eve"));
        Assert.Equal(3, channels.GetConnectionsByChannel("/tables/1").Count);
        mend(relay);
        await happened.UntilAsync(what => what == "resumed eve");
        await BroadcastAsync(20);
        foreach (Happenings<string> of in heard) { await of.UntilAsync(text => text == $"{sent - 1}"); }

        string[] numbers = [.. Enumerable.Range(0, sent).Select(number => $"{number}")];
        Assert.All(heard, of => Assert.Equal(numbers, of.All.Where(text => char.IsAsciiDigit(text[0]))));
        Assert.All(heard.Take(2), of => Assert.Equal(["outage eve", "resumed eve"], of.All.Where(text => text.EndsWith("eve", StringComparison.Ordinal) && !text.StartsWith("connect", StringComparison.Ordinal))));
        Assert.DoesNotContain(happened.All, what => what.StartsWith("disconnect", StringComparison.Ordinal));
        Assert.Single(happened.All, what => what == "outage eve");
    }

    [Fact]
    public async Task A_slow_channel_holds_its_senders_to_their_credit_and_a_slow_member_holds_nobody()
    {
        TaskCompletionSource fetched = Patience.NewSource();
        TaskCompletionSource isSlow = Patience.NewSource();
        var handled = new Happenings<string>();
        await using TestHost host = await TestHost.StartAsync(
            app => app.MapEitChannels("/tables/{id}", channelServer => channelServer.OnMessage(async (connection, message) =>
            {
                handled.Add(message);
                app.Services.GetRequiredService<EitChannels>().Broadcast(connection.Channel, message, except: connection);
                if (message == "slow") { await fetched.Task; }
            })),
            options => options.Session = options.Session with { WindowMessages = 16, WindowMessagesMax = 16 });
        EitChannels channels = host.Services.GetRequiredService<EitChannels>();
        await using EitConnection ada = host.Client("ada", "/tables/1");
        await using EitConnection bob = host.Client("bob", "/tables/1");
        await using EitConnection eve = host.Client("eve", "/tables/1");
        eve.OnMessage(async _ => await isSlow.Task);                // A client whose handler does not finish.
        Happenings<string> atBob = Hear(bob);
        Hear(ada);
        await eve.StartAsync().Soon();
        await bob.StartAsync().Soon();
        await ada.StartAsync().Soon();
        await Waits.UntilAsync(() => channels.GetConnectionsByChannel("/tables/1").Count == 3);
        Task<SendOutcome> slow = ada.SendAsync("slow").Soon();
        await handled.UntilAsync(message => message == "slow");

        // Bob has credit for 15 (a sixteenth is for urgent lanes); what he sends beyond it has not left.
        var received = new SendOptions { CompleteWhen = CompleteWhen.Received };
        Task<SendOutcome>[] sends = [.. Enumerable.Range(0, 30).Select(number => bob.SendAsync($"{number}", received).Soon())];
        await Task.WhenAll(sends.Take(15)).Soon();
        await bob.CycleAsync().Soon();                              // It ends with an acknowledgement of all that has come.
        Assert.DoesNotContain(sends.Skip(15), send => send.IsCompleted);
        Assert.Equal(["slow"], handled.All);
        fetched.SetResult();
        await Task.WhenAll(sends).Soon();
        await slow;
        for (int number = 0; number < 30; number++) { await ada.SendAsync($"again {number}").Soon(); }
        await atBob.UntilAsync(text => text == "again 29");
        isSlow.SetResult();

        Assert.Equal(["slow", .. Enumerable.Range(0, 30).Select(number => $"{number}")], handled.All.Where(message => !message.StartsWith("again", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_handler_may_turn_another_member_out_and_wait_for_that()
    {
        TaskCompletionSource<TimeSpan> took = Patience.NewSource<TimeSpan>();
        TaskCompletionSource mayGoOn = Patience.NewSource();
        var happened = new Happenings<string>();
        await using TestHost host = await TestHost.StartAsync(app => app.MapEitChannels("/tables/{id}", channelServer =>
        {
            channelServer.OnConnect(connection => happened.Add($"connect {connection.User}"));
            channelServer.OnDisconnect(connection => happened.Add($"disconnect {connection.User}"));
            channelServer.OnMessage(async (connection, message) =>
            {
                happened.Add(message);
                if (message != "out") { return; }
                await mayGoOn.Task;
                long beganAt = TimeProvider.System.GetTimestamp();
                EitSession bob = app.Services.GetRequiredService<EitChannels>().GetConnectionsByChannel(connection.Channel).Single(member => member.User == "bob");
                await bob.CloseAsync(CloseCode.Forbidden, "Out!");
                took.SetResult(TimeProvider.System.GetElapsedTime(beganAt));
            });
        }));
        await using EitConnection ada = host.Client("ada", "/tables/1");
        await using EitConnection bob = host.Client("bob", "/tables/1");
        Happenings<EitStateChange> statesOfBob = bob.Watch();
        await ada.StartAsync().Soon();
        await bob.StartAsync().Soon();
        await happened.UntilAsync(what => what == "connect bob");
        Task<SendOutcome> sending = ada.SendAsync("out").Soon();
        await happened.UntilAsync(what => what == "out");

        // Bob's message waits for its turn, which the handler holds while it waits for Bob's end.
        await bob.SendAsync("still here", new SendOptions { CompleteWhen = CompleteWhen.Received }).Soon();
        mayGoOn.SetResult();
        TimeSpan time = await took.Task.Soon();
        EitStateChange refused = await statesOfBob.UntilAsync(EitConnectionState.Refused);
        await happened.UntilAsync(what => what == "disconnect bob");

        Assert.Equal((CloseCode.Forbidden, "Out!"), (refused.Code, refused.Reason));
        Assert.Equal(SendOutcome.Processed, await sending);
        Assert.True(time < new SessionSettings().CloseGiveUp, $"{time}");   // Not the time after which a close is given up.
    }

    [Fact]
    public async Task A_member_that_does_not_come_back_within_its_window_leaves_once_and_takes_the_channel_along()
    {
        var happened = new Happenings<string>();
        await using TestHost host = await TestHost.StartAsync(
            app => app.MapEitChannels("/tables/{id}", channelServer =>
            {
                channelServer.OnConnect(connection => happened.Add($"connect {connection.User}"));
                channelServer.OnOutage((connection, _) =>
                {
                    happened.Add($"outage {connection.User}");
                    return default;
                });
                channelServer.OnDisconnect((connection, end) =>
                {
                    happened.Add($"disconnect {connection.User} {end.Code}");
                    return default;
                });
                channelServer.OnChannelDeleted(path => happened.Add($"deleted {path}"));
            }),
            options => options.Session = options.Session with { ResumeWindow = TimeSpan.FromSeconds(1) });
        await using var relay = new FaultRelay(host.Port);
        await using EitConnection ada = host.Client("ada", "/tables/1", relay.Port);
        await ada.StartAsync().Soon();
        await happened.UntilAsync(what => what == "connect ada");

        relay.Refuses = true;
        relay.CutAll();
        await happened.UntilAsync(what => what == "deleted /tables/1");

        Assert.Equal(["connect ada", "outage ada", "disconnect ada SessionLost", "deleted /tables/1"], happened.All);
    }

    [Fact]
    public async Task A_plain_client_and_an_Eit_client_are_members_of_one_channel()
    {
        var happened = new Happenings<string>();
        await using TestHost host = await TestHost.StartAsync(app => app.MapEitChannels("/tables/{id}", channelServer =>
        {
            channelServer.OnConnect(connection => happened.Add($"connect {connection.User}"));
            channelServer.OnDisconnect(connection => happened.Add($"disconnect {connection.User}"));
            channelServer.OnMessage((connection, message) => app.Services.GetRequiredService<EitChannels>().Broadcast(connection.Channel, $"{connection.User}: {message}", except: connection));
        }).WithPlainClients());
        await using EitConnection ada = host.Client("ada", "/tables/1");
        Happenings<string> atAda = Hear(ada);
        await ada.StartAsync().Soon();
        await happened.UntilAsync(what => what == "connect ada");
        await using RawClient bob = await RawClient.OpenAsync(host, token: host.Token("bob"), path: "/tables/1", subprotocol: "eit.plain");
        await happened.UntilAsync(what => what == "connect bob");

        await bob.SendAsync("hello");
        await atAda.UntilAsync(text => text == "bob: hello");
        ada.Send("hi");
        string atBob = await bob.NextTextAsync();
        await bob.DisposeAsync();
        await happened.UntilAsync(what => what == "disconnect bob");

        Assert.Equal("ada: hi", atBob);
        Assert.Equal(["ada"], host.Services.GetRequiredService<EitChannels>().GetConnectionsByChannel("/tables/1").Select(member => member.User));
    }

    [Fact]
    public async Task The_same_path_in_two_branches_of_an_application_is_two_channels()
    {
        var happened = new Happenings<string>();
        await using TestHost host = await TestHost.StartAsync(app =>
        {
            app.Map("/a", branch => branch.UseRouting().UseEndpoints(MapTables));
            app.Map("/b", branch => branch.UseRouting().UseEndpoints(MapTables));

            void MapTables(IEndpointRouteBuilder endpoints) => endpoints.MapEitChannels("/tables/{id}", channelServer =>
                channelServer.OnConnect(connection => happened.Add($"{connection.User} at {connection.Channel}, opened at {connection.Path}")));
        });
        await using EitConnection ada = host.Client("ada", "/a/tables/1");
        await using EitConnection bob = host.Client("bob", "/b/tables/1/");

        await ada.StartAsync().Soon();
        await happened.NextAsync();
        await bob.StartAsync().Soon();
        await happened.NextAsync();

        Assert.Equal(["ada at /a/tables/1, opened at /a/tables/1", "bob at /b/tables/1, opened at /b/tables/1/"], happened.All);
        Assert.Equal(["/a/tables/1", "/b/tables/1"], host.Services.GetRequiredService<EitChannels>().List().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_server_that_closes_on_a_handlers_failure_closes_the_sender_and_not_the_channel()
    {
        var happened = new Happenings<string>();
        await using TestHost host = await TestHost.StartAsync(
            app => app.MapEitChannels("/tables/{id}", channelServer =>
            {
                channelServer.OnConnect(connection => happened.Add($"connect {connection.User}"));
                channelServer.OnDisconnect((connection, end) =>
                {
                    happened.Add($"disconnect {connection.User} {end.Code}");
                    return default;
                });
                channelServer.OnMessage(static (_, message) => throw new InvalidOperationException(message));
            }),
            options => options.ClosesOnHandlerFailure = true);
        await using EitConnection ada = host.Client("ada", "/tables/1");
        await using EitConnection bob = host.Client("bob", "/tables/1");
        await ada.StartAsync().Soon();
        await bob.StartAsync().Soon();
        for (int i = 0; i < 2; i++) { await happened.UntilAsync(what => what.StartsWith("connect", StringComparison.Ordinal)); }

        bob.Send("bad");
        await happened.UntilAsync(what => what == "disconnect bob HandlerFailed");

        Assert.True(ada.IsConnected);
        Assert.Contains("ada", host.Services.GetRequiredService<EitChannels>().GetConnectionsByChannel("/tables/1").Select(member => member.User));
    }

    [Fact]
    public async Task A_host_that_stops_lets_the_channels_save_what_they_have()
    {
        var happened = new Happenings<string>();
        TestHost host = await TestHost.StartAsync(
            app => app.MapEitChannels<SavingHandler>("/tables/{id}"),
            options => options.DrainWindow = TimeSpan.Zero,
            build: builder => builder.Services.AddSingleton(happened).AddScoped<SavingHandler.Database>());
        await using EitConnection client = host.Client("ada", "/tables/1");
        await client.StartAsync().Soon();
        await happened.UntilAsync(what => what == "connect");

        await host.StopAsync().Soon();
        happened.Add("stopped");
        await host.DisposeAsync();

        Assert.Equal(["connect", "disconnect", "saved", "database disposed", "stopped"], happened.All);
    }

    [Fact]
    public async Task Two_hundred_sessions_a_second_come_and_go_and_the_channel_is_created_and_deleted_in_turn()
    {
        int seconds = int.Parse(Environment.GetEnvironmentVariable("EIT_CHURN_SECONDS") ?? "4", CultureInfo.InvariantCulture);
        int sessions = 200 * seconds;
        Presence? presence = null;
        await using TestHost host = await TestHost.StartAsync(
            app => app.MapEitChannels<Presence>("/tables/{id}"),
            options =>
            {
                options.ExemptForDevelopment(unencrypted: true, anonymous: true, "Testing");
                options.AcceptsPerSecond = 10_000;
                options.Limits.SessionsPerOwnerMax = 10_000;
            },
            build: builder => builder.Services.AddSingleton(services => presence = new Presence(services.GetRequiredService<EitChannels>(), "/tables/1")),
            tls: false);
        EitChannels channels = host.Services.GetRequiredService<EitChannels>();
        var chance = new SeededJitter(11);
        async Task VisitAsync(TimeSpan stay)
        {
            await using var client = new EitConnection(new EitConnectionOptions { Url = new Uri($"ws://127.0.0.1:{host.Port}/tables/1"), AllowUnencryptedForDevelopment = true, WatchesNetwork = false });
            await client.StartAsync().Soon();
            Assert.Equal(SendOutcome.Processed, await client.SendAsync("hello").Soon());
            await Waits.FetchAsync(stay);
            await client.CloseAsync().Soon();
        }

        await Churn.RunAsync(sessions, _ => VisitAsync(TimeSpan.FromMilliseconds(20 * chance.Next())));
        await channels.WhenEmpty().Soon();

        presence!.AssertAllCameAndWent(sessions);
        Assert.InRange(presence.Created, 2, sessions);
        Assert.Equal((0, 0), (channels.HandlersFailed, host.Sessions.Count));
    }

    private static Happenings<string> Hear(EitConnection client)
    {
        var heard = new Happenings<string>();
        client.OnMessage(heard.Add);
        return heard;
    }

    /// <summary>One per channel: it saves on deletion, with a service that must still be there.</summary>
    private sealed class SavingHandler(Happenings<string> happened, SavingHandler.Database database) : EitChannelHandler
    {
        public override ValueTask OnConnectAsync(EitSession connection)
        {
            happened.Add("connect");
            return default;
        }

        public override ValueTask OnDisconnectAsync(EitSession connection, EitSessionEnd end)
        {
            happened.Add("disconnect");
            return default;
        }

        public override async ValueTask OnChannelDeletedAsync(string path)
        {
            await Waits.FetchAsync(TimeSpan.FromMilliseconds(500));
            happened.Add(database.IsDisposed ? "lost" : "saved");
        }

        internal sealed class Database(Happenings<string> happened) : IDisposable
        {
            internal bool IsDisposed { get; private set; }

            public void Dispose()
            {
                IsDisposed = true;
                happened.Add("database disposed");
            }
        }
    }
}
