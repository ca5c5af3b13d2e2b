using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class ResumeTests
{
    private static readonly TimeSpan s_tick = TimeSpan.FromTicks(1);
    private static readonly DialFailure s_noRoute = new(DialFailureKind.Network, "no route");

    [Fact, Clause("R1.1")]
    public void A_message_in_flight_when_the_wire_is_cut_arrives_once_after_the_resume()
    {
        World world = new World().Connected();
        SessionEnd client = world.Client.Session;

        Assert.Equal(AcceptResult.Accepted, client.Send("up"));
        Assert.Equal(AcceptResult.Accepted, world.Server.Session.Send("down"));
        world.Drive();
        world.CutTheWire();
        Assert.Equal(AcceptResult.NotConnected, client.Send("too late"));
        world.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal(["up"], world.Server.Session.Received);
        Assert.Equal(["down"], client.Received);
        Assert.Same(client, world.Client.Session);
        Assert.Equal(2, world.Transports.Count);
        Assert.Equal(FrameType.Hello, world.Wire.Up.Frames.First().Type);
        Assert.Equal(FrameType.Welcome, world.Wire.Down.Frames.First().Type);
        Assert.True(((Welcome)world.Wire.Down.Frames.First().Body!).IsResumed);
    }

    [Fact, Clause("R1.1")]
    public void What_is_processed_in_an_outage_is_told_with_the_resume()
    {
        World world = new World().Connected();
        world.Server.Session.HoldsHandlers = true;
        world.Client.Session.SendAll("one");
        world.Settle();
        world.CutTheWire();

        world.Server.Session.FinishHandler();
        world.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal(new LaneMarks(0, 0, 1, 0), ((Welcome)world.Wire.Down.Frames.First().Body!).Processed);
        Assert.Equal([("one", SendOutcome.Processed)], world.Client.Session.Outcomes);
    }

    [Fact, Clause("R1.2")]
    public void The_proof_is_an_hmac_of_session_and_epoch()
    {
        byte[] secret = [.. Enumerable.Range(0, 32).Select(static index => (byte)index)];
        Assert.True(SessionId.TryParse("0123456789abcdef0123456789abcdef", out SessionId session));
        const string Expected = "eb85d00118d4517d995668fdc4fc1813f0d94c3601e571b411f09fb57d6d2e10";                           // printf %s '<session>:42' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0001…1f

        Assert.Equal(Expected, ResumeProof.Make(secret, session, 42));
        Assert.True(ResumeProof.IsValid(secret, session, 42, Expected));
        Assert.False(ResumeProof.IsValid(secret, session, 43, Expected));
        Assert.False(ResumeProof.IsValid(secret, session, 42, Expected.ToUpperInvariant()));
        Assert.False(ResumeProof.IsValid(secret, session, 42, Expected[..63]));
        Assert.False(ResumeProof.IsValid(secret, session, 42, string.Empty));
        Assert.False(ResumeProof.IsValid(secret, session, 42, new string('é', 64)));
    }

    [Fact, Clause("R1.3")]
    public void A_proof_works_once()
    {
        World world = new World().Connected();
        world.CutTheWire();
        world.Pass(TimeSpan.FromSeconds(1));
        Hello used = world.Client.Dials[^1].Hello;
        UInt128 before = world.Server.Session.Digest;

        Transport replayed = world.DialByHand("alice", used);
        Transport lower = world.DialByHand("alice", used with { Epoch = 1, Proof = world.Client.Session.Machine.Prove(1) });

        Assert.Equal(CloseCode.StaleEpoch, replayed.Down.Close);
        Assert.Equal(CloseCode.StaleEpoch, lower.Down.Close);
        AssertUnharmed(world, before);
    }

    [Fact, Clause("R1.3")]
    public void A_burnt_epoch_is_accepted_until_a_higher_one_has_been()
    {
        World world = new World().Connected();
        world.DialsFailWith = s_noRoute;
        world.CutTheWire();
        world.Pass(TimeSpan.FromSeconds(10));
        Hello late = world.Client.Dials[1].Hello;
        Assert.True(world.Client.Dials.Count > 3);
        world.Client.Machine.Pause(world.Now);
        world.Settle();

        Transport wire = world.DialByHand("alice", late);

        Assert.Null(wire.Down.Close);
        Assert.Same(world.Server.Session, wire.AtServer);
    }

    [Fact, Clause("R1.4")]
    public void A_stolen_session_id_without_the_secret_is_refused()
    {
        World world = new World().Connected();
        UInt128 before = world.Server.Session.Digest;
        SessionId stolen = world.Server.Session.Machine.Id;
        string[] guesses = ["", "00", new('0', 64), ResumeProof.Make(new byte[32], stolen, 9), world.Client.Session.Machine.Prove(8), world.Client.Session.Machine.Prove(9).ToUpperInvariant()];

        foreach (HelloWant want in (HelloWant[])[HelloWant.Resume, HelloWant.Cycle])
        {
            foreach (string guess in guesses)
            {
                Transport wire = world.DialByHand("alice", HelloOf(world, want, epoch: 9) with { Proof = guess });
                Assert.Equal(CloseCode.BadProof, wire.Down.Close);
            }
        }

        AssertUnharmed(world, before);
        Assert.Equal(1, world.Server.Session.Machine.HighestEpoch);
    }

    [Fact, Clause("R1.5")]
    public void A_session_can_not_be_resumed_by_another_principal()
    {
        World world = new World().Connected();
        UInt128 before = world.Server.Session.Digest;

        foreach (HelloWant want in (HelloWant[])[HelloWant.Resume, HelloWant.Cycle])
        {
            Transport wire = world.DialByHand("mallory", HelloOf(world, want, epoch: 9));   // Even with the right proof.
            Assert.Equal(CloseCode.OtherPrincipal, wire.Down.Close);
        }

        AssertUnharmed(world, before);
        Assert.Equal(1, world.Server.Session.Machine.HighestEpoch);
    }

    [Fact, Clause("R1.6")]
    public void A_server_that_lost_the_session_says_so_and_every_message_gets_its_outcome()
    {
        World world = new World(server: new SessionSettings { WindowMessages = 2, WindowMessagesMax = 2 }).Connected();
        ServerEnd dead = world.Server;
        dead.Session.HoldsHandlers = true;
        world.Client.Session.SendAll("handled", "left", "waiting");
        world.Settle();
        dead.Session.FinishHandler();
        world.Settle();                                            // Now "waiting" has credit and has left too.
        world.Client.Session.SendAll("waiting in vain");
        world.Settle();
        SessionEnd old = world.Client.Session;

        world.Deploy();
        world.CutTheWire();
        world.Pass(TimeSpan.FromSeconds(1));

        var welcome = (Welcome)world.Wire.Down.Frames.First().Body!;
        Assert.Equal((false, "unknown", false), (welcome.IsResumed, welcome.Why, welcome.IsStandby));
        Assert.Equal([("handled", SendOutcome.Processed), ("left", SendOutcome.Unknown), ("waiting", SendOutcome.Unknown), ("waiting in vain", SendOutcome.NotSent)], old.Outcomes);
        Assert.Equal(CloseCode.SessionLost, old.Ended?.Code);
        Assert.NotSame(old, world.Client.Session);
        Assert.False(world.Client.Changes.Last().IsResumed);
        Assert.IsType<ClientState.Connected>(world.Client.Machine.State);
    }

    [Fact, Clause("R1.7", "L1.6")]
    public void A_superseded_transport_can_do_nothing()
    {
        World world = new World().Connected();
        Transport old = world.Wire;
        old.CutAt(EitEnd.Client);                                  // The server goes on regarding it as live.
        world.Pass(TimeSpan.FromSeconds(1));
        Assert.Equal(CloseCode.Superseded, old.Down.Close);
        SessionEnd server = world.Server.Session;
        world.Client.Session.SendAll("one");
        world.Pass(TimeSpan.FromMilliseconds(100));
        UInt128 before = server.Digest;
        int outputs = server.Outputs.Count;

        foreach (string late in (string[])
            [
                """{"t":"data","n":2,"text":"late"}""",
                """{"t":"data","n":1,"text":"again"}""",
                """{"t":"ack","received":99,"processed":[0,0,0,0],"credit":[0,0]}""",
                """{"t":"ping","id":1}""",
                """{"t":"switch","last":0}""",
                """{"t":"resend","received":0,"lost":2}""",
                """{"t":"close","code":4000,"reason":"","last":0}""",
                """{"t":"welcome"}""",
                "not json",
            ])
        {
            world.Feed(EitEnd.Server, late, old);
            server.Machine.BytesReceived(old.Epoch, world.Now);
            server.Drive();
        }
        server.Machine.TransportLost(old.Epoch, CloseCode.Malformed, "late", world.Now);
        server.Drive();

        Assert.Equal(before, server.Digest);
        Assert.Equal(outputs, server.Outputs.Count);
        Assert.Null(server.Machine.RoleOf(old.Epoch));
        world.Pass(TimeSpan.FromSeconds(60));                      // Nor does its silence count.
        Assert.IsType<SessionState.Online>(server.Machine.State);
        Assert.Equal(2, world.Transports.Count);
    }

    [Fact, Clause("L1.6")]
    public void A_retiring_transport_that_falls_silent_harms_nothing()
    {
        World world = new World().Connected();
        Transport old = world.Wire;
        old.Freeze();
        world.Client.Session.SendAll("on the old one");
        world.Server.Session.SendAll("on the old one too");
        world.Client.Cycle();

        world.Pass(TimeSpan.FromSeconds(60));

        Assert.Equal(["on the old one"], world.Server.Session.Received);
        Assert.Equal(["on the old one too"], world.Client.Session.Received);
        Assert.All((EitEnd[])[EitEnd.Client, EitEnd.Server], end => Assert.Equal(0, world.End(end).CountOf<SessionOutput.OutageBegan>()));
    }

    [Theory, Clause("R1.8")]
    [InlineData(4, 0)]
    [InlineData(WireLimits.NumberMax, 0)]
    [InlineData(1, 1)]
    [InlineData(0, 0)]
    [InlineData(3, 4)]
    [InlineData(3, WireLimits.NumberMax)]
    public void A_resume_with_impossible_positions_is_a_violation(long received, long processed)
    {
        World world = new World().Connected();
        world.Server.Session.SendAll("one", "two");
        world.Pass(TimeSpan.FromMilliseconds(100));                // Both are acknowledged.
        world.Wire.Down.IsFrozen = true;
        world.Server.Session.SendAll("three");
        world.Settle();

        Transport wire = world.DialByHand("alice", HelloOf(world, HelloWant.Resume, epoch: 9) with { Received = received, Processed = new LaneMarks(0, 0, processed, 0) });

        Assert.Equal(CloseCode.BadAck, wire.Down.Close);
        Assert.Equal((CloseCode.BadAck, "R1.8"), (world.Server.Session.Ended?.Code, world.Server.Session.Ended?.Violation?.Clause));
        Assert.Equal([("one", SendOutcome.Processed), ("two", SendOutcome.Processed), ("three", SendOutcome.Unknown)], world.Server.Session.Outcomes);
    }

    [Theory, Clause("R1.8")]
    [InlineData(1)]
    [InlineData(4)]
    public void A_welcome_with_impossible_positions_is_a_violation(long received)
    {
        World world = new World().Connected();
        world.Client.Session.SendAll("one", "two");
        world.Settle();
        world.HoldsDials = true;
        world.Client.Session.SendAll("three");
        world.CutTheWire();
        world.Pass(TimeSpan.FromSeconds(1));
        Welcome good = (Welcome)world.Wire.Down.Frames.First().Body!;
        SessionEnd client = world.Client.Session;

        world.Client.Machine.Welcomed(2, good with { IsResumed = true, Epoch = 2, Received = received }, TimeSpan.Zero, world.Now);
        world.Settle();

        Assert.Equal((CloseCode.BadAck, "R1.8"), (client.Ended?.Code, client.Ended?.Violation?.Clause));
        Assert.Equal(("three", SendOutcome.Unknown), client.Outcomes[^1]);
    }

    [Fact, Clause("R1.9")]
    public void A_failed_dial_burns_its_epoch()
    {
        World world = new();
        world.DialsFailWith = s_noRoute;
        world.Client.Machine.Start(world.Now);
        world.Pass(TimeSpan.FromSeconds(5));
        world.DialsFailWith = null;
        world.Pass(TimeSpan.FromSeconds(30));
        world.DialsFailWith = s_noRoute;
        world.Client.Cycle();
        world.DialsFailWith = null;
        world.Client.Cycle();
        world.CutTheWire();
        world.Pass(TimeSpan.FromSeconds(5));

        long[] epochs = [.. world.Client.Dials.Select(static dial => dial.Epoch)];
        Assert.Equal(Enumerable.Range(1, epochs.Length).Select(static number => (long)number), epochs);
        Assert.True(epochs.Length > 6);
        Assert.All(world.Client.Dials, static dial => Assert.Equal(dial.Epoch, dial.Hello.Epoch));
        Assert.Equal(world.Client.Dials[^1].Epoch, world.Server.Session.Machine.HighestEpoch);
    }

    [Fact, Clause("R1.10")]
    public void A_client_declares_its_session_lost_after_the_window()
    {
        World world = new World(server: new SessionSettings { ResumeWindow = TimeSpan.FromSeconds(40) }).Connected();
        SessionEnd lost = world.Client.Session;
        world.Wire.Freeze();
        lost.SendAll("left");
        world.Settle();
        world.DialsFailWith = s_noRoute;
        world.CutTheWire();
        lost.SendAll("waiting");

        world.Pass(TimeSpan.FromSeconds(40) - s_tick);
        Assert.Null(lost.Ended);
        Assert.Equal(HelloWant.Resume, world.Client.Dials[^1].Hello.Want);
        world.Pass(s_tick);
        Assert.Equal(CloseCode.SessionLost, lost.Ended?.Code);
        Assert.Equal([("left", SendOutcome.Unknown), ("waiting", SendOutcome.NotSent)], lost.Outcomes);

        world.DialsFailWith = null;
        world.Pass(TimeSpan.FromSeconds(60));
        Assert.Equal(HelloWant.New, world.Client.Dials[^1].Hello.Want);
        Assert.Null(world.Client.Dials[^1].Hello.Session);
        Assert.IsType<ClientState.Connected>(world.Client.Machine.State);
    }

    [Fact, Clause("R1.10")]
    public void A_welcome_that_comes_after_the_session_was_declared_lost_is_refused()
    {
        World world = new World(server: new SessionSettings { ResumeWindow = TimeSpan.FromSeconds(40) }).Connected();
        SessionEnd lost = world.Client.Session;
        world.CutTheWire();
        world.BeforeStep = static wire => wire.Down.IsFrozen = true;   // The session is resumed, but the client does not hear of it.
        world.Pass(TimeSpan.FromSeconds(41));
        Assert.NotNull(lost.Ended);

        world.BeforeStep = null;
        world.Wire.Thaw();
        world.Settle();
        Assert.Equal(CloseCode.SessionLost, world.Wire.Up.Close);
        world.Pass(TimeSpan.FromSeconds(60));

        Assert.Equal(HelloWant.New, world.Client.Dials[^1].Hello.Want);
        Assert.IsType<ClientState.Connected>(world.Client.Machine.State);
        Assert.Equal(1, world.Server.Directory.Count);
    }

    [Fact, Clause("R1.11")]
    public void A_resume_replays_what_was_not_received()
    {
        World world = new World().Connected();
        string[] texts = [.. Enumerable.Range(1, 10).Select(static number => $"message {number}")];
        world.Client.Session.SendAll(texts[..4]);
        world.Server.Session.SendAll(texts[..7]);
        world.Settle();
        world.Wire.Freeze();
        world.Client.Session.SendAll(texts[4..]);
        world.Server.Session.SendAll(texts[7..]);
        world.Settle();

        world.CutTheWire();
        world.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal([5, 6, 7, 8, 9, 10], world.Wire.Up.Numbers);
        Assert.Equal([FrameType.Welcome, FrameType.Data, FrameType.Data, FrameType.Data], world.Wire.Down.Messages[0].Frames.Select(static frame => frame.Type));
        Assert.Equal([FrameType.Ack, .. Enumerable.Repeat(FrameType.Data, 6)], world.Wire.Up.Messages[1].Frames.Select(static frame => frame.Type));
        Assert.Equal(texts, world.Server.Session.Received);
        Assert.Equal(texts, world.Client.Session.Received);
        Assert.Equal(6, world.Client.Session.Outputs.OfType<SessionOutput.Resumed>().Single().Replayed);
        Assert.Equal(3, world.Server.Session.Outputs.OfType<SessionOutput.Resumed>().Single().Replayed);
    }

    /// <summary>What the client would say.</summary>
    private static Hello HelloOf(World world, HelloWant want, long epoch)
    {
        SessionMachine session = world.Client.Session.Machine;
        return new Hello
        {
            Instance = world.Client.Machine.Instance,
            Epoch = epoch,
            Want = want,
            Session = session.Id,
            Proof = session.Prove(epoch),
            Received = session.Received,
            Processed = session.Processed,
            Timeout = TimeSpan.FromSeconds(5),
            MessageBytesMax = 1_000_000,
            Credit = session.Credit,
        };
    }

    private static void AssertUnharmed(World world, UInt128 before)
    {
        Assert.Equal(before, world.Server.Session.Digest);
        world.Client.Session.SendAll("still here");
        world.Server.Session.SendAll("still there");
        world.Settle();
        Assert.Equal("still here", world.Server.Session.Received.Last());
        Assert.Equal("still there", world.Client.Session.Received.Last());
    }
}
