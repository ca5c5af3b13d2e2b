using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class LivenessTests
{
    private static readonly TimeSpan s_tick = TimeSpan.FromTicks(1);

    [Fact, Clause("L1.1")]
    public void A_quiet_line_carries_a_ping_at_a_third_of_the_time_out()
    {
        World world = Timed(clientSeconds: 30, serverSeconds: 12).Connected();

        // The client pings at a third of the server's time-out after whatever it has sent last.
        world.Pass(TimeSpan.FromSeconds(4) - s_tick);
        Assert.Empty(world.Wire.Up.Of(FrameType.Ping));
        world.Pass(s_tick);
        Assert.Single(world.Wire.Up.Of(FrameType.Ping));
        world.Pass(TimeSpan.FromSeconds(4) - s_tick);
        Assert.Single(world.Wire.Up.Of(FrameType.Ping));

    }

    [Fact, Clause("L1.1")]
    public void A_server_draws_the_time_of_its_first_ping()
    {
        World world = Timed(clientSeconds: 30, serverSeconds: 300).Connected();   // Nothing but the first pings of the server is on the line.

        world.Pass(TimeSpan.FromSeconds(5) - s_tick);
        Assert.Empty(world.Wire.Down.Of(FrameType.Ping));
        world.Pass(s_tick);
        Assert.Single(world.Wire.Down.Of(FrameType.Ping));         // In the middle of the first third; from then on at each third.
        world.Pass(TimeSpan.FromSeconds(10) - s_tick);
        Assert.Single(world.Wire.Down.Of(FrameType.Ping));
        world.Pass(s_tick);
        Assert.Equal(2, world.Wire.Down.Of(FrameType.Ping).Count());
    }

    [Fact, Clause("L1.1")]
    public void What_all_clients_are_told_at_once_leaves_the_times_apart_that_were_drawn()
    {
        World world = Timed(clientSeconds: 30, serverSeconds: 300).Connected();

        world.Pass(TimeSpan.FromSeconds(2));
        world.Server.Session.Machine.Announce(new Terms(TimeSpan.FromSeconds(1), Expires: null), world.Now);
        world.Pass(TimeSpan.FromSeconds(3) - s_tick);
        Assert.Single(world.Wire.Down.Of(FrameType.Terms));
        Assert.Empty(world.Wire.Down.Of(FrameType.Ping));
        world.Pass(s_tick);

        Assert.Single(world.Wire.Down.Of(FrameType.Ping));
    }

    [Fact, Clause("L1.1")]
    public void Whatever_is_sent_takes_the_place_of_a_ping()
    {
        World world = Timed(clientSeconds: 300, serverSeconds: 12).Connected();

        for (int i = 0; i < 100; i++)
        {
            world.Pass(TimeSpan.FromSeconds(3));
            world.Client.Session.Send("not quiet");
            world.Settle();
        }

        Assert.Empty(world.Wire.Up.Of(FrameType.Ping));
        Assert.Null(world.Wire.Up.Close);
    }

    [Fact, Clause("L1.1")]
    public void A_line_without_traffic_lives()
    {
        World world = new World().Connected();

        world.Pass(TimeSpan.FromMinutes(5));

        Assert.Single(world.Transports);
        Assert.Null(world.Wire.Up.Close);
        Assert.Null(world.Wire.Down.Close);
    }

    [Fact, Clause("L1.2")]
    public void A_ping_is_answered_with_its_id()
    {
        World world = new World().Connected();
        long[] ids = [0, 3, 3, WireLimits.NumberMax];

        foreach (long id in ids)
        {
            world.Feed(EitEnd.Server, $$"""{"t":"ping","id":{{id}}}""");
            world.Feed(EitEnd.Client, $$"""{"t":"ping","id":{{id}}}""");
        }
        world.Settle();

        Assert.Equal(ids, world.Wire.Down.Of(FrameType.Pong).Select(static frame => frame.Number));
        Assert.Equal(ids, world.Wire.Up.Of(FrameType.Pong).Select(static frame => frame.Number));
    }

    [Fact, Clause("L1.2")]
    public void Who_asks_without_reading_commits_a_violation()
    {
        World world = new World().Connected();
        world.Server.Session.WritesLeft = 0;                       // The line is stalled: nobody reads at the other end.

        world.Feed(EitEnd.Server, $"[{string.Join(',', Enumerable.Repeat("""{"t":"ping","id":1}""", 1_024))}]");
        world.Drive();
        Assert.Null(world.Server.Session.Ended);
        world.Feed(EitEnd.Server, """{"t":"ping","id":2}""");

        world.AssertViolated(EitEnd.Server, CloseCode.BadState, "L1.2");
    }

    [Fact, Clause("L1.2")]
    public void The_answer_to_a_ping_measures_the_round_trip()
    {
        World world = Timed(clientSeconds: 30, serverSeconds: 12).Connected();
        world.Wire.Down.IsFrozen = true;
        world.Pass(TimeSpan.FromSeconds(4));                       // The client pings.
        world.Pass(TimeSpan.FromMilliseconds(70));

        world.Wire.Thaw();
        world.Settle();
        world.Feed(EitEnd.Client, """{"t":"pong","id":99}""");     // Nobody asked.

        Assert.Equal(TimeSpan.FromMilliseconds(70), world.Client.Session.Machine.RoundTrip.Latest);
    }

    [Theory, Clause("L1.3")]
    [InlineData(EitEnd.Client)]
    [InlineData(EitEnd.Server)]
    public void Bytes_of_an_unfinished_message_prove_life(EitEnd end)
    {
        World world = Timed(clientSeconds: 10, serverSeconds: 10).Connected();
        Transport wire = world.Wire;
        (end == EitEnd.Client ? wire.Down : wire.Up).IsFrozen = true;

        for (int i = 0; i < 10; i++)
        {
            world.Pass(TimeSpan.FromSeconds(9));
            world.End(end).Machine.BytesReceived(wire.Epoch, world.Now);   // A part of a large message.
        }
        Assert.Null(wire.From(end).Close);
        world.Pass(TimeSpan.FromSeconds(10) - s_tick);
        Assert.Null(wire.From(end).Close);
        world.Pass(s_tick);

        Assert.Equal(CloseCode.Timeout, wire.From(end).Close);
    }

    [Theory, Clause("L1.4")]
    [InlineData(EitEnd.Client, 7)]
    [InlineData(EitEnd.Server, 11)]
    public void A_silent_transport_is_given_up_at_the_time_out(EitEnd end, int seconds)
    {
        World world = Timed(clientSeconds: 7, serverSeconds: 11).Connected();
        Transport wire = world.Wire;
        (end == EitEnd.Client ? wire.Down : wire.Up).IsFrozen = true;

        world.Pass(TimeSpan.FromSeconds(seconds) - s_tick);
        Assert.Null(wire.From(end).Close);
        Assert.Null(world.Wire.From(end).Close);
        world.DialsFailWith = new DialFailure(DialFailureKind.Network, "no route");
        world.Pass(s_tick);

        Assert.Equal(CloseCode.Timeout, wire.From(end).Close);
        Assert.Equal(CloseCode.Timeout, world.End(end).Outputs.OfType<SessionOutput.OutageBegan>().Single().Code);
        Assert.IsType<SessionState.Detached>(world.End(end).Machine.State);
    }

    [Fact, Clause("L1.4")]
    public void After_a_silence_the_session_goes_on()
    {
        World world = new World().Connected();
        world.Wire.Freeze();
        world.Client.Session.SendAll("up");
        world.Server.Session.SendAll("down");

        world.Pass(TimeSpan.FromSeconds(5));                       // A client that gives up dials at once.

        Assert.Equal(new SessionState.Online(2), world.Client.Session.Machine.State);
        Assert.Equal(["up"], world.Server.Session.Received);
        Assert.Equal(["down"], world.Client.Session.Received);
    }

    [Fact, Clause("L1.4")]
    public void After_a_sleep_what_has_come_meanwhile_is_read_before_the_verdict()
    {
        World world = new World().Connected();
        world.Wire.Down.IsFrozen = true;                           // What comes while this process sleeps waits in the kernel.
        world.Server.Session.SendAll("meanwhile");
        world.Settle();

        world.Leap(TimeSpan.FromMinutes(1));
        Assert.Null(world.Wire.Up.Close);
        world.Wire.Thaw();
        world.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal(["meanwhile"], world.Client.Session.Received);
        Assert.Null(world.Wire.Up.Close);
    }

    [Fact, Clause("L1.5")]
    public void A_paused_client_keeps_its_session()
    {
        World world = new World().Connected();
        world.Client.Session.SendAll("before");
        world.Settle();

        world.Client.Machine.Pause(world.Now);
        world.Settle();
        world.Server.Session.SendAll("meanwhile");
        world.Pass(TimeSpan.FromSeconds(50));
        Assert.Equal(CloseCode.Detached, world.Wire.Up.Close);
        Assert.Equal(CloseCode.Detached, world.Server.Session.Outputs.OfType<SessionOutput.OutageBegan>().Single().Code);
        Assert.Single(world.Transports);
        Assert.IsType<ClientState.Paused>(world.Client.Machine.State);
        Assert.Equal(Instant.Never, world.Client.Machine.NextDeadline);

        world.Client.Machine.Wake(world.Now);
        world.Settle();                                            // It dials at once.
        Assert.IsType<ClientState.Connected>(world.Client.Machine.State);
        Assert.Single(world.Server.Sessions);
        Assert.Equal(["meanwhile"], world.Client.Session.Received);
    }

    [Fact, Clause("L1.5")]
    public void A_client_that_sleeps_longer_than_the_window_begins_anew()
    {
        World world = new World().Connected();
        SessionEnd old = world.Client.Session;
        world.Client.Machine.Pause(world.Now);

        world.Pass(TimeSpan.FromMinutes(10));
        Assert.Equal(CloseCode.SessionLost, old.Ended?.Code);
        Assert.IsType<ClientState.Paused>(world.Client.Machine.State);
        world.Client.Machine.Wake(world.Now);
        world.Settle();

        Assert.Equal(HelloWant.New, world.Client.Dials[^1].Hello.Want);
        Assert.IsType<ClientState.Connected>(world.Client.Machine.State);
    }

    [Fact, Clause("L1.5")]
    public void A_client_that_pauses_while_it_moves_has_no_transport()
    {
        World world = new World().Connected();
        ServerEnd old = world.Server;
        old.Session.HoldsHandlers = true;
        world.Client.Session.SendAll("one");
        world.Deploy();
        world.Client.Cycle();
        Assert.NotNull(world.Client.Machine.Standby);

        world.Client.Machine.Pause(world.Now);
        world.Pass(TimeSpan.FromSeconds(10));
        Assert.All(world.Transports, static wire => Assert.NotNull(wire.Up.Close));
        old.Session.FinishHandler();
        world.Pass(TimeSpan.FromMinutes(10));
        Assert.IsType<ClientState.Paused>(world.Client.Machine.State);
        world.Client.Machine.Wake(world.Now);
        world.Settle();

        Assert.IsType<ClientState.Connected>(world.Client.Machine.State);
        Assert.Null(world.Client.Machine.Standby);
    }

    private static World Timed(int clientSeconds, int serverSeconds) => new(
        new ClientSettings { RacesOnSuspicion = false, Session = new SessionSettings { Timeout = TimeSpan.FromSeconds(clientSeconds) } },
        new SessionSettings { Timeout = TimeSpan.FromSeconds(serverSeconds) });
}
