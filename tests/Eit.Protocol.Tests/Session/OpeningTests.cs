using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class OpeningTests
{
    private static readonly TimeSpan s_tick = TimeSpan.FromTicks(1);

    [Fact, Clause("S1.1")]
    public void A_first_frame_other_than_hello_is_a_violation()
    {
        foreach (FrameType type in Enum.GetValues<FrameType>())
        {
            Assert.Equal(type == FrameType.Hello ? null : CloseCode.BadState, FrameRules.OfFirst(EitEnd.Server, type)?.Code);
            Assert.Equal(type == FrameType.Welcome ? null : CloseCode.BadState, FrameRules.OfFirst(EitEnd.Client, type)?.Code);
        }

        World world = new World().Connected();
        Transport wire = world.DialByHand("alice", 2, """{"t":"data","n":1,"text":"no hello"}""");

        Assert.Equal(CloseCode.BadState, wire.Down.Close);
        Assert.Equal(1, world.Server.Directory.Count);
    }

    [Fact, Clause("S1.1")]
    public void A_second_hello_or_welcome_is_a_violation()
    {
        World world = new World().Connected();
        string hello = System.Text.Encoding.UTF8.GetString(world.Wire.Up.Messages[0].Message);

        world.Wire.Up.Inject(hello);

        world.AssertViolated(EitEnd.Server, CloseCode.BadState, "X1.2");
    }

    [Fact, Clause("S2.2")]
    public void A_session_counts_only_after_the_clients_first_frame()
    {
        World world = new();
        world.BeforeStep = static wire => wire.Up.IsFrozen = wire.AtServer is not null;   // What comes behind hello does not get through.
        world.Client.Machine.Start(world.Now);
        world.Settle();
        SessionEnd server = world.Server.Session;
        Assert.False(server.Machine.IsConfirmed);
        Assert.Equal([FrameType.Hello, FrameType.Ack], world.Wire.Up.Frames.Select(static frame => frame.Type));

        world.Feed(EitEnd.Server, """{"t":"ping","id":1}""");
        world.Feed(EitEnd.Server, """{"t":"pong","id":1}""");
        world.Settle();
        Assert.False(server.Machine.IsConfirmed);
        Assert.Equal(0, server.CountOf<SessionOutput.Confirmed>());

        world.BeforeStep = null;
        world.Wire.Thaw();
        world.Settle();
        Assert.True(server.Machine.IsConfirmed);
        Assert.Equal(1, server.CountOf<SessionOutput.Confirmed>());
    }

    [Fact, Clause("S2.2")]
    public void An_unconfirmed_session_ends_in_silence_after_a_quarter_of_its_window()
    {
        World world = new(server: new SessionSettings { ResumeWindow = TimeSpan.FromSeconds(100) });
        world.BeforeStep = static wire => wire.Up.IsFrozen = wire.AtServer is not null;
        world.Client.Machine.Start(world.Now);
        world.Settle();
        SessionEnd server = world.Server.Session;
        world.BeforeStep = null;
        world.DialsFailWith = new DialFailure(DialFailureKind.Network, "no route");

        world.CutTheWire();
        world.Pass(TimeSpan.FromSeconds(25) - s_tick);
        Assert.IsType<SessionState.Detached>(server.Machine.State);
        world.Pass(s_tick);

        Assert.Equal(CloseCode.SessionLost, server.Ended?.Code);
        Assert.Equal(0, server.CountOf<SessionOutput.Confirmed>());
        Assert.Equal(0, world.Server.Directory.Count);
    }

    [Fact, Clause("S2.2")]
    public void A_confirmed_session_waits_for_its_whole_window()
    {
        World world = new World(server: new SessionSettings { ResumeWindow = TimeSpan.FromSeconds(100) }).Connected();
        world.DialsFailWith = new DialFailure(DialFailureKind.Network, "no route");

        world.CutTheWire();
        world.Pass(TimeSpan.FromSeconds(100) - s_tick);
        Assert.IsType<SessionState.Detached>(world.Server.Session.Machine.State);
        world.Pass(s_tick);

        Assert.Equal(CloseCode.SessionLost, world.Server.Session.Ended?.Code);
    }

    [Fact, Clause("S2.3")]
    public void A_new_session_of_an_instance_ends_its_older_one()
    {
        World world = new World().Connected();
        SessionEnd older = world.Server.Session;

        Transport wire = world.DialByHand("alice", new Hello
        {
            Instance = world.Client.Machine.Instance,
            Epoch = 77,
            Want = HelloWant.New,
            Timeout = TimeSpan.FromSeconds(5),
            MessageBytesMax = 1_000,
            Credit = new Credit(1, 1_000),
        });

        Assert.Equal(CloseCode.Superseded, older.Ended?.Code);
        Assert.Equal(CloseCode.Superseded, world.Transports[0].Down.Close);
        Assert.NotSame(older, wire.AtServer);
        Assert.Null(wire.AtServer!.Ended);
    }

    [Fact, Clause("S2.3")]
    public void An_unconfirmed_session_ends_in_silence_when_its_client_says_hello_again()
    {
        World world = new();
        world.BeforeStep = static wire => wire.Down.IsFrozen = true;   // The welcome does not get through.
        world.Client.Machine.Start(world.Now);
        world.Settle();
        world.BeforeStep = null;

        world.Client.Machine.DialFailed(1, new DialFailure(DialFailureKind.Timeout, "no welcome"), world.Now);
        world.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal(2, world.Server.Sessions.Count);
        Assert.Equal(CloseCode.Superseded, world.Server.Sessions[0].Ended?.Code);
        Assert.Equal(0, world.Server.Sessions[0].CountOf<SessionOutput.Confirmed>());
        Assert.Same(world.Server.Session, Assert.Single(world.Server.Directory.All));
        Assert.True(world.Server.Session.Machine.IsConfirmed);
    }

    [Theory, Clause("S2.6")]
    [InlineData(false)]
    [InlineData(true)]
    public void A_hello_that_comes_late_does_not_harm_the_newer_session(bool hasResumed)
    {
        World world = new() { HoldsDials = true };
        world.Client.Machine.Start(world.Now);
        world.Settle();
        DialRequest late = world.Client.Dials.Single();            // It hangs in a proxy.
        world.Client.Machine.DialFailed(late.Epoch, new DialFailure(DialFailureKind.Timeout, "no welcome"), world.Now);
        world.HoldsDials = false;
        world.Pass(TimeSpan.FromSeconds(1));
        InstanceId instance = world.Client.Machine.Instance;
        if (hasResumed) { world.CutTheWire(); }
        world.Pass(TimeSpan.FromSeconds(1));
        Assert.IsType<ClientState.Connected>(world.Client.Machine.State);

        world.LetDialsThrough();
        world.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal(CloseCode.StaleEpoch, world.Wire.Down.Close);
        Assert.Single(world.Server.Sessions);
        Assert.Null(world.Server.Session.Ended);
        Assert.IsType<ClientState.Connected>(world.Client.Machine.State);
        Assert.Equal(instance, world.Client.Machine.Instance);     // It does not take itself for a copy.
    }

    [Fact, Clause("S2.4")]
    public void Two_tabs_of_one_user_are_two_sessions()
    {
        World world = new World().Connected();
        ClientEnd other = world.AddClient("alice");
        other.Machine.Start(world.Now);
        world.Settle();

        world.Client.Session.SendAll("from the first");
        other.Session.SendAll("from the second");
        world.Server.Sessions[0].SendAll("to the first");
        world.Server.Sessions[1].SendAll("to the second");
        world.Transports[0].Cut();
        world.Pass(TimeSpan.FromMinutes(1));

        Assert.Equal(["from the first"], world.Server.Sessions[0].Received);
        Assert.Equal(["from the second"], world.Server.Sessions[1].Received);
        Assert.Equal(["to the first"], world.Client.Session.Received);
        Assert.Equal(["to the second"], other.Session.Received);
        Assert.Equal(2, world.Server.Sessions.Count);
        Assert.All(world.Server.Sessions, static session => Assert.Null(session.Ended));
        Assert.Single(other.Dials);                                // The cut of the one did not touch the other.
    }

    [Fact, Clause("S2.5")]
    public void A_copied_instance_does_not_fight()
    {
        UInt128 copied = 0xC0;
        World world = new();
        ClientEnd first = world.AddClient("alice", mintId: Minting(world, copied));
        ClientEnd second = world.AddClient("alice", mintId: Minting(world, copied));
        first.Machine.Start(world.Now);
        world.Settle();
        SessionId old = first.Session.Machine.Id;

        world.DialsFailWith = new DialFailure(DialFailureKind.Network, "no route");
        second.Machine.Start(world.Now);
        world.Settle();
        world.DialsFailWith = null;
        world.Pass(TimeSpan.FromMinutes(5));

        Assert.Equal(CloseCode.Superseded, first.Sessions[0].Ended?.Code);
        Assert.Equal(new InstanceId(copied), second.Machine.Instance);
        Assert.NotEqual(new InstanceId(copied), first.Machine.Instance);
        Assert.Equal(2, first.Dials.Count);
        Assert.Equal(2, second.Dials.Count);
        Assert.All(first.Dials, static dial => Assert.Equal(HelloWant.New, dial.Hello.Want));
        Assert.NotEqual(old, first.Session.Machine.Id);
        Assert.All((ClientEnd[])[first, second], static client => Assert.IsType<ClientState.Connected>(client.Machine.State));
    }

    [Fact, Clause("S2.6")]
    public void A_copy_whose_epoch_is_not_above_the_sessions_leaves_it_alone()
    {
        UInt128 copied = 0xC0;
        World world = new();
        ClientEnd first = world.AddClient("alice", mintId: Minting(world, copied));
        ClientEnd second = world.AddClient("alice", mintId: Minting(world, copied));
        first.Machine.Start(world.Now);
        world.Settle();

        second.Machine.Start(world.Now);
        world.Pass(TimeSpan.FromMinutes(5));

        Assert.Null(first.Session.Ended);
        Assert.Single(first.Dials);
        Assert.NotEqual(new InstanceId(copied), second.Machine.Instance);
        Assert.All((ClientEnd[])[first, second], static client => Assert.IsType<ClientState.Connected>(client.Machine.State));
    }

    [Theory, Clause("S3.1")]
    [InlineData(1, 10)]
    [InlineData(20, 20)]
    [InlineData(300, 30)]
    public void The_server_moves_the_clients_time_out_into_its_bounds(int asked, int used)
    {
        var settings = new ClientSettings { RacesOnSuspicion = false, Session = new SessionSettings { Timeout = TimeSpan.FromSeconds(asked) } };
        World world = new(settings);
        world.Server.Timeouts = (TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30));
        world.Connected();
        Transport wire = world.Wire;
        wire.Down.IsFrozen = true;

        world.Pass(TimeSpan.FromSeconds(used) - s_tick);
        Assert.Null(wire.Up.Close);
        world.Pass(s_tick);

        Assert.Equal(CloseCode.Timeout, wire.Up.Close);
        var welcome = (Welcome)wire.Down.Frames.First().Body!;
        Assert.Equal(TimeSpan.FromSeconds(used), welcome.ClientTimeout);
    }

    [Fact, Clause("S3.6")]
    public void A_client_does_not_ping_without_end_whatever_time_out_the_server_tells()
    {
        var welcome = new Welcome
        {
            Session = new SessionId(1),
            Secret = "AAAA",
            Epoch = 1,
            IsResumed = false,
            Timeout = TimeSpan.Zero,
            ClientTimeout = TimeSpan.Zero,
            MessageBytesMax = 1,
            Credit = new Credit(1, 1),
            Window = TimeSpan.Zero,
            Spread = TimeSpan.Zero,
        };
        SessionMachine client = SessionMachine.Open(welcome, welcome.DecodeSecret(), new SessionSettings(), new SeededJitter(1), Instant.Zero);
        var writer = new JsonFrameWriter();

        Assert.True(client.Fill(1, writer, Instant.Zero));         // It confirms the session.
        Assert.False(client.WantsToWrite(1, Instant.Zero));
        Assert.Equal(Instant.Zero + (TimeSpan.FromMilliseconds(100) / 3), client.NextDeadline);
        Assert.Equal(TimeSpan.FromMilliseconds(100), client.Timeout);
    }

    [Fact, Clause("S3.2")]
    public void Terms_replace_the_spread_and_the_expiry()
    {
        World world = new World().Connected();
        world.Server.Session.Machine.Announce(new Terms(TimeSpan.FromMilliseconds(1_200), TimeSpan.FromSeconds(100)), world.Now);
        world.Settle();
        Instant announcedAt = world.Now;

        Assert.Equal(announcedAt + TimeSpan.FromSeconds(87.5), world.Client.Machine.NextDeadline);   // It cycles between 80 and 95 % of the remaining life.
        world.CutTheWire();
        var waiting = Assert.IsType<ClientState.Waiting>(world.Client.Machine.State);

        Assert.Equal(world.Now + TimeSpan.FromMilliseconds(600), waiting.RedialAt);   // The middle of the spread.
    }

    [Fact, Clause("S3.2")]
    public void Terms_without_expiry_leave_it()
    {
        World world = new();
        world.Server.Expires = TimeSpan.FromSeconds(100);
        world.Connected();
        Instant cyclesAt = world.Client.Machine.NextDeadline;

        world.Server.Session.Machine.Announce(new Terms(TimeSpan.FromSeconds(9), Expires: null), world.Now);
        world.Settle();

        Assert.Equal(cyclesAt, world.Client.Machine.NextDeadline);
    }

    [Fact, Clause("S3.3")]
    public void At_the_expiry_of_its_credentials_a_transport_is_closed_and_the_session_lives()
    {
        World world = new();
        world.Server.Expires = TimeSpan.FromSeconds(100);
        world.Connected();
        world.DialsFailWith = new DialFailure(DialFailureKind.Network, "no route");   // So that it can't cycle.

        world.Pass(TimeSpan.FromSeconds(100) - s_tick);
        Assert.Null(world.Wire.Down.Close);
        world.DialsFailWith = null;
        world.Pass(s_tick);

        Assert.Equal(CloseCode.Expired, world.Transports[0].Down.Close);
        Assert.Equal(HelloWant.Resume, world.Client.Dials[^1].Hello.Want);
        Assert.IsType<SessionState.Online>(world.Server.Session.Machine.State);
        Assert.Single(world.Server.Sessions);
    }

    [Fact, Clause("S3.3")]
    public void A_client_cycles_before_its_credentials_expire()
    {
        World world = new();
        world.Server.Expires = TimeSpan.FromSeconds(100);
        world.Connected();

        world.Pass(TimeSpan.FromSeconds(1_000));

        Assert.Equal(12, world.Transports.Count);                  // One every 87.5 s.
        Assert.DoesNotContain(world.Transports, static wire => wire.Down.Close == CloseCode.Expired);
        Assert.Equal(0, world.Server.Session.CountOf<SessionOutput.OutageBegan>());
    }

    [Fact, Clause("S3.3")]
    public void A_changed_expiry_is_the_servers_own_too()
    {
        World world = new();
        world.Server.Expires = TimeSpan.FromSeconds(1_000);
        world.Connected();
        world.DialsFailWith = new DialFailure(DialFailureKind.Network, "no route");

        world.Server.Session.Machine.Announce(new Terms(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(50)), world.Now);
        world.Pass(TimeSpan.FromSeconds(50) - s_tick);
        Assert.Null(world.Wire.Down.Close);
        world.Pass(s_tick);

        Assert.Equal(CloseCode.Expired, world.Wire.Down.Close);
    }

    [Fact, Clause("S3.4")]
    public void A_detached_session_ends_after_its_window()
    {
        World world = new World(server: new SessionSettings { ResumeWindow = TimeSpan.FromSeconds(40) }).Connected();
        world.Server.Session.HoldsHandlers = true;
        world.Client.Session.SendAll("unfinished");
        world.Server.Session.SendAll("told");
        world.Settle();
        world.DialsFailWith = new DialFailure(DialFailureKind.Network, "no route");
        world.CutTheWire();
        world.Server.Session.SendAll("waits");

        world.Pass(TimeSpan.FromSeconds(40) - s_tick);
        Assert.Null(world.Server.Session.Ended);
        world.Pass(s_tick);

        Assert.Equal(CloseCode.SessionLost, world.Server.Session.Ended?.Code);
        Assert.Equal(0, world.Server.Directory.Count);
    }

    [Fact, Clause("S3.4")]
    public void A_session_without_a_window_ends_with_its_transport()
    {
        World world = new World(server: new SessionSettings { ResumeWindow = TimeSpan.Zero }).Connected();
        SessionEnd atClient = world.Client.Session;
        SessionEnd atServer = world.Server.Session;

        world.CutTheWire();
        world.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal(CloseCode.SessionLost, atServer.Ended?.Code);
        Assert.Equal(CloseCode.SessionLost, atClient.Ended?.Code);
        Assert.Equal(HelloWant.New, world.Client.Dials[^1].Hello.Want);
        Assert.IsType<ClientState.Connected>(world.Client.Machine.State);
    }

    [Fact, Clause("S3.5", "C2.5")]
    public void A_cycle_to_a_server_that_does_not_know_the_session_moves_without_loss()
    {
        World world = new World().Connected();
        ServerEnd old = world.Server;
        old.Session.HoldsHandlers = true;
        world.Client.Session.SendAll("one", "two");
        old.Session.SendAll("answer");
        world.Settle();
        SessionEnd oldAtClient = world.Client.Session;

        ServerEnd next = world.Deploy();
        world.Client.Cycle();
        world.Pass(TimeSpan.FromSeconds(1));

        // The old session takes nothing more and goes on; the new one waits.
        var welcome = (Welcome)world.Wire.Down.Frames.First().Body!;
        Assert.Equal((false, true), (welcome.IsResumed, welcome.IsStandby));
        Assert.Equal(AcceptResult.Closing, oldAtClient.Send("too late"));
        Assert.Equal(CloseCode.Moved, ((CloseNotice)world.OldWire.Up.Of(FrameType.Close).Single().Body!).Code);
        Assert.False(next.Session.Machine.IsConfirmed);
        Assert.Same(oldAtClient, world.Client.Session);

        old.Session.FinishHandler();
        old.Session.Drive();
        old.Session.FinishHandler();
        world.Settle();

        Assert.Equal([("one", SendOutcome.Processed), ("two", SendOutcome.Processed)], oldAtClient.Outcomes);
        Assert.Equal([("answer", SendOutcome.Processed)], old.Session.Outcomes);
        Assert.Equal(CloseCode.Moved, old.Session.Ended?.Code);
        Assert.Equal(CloseCode.Moved, world.OldWire.Up.Close);
        Assert.True(next.Session.Machine.IsConfirmed);
        Assert.Equal(next.Session.Machine.Id, world.Client.Session.Machine.Id);
        Assert.Equal(2, world.Transports.Count);
        world.Client.Session.SendAll("on the new one");
        world.Settle();
        Assert.Equal(["on the new one"], next.Session.Received);
    }

    /// <summary>Mints a copied id first, and then fresh ones.</summary>
    private static Func<UInt128> Minting(World world, UInt128 first)
    {
        UInt128? next = first;
        return () =>
        {
            UInt128 id = next ?? world.MintId();
            next = null;
            return id;
        };
    }
}
