using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

/// <summary>What everything that can happen does to a client, in each of its states.</summary>
public class ClientTableTests
{
    private static readonly DialFailure s_noRoute = new(DialFailureKind.Network, "no route");
    private static readonly DialFailure s_forbidden = new(DialFailureKind.Http, "forbidden") { HttpStatus = 403 };

    private static readonly (string Name, Action<World> Arrange)[] s_places =
    [
        ("idle", static _ => { }),
        ("dialing", static world => StartWith(world, failure: null)),
        ("waiting", static world => StartWith(world, s_noRoute)),
        ("refused", static world => StartWith(world, s_forbidden)),
        ("connected", static world => world.Connected()),
        ("cycling", static world =>
        {
            world.Connected().HoldsDials = true;
            world.Client.Cycle();
        }),
        ("moving", static world =>
        {
            world.Connected().Server.Session.HoldsHandlers = true;
            world.Client.Session.SendAll("at work");
            world.Deploy();
            world.Client.Cycle();
            Assert.NotNull(world.Client.Machine.Standby);
        }),
        ("redialing", static world =>
        {
            world.Connected().HoldsDials = true;
            world.CutTheWire();
            world.Pass(TimeSpan.FromSeconds(1));
        }),
        ("paused", static world =>
        {
            world.Connected().Client.Machine.Pause(world.Now);
            world.Settle();
        }),
        ("closed", static world =>
        {
            world.Connected().Client.Machine.Abandon(CloseCode.Closed, "done");
            world.Settle();
        }),
    ];

    // The columns: idle, dialing, waiting, refused, connected, cycling, moving, redialing, paused, closed. =: nothing has changed.
    // A dial that is due at once begins at once, so that a wait of no time is not seen.
    private static readonly Dictionary<string, (Action<World> Event, string[] Outcomes)> s_table = new()
    {
        ["start"] = (static world => world.Client.Machine.Start(world.Now), ["Dialing", "=", "=", "=", "=", "=", "=", "=", "=", "="]),
        ["time passes"] = (static world => world.Pass(TimeSpan.FromMinutes(8)), ["=", "=", "Dialing", "Dialing", "=", "=", "=", "=", "=", "="]),
        ["a new session is welcomed"] = (static world => Welcome(world, isResumed: false), ["=", "Connected", "=", "=", "=", "=", "=", "Connected", "=", "="]),
        ["a strange session is welcomed as resumed"] = (static world => Welcome(world, isResumed: true), ["=", "Waiting", "=", "=", "=", "=", "=", "Waiting", "=", "="]),
        ["the dial fails"] = (Fail(s_noRoute), ["=", "Waiting", "=", "=", "=", "=", "=", "Waiting", "=", "="]),
        ["the dial is answered 401"] = (Fail(new DialFailure(DialFailureKind.Http, "401") { HttpStatus = 401 }), ["=", "Dialing", "=", "=", "=", "=", "=", "Dialing", "=", "="]),
        ["the dial is answered 403"] = (Fail(s_forbidden), ["=", "Refused", "=", "=", "=", "=", "=", "Refused", "=", "="]),
        ["the dial is closed for good"] = (FailClosed(CloseCode.Closed), ["=", "Closed 4000", "=", "=", "=", "=", "=", "Closed 4000", "=", "="]),
        ["the dial is shut out"] = (FailClosed(CloseCode.BadProof), ["=", "Waiting", "=", "=", "=", "=", "=", "Waiting", "=", "="]),
        ["the network changes"] = (static world => world.Client.Machine.NetworkChanged(world.Now), ["=", "=", "Dialing", "Dialing", "=", "=", "=", "=", "=", "="]),
        ["pause"] = (static world => world.Client.Machine.Pause(world.Now), ["=", "Paused", "Paused", "Paused", "Paused", "Paused", "Paused", "Paused", "=", "="]),
        ["wake"] = (static world => world.Client.Machine.Wake(world.Now), ["=", "=", "=", "=", "=", "=", "=", "=", "Dialing", "="]),
        ["request a cycle"] = (static world => world.Client.Machine.RequestCycle("request", world.Now), ["=", "=", "=", "=", "=", "=", "=", "=", "=", "="]),
        ["begin to close"] = (BeginClose, ["Closed 4000", "Closed 4000", "Closed 4000", "Closed 4000", "=", "=", "=", "=", "Closed 4000", "="]),
        ["abandon"] = (static world => world.Client.Machine.Abandon(CloseCode.Closed, "now"), [.. Enumerable.Repeat("Closed 4000", 9), "="]),
        ["the transport is lost"] = (static world => LoseTransport(world, CloseCode.Lost), ["=", "=", "=", "=", "Waiting", "Dialing", "Waiting", "=", "=", "="]),
        ["the server times the transport out"] = (static world => LoseTransport(world, CloseCode.Timeout), ["=", "=", "=", "=", "Dialing", "Dialing", "Dialing", "=", "=", "="]),
        ["the server is overloaded"] = (static world => LoseTransport(world, CloseCode.Overloaded), ["=", "=", "=", "=", "Waiting", "Dialing", "Waiting", "=", "=", "="]),
        ["the session ends: closed"] = (EndSession(CloseCode.Closed), ["=", "=", "=", "=", "Closed 4000", "Closed 4000", "Closed 4000", "Closed 4000", "Closed 4000", "="]),
        ["the session ends: lost"] = (EndSession(CloseCode.SessionLost), ["=", "=", "=", "=", "Dialing", "Dialing", "=", "=", "=", "="]),
        ["the session ends: draining"] = (EndSession(CloseCode.Draining), ["=", "=", "=", "=", "Waiting", "Waiting", "=", "=", "=", "="]),
        ["the session ends: a violation"] = (EndSession(CloseCode.BadAck), ["=", "=", "=", "=", "Waiting", "Waiting", "=", "=", "=", "="]),
        ["the session ends: forbidden"] = (EndSession(CloseCode.Forbidden), ["=", "=", "=", "=", "Refused", "Refused", "=", "=", "=", "="]),
        ["the session ends: superseded"] = (EndSession(CloseCode.Superseded), ["=", "=", "=", "=", "Waiting", "Waiting", "=", "=", "=", "="]),
    };

    [Fact]
    public void Every_event_in_every_state_of_a_client_has_the_stated_outcome()
    {
        List<string> faults = [];
        foreach ((string name, (Action<World> happen, string[] outcomes)) in s_table)
        {
            Assert.Equal(s_places.Length, outcomes.Length);
            for (int i = 0; i < s_places.Length; i++)
            {
                World world = Enter(s_places[i].Arrange);
                ClientState before = world.Client.Machine.State;

                happen(world);
                world.Drive();

                ClientState after = world.Client.Machine.State;
                string actual = after == before ? "=" : after is ClientState.Closed closed ? $"Closed {(int)closed.Code}" : after.GetType().Name;
                if (actual != outcomes[i]) { faults.Add($"{s_places[i].Name}, {name}: {actual}, not {outcomes[i]}"); }
                AssertConsistent(world, $"{s_places[i].Name}, {name}");
            }
        }
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    [Fact]
    public void A_client_that_is_over_holds_no_transport_and_does_nothing_more()
    {
        foreach ((string name, Action<World> arrange) in s_places)
        {
            World world = Enter(arrange);
            world.Client.Machine.Abandon(CloseCode.Closed, "now");
            world.Settle();
            int dials = world.Client.Dials.Count;

            world.Client.Machine.Start(world.Now);
            world.Client.Machine.Wake(world.Now);
            world.Client.Machine.NetworkChanged(world.Now);
            world.LetDialsThrough();
            world.Pass(TimeSpan.FromMinutes(10));

            Assert.True(world.Client.Machine.State is ClientState.Closed, name);
            Assert.Equal(dials, world.Client.Dials.Count);
            Assert.Equal(Instant.Never, world.Client.NextDeadline);
            Assert.All(world.Transports, wire => Assert.True(wire.Up.Close is not null || wire.Down.Close is not null || wire.Up.IsOver, name));
            Assert.False(world.Client.Machine.RequestCycle("request", world.Now));
        }
    }

    [Fact]
    public void A_session_that_is_closed_for_good_while_its_client_moves_takes_the_new_one_with_it()
    {
        World world = Enter(s_places.Single(static place => place.Name == "moving").Arrange);
        SessionMachine standby = world.Client.Machine.Standby!;

        EndSession(CloseCode.Closed)(world);
        world.Settle();

        Assert.IsType<ClientState.Closed>(world.Client.Machine.State);
        Assert.IsType<SessionState.Ended>(standby.State);
        Assert.NotNull(world.Wire.Up.Close);
    }

    [Fact]
    public void A_new_session_after_a_loss_takes_the_place_of_one_on_standby()
    {
        World world = Enter(s_places.Single(static place => place.Name == "moving").Arrange);
        SessionMachine standby = world.Client.Machine.Standby!;
        world.HoldsDials = false;
        world.Deploy();                                            // A third server, that knows of neither.

        LoseTransport(world, CloseCode.Lost);
        world.Pass(TimeSpan.FromSeconds(5));

        Assert.IsType<ClientState.Connected>(world.Client.Machine.State);
        Assert.IsType<SessionState.Ended>(standby.State);
        Assert.Null(world.Client.Machine.Standby);
        Assert.False(world.Client.Machine.IsCycling);
    }

    /// <summary>What has to hold whatever happens.</summary>
    private static void AssertConsistent(World world, string what)
    {
        ClientMachine machine = world.Client.Machine;
        Assert.True(machine.State is ClientState.Connected == (machine.Session is { IsConnected: true }), $"{what}: {machine.State}, and the session is {machine.Session?.State}.");
        Assert.True(machine.State is not (ClientState.Paused or ClientState.Closed) || machine.Standby is null, $"{what}: a session is on standby.");
        Assert.True(machine.State is not (ClientState.Paused or ClientState.Closed or ClientState.Idle or ClientState.Dialing) || machine.NextDeadline == Instant.Never, $"{what}: {machine.NextDeadline}");
        Assert.True(machine.State is not ClientState.Closed || machine.Session is null or { State: SessionState.Ended }, $"{what}: {machine.Session?.State}");
    }

    private static World Enter(Action<World> arrange)
    {
        World world = new();
        arrange(world);
        world.HoldsDials = true;
        return world;
    }

    private static void StartWith(World world, DialFailure? failure)
    {
        world.HoldsDials = failure is null;
        world.DialsFailWith = failure;
        world.Client.Machine.Start(world.Now);
        world.Drive();
    }

    private static void Welcome(World world, bool isResumed)
    {
        long epoch = world.Client.Dials.LastOrDefault()?.Epoch ?? 0;
        var welcome = new Welcome
        {
            Session = new SessionId(0xF00),
            Secret = isResumed ? null : "AAAA",
            Epoch = epoch,
            IsResumed = isResumed,
            Timeout = TimeSpan.FromSeconds(5),
            ClientTimeout = TimeSpan.FromSeconds(5),
            MessageBytesMax = 1_000,
            Credit = new Credit(1, 1_000),
            Window = TimeSpan.FromSeconds(120),
            Spread = TimeSpan.Zero,
        };
        world.Client.Machine.Welcomed(epoch, welcome, TimeSpan.Zero, world.Now);
    }

    private static Action<World> Fail(DialFailure failure) => world => world.Client.Machine.DialFailed(world.Client.Dials.LastOrDefault()?.Epoch ?? 0, failure, world.Now);

    private static Action<World> FailClosed(CloseCode code) => Fail(new DialFailure(DialFailureKind.Closed, "closed") { Code = code });

    private static void BeginClose(World world) => world.Client.Machine.BeginClose(new CloseNotice(CloseCode.Closed, "done"), takesInbound: true, TimeSpan.FromSeconds(30), world.Now);

    private static void LoseTransport(World world, CloseCode code) => world.Client.Machine.Session?.TransportLost(epoch: 1, code, "gone", world.Now);

    private static Action<World> EndSession(CloseCode code) => world => world.Client.Machine.Session?.Abandon(code, "over");
}
