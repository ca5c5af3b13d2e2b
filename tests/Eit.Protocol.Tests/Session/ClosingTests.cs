using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class ClosingTests
{
    private static readonly TimeSpan s_tick = TimeSpan.FromTicks(1);
    private static readonly CloseNotice s_done = new(CloseCode.Closed, "done");
    private static readonly DialFailure s_noRoute = new(DialFailureKind.Network, "no route");

    [Fact, Clause("C2.1")]
    public void Close_follows_all_data()
    {
        World world = new World(server: new SessionSettings { WindowMessages = 2, WindowMessagesMax = 2 }).Connected();
        world.Server.Session.HoldsHandlers = true;
        world.Client.Session.SendAll("one", "two", "three");

        BeginClose(world);
        world.Settle();
        Assert.Equal(AcceptResult.Closing, world.Client.Session.Send("too late"));
        Assert.Empty(world.Wire.Up.Of(FrameType.Close));           // The third waits for credit.
        world.Server.Session.FinishHandler();
        world.Settle();

        Assert.Equal([1, 2, 3], world.Wire.Up.Numbers);
        Assert.Equal(FrameType.Close, world.Wire.Up.Messages[^1].Frames[^1].Type);
        Frame close = world.Wire.Up.Of(FrameType.Close).Single();
        Assert.Equal(3, close.Number);
        Assert.Equal(s_done, close.Body);
    }

    [Fact, Clause("C2.2")]
    public void A_peer_that_is_sent_close_sends_what_it_has_and_answers()
    {
        World world = new World(new ClientSettings { RacesOnSuspicion = false, Session = new SessionSettings { WindowMessages = 1, WindowMessagesMax = 1 } }).Connected();
        world.Client.Session.HoldsHandlers = true;
        world.Server.Session.SendAll("one", "two", "three");
        world.Settle();

        BeginClose(world);
        world.Settle();
        Assert.Equal(s_done, world.Server.Session.Outputs.OfType<SessionOutput.PeerCloses>().Single().Notice);
        Assert.Equal(AcceptResult.Closing, world.Server.Session.Send("too late", mayWait: true));
        Assert.Empty(world.Wire.Down.Of(FrameType.Close));
        for (int i = 0; i < 3; i++)
        {
            Assert.Null(world.Client.Session.Ended);
            world.Client.Session.FinishHandler();
            world.Settle();
        }

        Assert.Equal(["one", "two", "three"], world.Client.Session.Received);
        Assert.Equal(3, world.Wire.Down.Of(FrameType.Close).Single().Number);
        Assert.Equal(CloseCode.Closed, world.Server.Session.Ended?.Code);
        Assert.Equal(CloseCode.Closed, world.Client.Session.Ended?.Code);
    }

    [Fact, Clause("C2.3")]
    public void Close_is_repeated_until_it_is_answered()
    {
        World world = Patient().Connected();
        world.Wire.Down.IsFrozen = true;

        BeginClose(world);
        world.Pass(TimeSpan.FromSeconds(2) - s_tick);
        Assert.Single(world.Wire.Up.Of(FrameType.Close));
        world.Pass(s_tick);
        Assert.Equal(2, world.Wire.Up.Of(FrameType.Close).Count());
        world.Pass(TimeSpan.FromSeconds(4));
        Assert.Equal(4, world.Wire.Up.Of(FrameType.Close).Count());

        world.CutTheWire();
        world.Pass(TimeSpan.FromSeconds(1));
        Assert.Single(world.Wire.Up.Of(FrameType.Close));          // On the new transport once more; there it is answered.
        Assert.Equal(CloseCode.Closed, world.Client.Session.Ended?.Code);
        Assert.Equal(CloseCode.Closed, world.Server.Session.Ended?.Code);
    }

    [Fact, Clause("C2.3")]
    public void A_close_goes_over_to_the_new_transport_of_a_cycle()
    {
        World world = new World().Connected().CycleHeldAtTheSwitch();

        BeginClose(world);
        world.Settle();
        Assert.Empty(world.OldWire.Up.Of(FrameType.Close));
        world.Wire.Thaw();
        world.Settle();

        Assert.Equal(CloseCode.Closed, world.Server.Session.Ended?.Code);
        Assert.Equal(CloseCode.Closed, world.Client.Session.Ended?.Code);
    }

    [Fact, Clause("C2.3")]
    public void A_close_that_waits_for_an_old_transport_to_be_taken_back_does_not_stay_due()
    {
        World world = Patient().Connected();
        Transport old = world.Wire;
        world.HoldsDials = true;
        world.Client.Cycle();
        old.Down.IsFrozen = true;
        BeginClose(world);
        world.Settle();
        world.BeforeStep = static wire => wire.Up.IsFrozen |= wire == wire.World.Wire && wire.AtServer is not null;
        world.LetDialsThrough();
        Assert.IsType<SessionState.Crossing>(world.Client.Session.Machine.State);
        world.BeforeStep = null;
        world.Wire.CutAt(EitEnd.Client);
        world.Settle();
        Assert.True(world.Client.Session.Machine.IsHandingOver);   // The answer to its resend does not come.

        world.Pass(TimeSpan.FromSeconds(2));
        Assert.True(world.Client.Session.Machine.NextDeadline > world.Now);
        Assert.Single(old.Up.Of(FrameType.Close));
        old.Thaw();
        world.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal(CloseCode.Closed, world.Client.Session.Ended?.Code);
        Assert.Equal(CloseCode.Closed, world.Server.Session.Ended?.Code);
    }

    [Theory, Clause("C2.4")]
    [InlineData(EitEnd.Client)]
    [InlineData(EitEnd.Server)]
    public void After_a_close_both_ends_know_every_outcome(EitEnd first)
    {
        World world = new World().Connected();
        (SessionEnd closing, SessionEnd answering) = (world.End(first), world.End(first == EitEnd.Client ? EitEnd.Server : EitEnd.Client));
        (closing.HoldsHandlers, answering.HoldsHandlers) = (true, true);
        closing.SendAll("a", "b");
        answering.SendAll("c", "d");
        world.Settle();

        closing.Machine.BeginClose(s_done, takesInbound: true, giveUpAfter: null, world.Now);
        world.Pass(TimeSpan.FromSeconds(3));
        for (int i = 0; i < 2; i++)
        {
            Assert.Null(closing.Ended);
            Assert.Null(answering.Ended);
            closing.FinishHandler();
            world.Settle();
            Assert.Null(closing.Ended);
            answering.FinishHandler();
            world.Settle();
        }

        Assert.Equal([("a", SendOutcome.Processed), ("b", SendOutcome.Processed)], closing.Outcomes);
        Assert.Equal([("c", SendOutcome.Processed), ("d", SendOutcome.Processed)], answering.Outcomes);
        Assert.All((SessionEnd[])[closing, answering], static end => Assert.Equal((CloseCode.Closed, 0), (end.Ended!.Code, end.Ended.Unfinished.Count)));
        Assert.Equal(CloseCode.Closed, world.Wire.From(first).Close);
        Assert.Null(world.Wire.From(first == EitEnd.Client ? EitEnd.Server : EitEnd.Client).Close);   // The first one closes the WebSocket.
    }

    [Fact, Clause("C2.4")]
    public void The_last_acknowledgement_leaves_before_the_end()
    {
        World world = new World().Connected();
        world.Client.Session.HoldsHandlers = true;
        world.Server.Session.Send("not prompt");
        world.Settle();
        BeginClose(world);
        world.Pass(TimeSpan.FromSeconds(1));

        world.Client.Session.FinishHandler();
        world.Settle();                                            // No time passes: what is owed may not wait.

        Assert.NotNull(world.Client.Session.Ended);
        Assert.Empty(world.Server.Session.Ended!.Unfinished);
    }

    [Fact, Clause("C2.4")]
    public void Two_ends_that_close_at_once_both_end()
    {
        World world = new World().Connected();
        world.Client.Session.SendAll("up");
        world.Server.Session.SendAll("down");

        BeginClose(world);
        world.Server.Session.Machine.BeginClose(new CloseNotice(CloseCode.Draining, "stop"), takesInbound: true, giveUpAfter: null, world.Now);
        world.Settle();

        Assert.All((EitEnd[])[EitEnd.Client, EitEnd.Server], end => Assert.NotNull(world.End(end).Ended));
        Assert.Equal([("up", SendOutcome.Processed)], world.Client.Session.Outcomes);
        Assert.Equal([("down", SendOutcome.Processed)], world.Server.Session.Outcomes);
    }

    [Fact, Clause("C2.4")]
    public void A_close_that_does_not_take_inbound_tells_what_was_dropped_as_unknown()
    {
        World world = new World().Connected();
        world.Client.Session.HoldsHandlers = true;
        world.Server.Session.SendAll("at work", "waits");
        world.Settle();

        world.Client.Machine.BeginClose(s_done, takesInbound: false, TimeSpan.FromSeconds(30), world.Now);
        world.Settle();

        Assert.Equal(["at work"], world.Client.Session.Received);
        Assert.Equal([("at work", SendOutcome.Unknown), ("waits", SendOutcome.Unknown)], world.Server.Session.Outcomes);
        Assert.IsType<ClientState.Closed>(world.Client.Machine.State);
    }

    [Fact, Clause("C2.4")]
    public void A_close_whose_answer_was_cut_off_goes_on_after_the_resume()
    {
        World world = new World().Connected();
        world.Client.Session.SendAll("up");
        world.Wire.Down.IsFrozen = true;

        BeginClose(world);
        world.Settle();
        Assert.Single(world.Wire.Down.Of(FrameType.Close));        // The server has answered, and everything is settled there.
        world.CutTheWire();
        Assert.IsType<SessionState.Detached>(world.Server.Session.Machine.State);
        world.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal([("up", SendOutcome.Processed)], world.Client.Session.Outcomes);
        Assert.All((EitEnd[])[EitEnd.Client, EitEnd.Server], end => Assert.Equal(CloseCode.Closed, world.End(end).Ended?.Code));
        Assert.Single(world.Server.Sessions);
    }

    [Fact, Clause("C2.4")]
    public void A_client_whose_server_has_closed_opens_no_new_session()
    {
        World world = new World().Connected();
        world.Server.Session.Machine.BeginClose(s_done, takesInbound: true, giveUpAfter: null, world.Now);
        world.BeforeStep = wire =>
        {
            if (wire.Down.Close is not null) { wire.Cut(); }       // The close of the WebSocket does not get through.
        };

        world.Settle();
        world.BeforeStep = null;
        Assert.NotNull(world.Server.Session.Ended);
        Assert.Null(world.Client.Session.Ended);
        world.Pass(TimeSpan.FromSeconds(10));

        Assert.Equal(new ClientState.Closed(CloseCode.Closed, "done"), world.Client.Machine.State);
        Assert.Single(world.Client.Sessions);
    }

    [Fact, Clause("C2.4")]
    public void A_client_whose_server_has_closed_to_be_redialled_goes_on_with_a_new_session()
    {
        World world = new World().Connected();
        SessionEnd old = world.Client.Session;
        world.Server.Session.Machine.BeginClose(new CloseNotice(CloseCode.Draining, "stop"), takesInbound: true, giveUpAfter: null, world.Now);
        world.BeforeStep = wire =>
        {
            if (wire.Down.Close is not null) { wire.Cut(); }       // The close of the WebSocket does not get through.
        };

        world.Settle();
        world.BeforeStep = null;
        world.Pass(TimeSpan.FromSeconds(10));

        Assert.Equal(CloseCode.Draining, old.Ended?.Code);
        Assert.NotSame(old, world.Client.Session);
        Assert.IsType<ClientState.Connected>(world.Client.Machine.State);
    }

    [Fact, Clause("C2.4")]
    public void A_session_that_was_closed_and_whose_peer_does_not_come_back_ends_as_closed()
    {
        World world = new World().Connected();
        world.Wire.Down.IsFrozen = true;
        BeginClose(world);
        world.Settle();
        world.HoldsDials = true;
        world.CutTheWire();

        world.Pass(TimeSpan.FromMinutes(5));

        Assert.Equal((CloseCode.Closed, 0), (world.Server.Session.Ended!.Code, world.Server.Session.Ended.Unfinished.Count));
        Assert.Equal(0, world.Server.Directory.Count);
    }

    [Fact, Clause("C2.4")]
    public void A_client_that_closes_opens_no_new_session()
    {
        World world = new World().Connected();
        SessionEnd old = world.Client.Session;
        world.Server.Session.HoldsHandlers = true;
        old.SendAll("left");
        world.Settle();
        BeginClose(world);
        world.Settle();

        world.Deploy();                                            // The server has died, and the one in its place knows nothing.
        world.CutTheWire();
        world.Pass(TimeSpan.FromSeconds(10));

        Assert.Equal(new ClientState.Closed(CloseCode.Closed, "done"), world.Client.Machine.State);
        Assert.Single(world.Client.Sessions);
        Assert.Equal([("left", SendOutcome.Unknown)], old.Outcomes);
        Assert.NotNull(world.Wire.Up.Close);
        Assert.False(world.Server.Session.Machine.IsConfirmed);
    }

    [Fact, Clause("C2.4")]
    public void A_client_that_closes_while_it_cycles_to_another_server_does_not_move()
    {
        World world = new World().Connected();
        ServerEnd old = world.Server;
        old.Session.HoldsHandlers = true;
        world.Client.Session.SendAll("one");
        world.Settle();
        world.Deploy();
        world.HoldsDials = true;
        world.Client.Cycle();

        BeginClose(world);
        world.LetDialsThrough();
        old.Session.FinishHandler();
        world.Pass(TimeSpan.FromMinutes(1));

        Assert.Equal(new ClientState.Closed(CloseCode.Closed, "done"), world.Client.Machine.State);
        Assert.Equal([("one", SendOutcome.Processed)], world.Client.Sessions[0].Outcomes);
        Assert.All(world.Transports, static wire => Assert.NotNull(wire.Up.Close));
        Assert.Equal(0, world.Server.Directory.Count);
    }

    [Fact, Clause("C2.6")]
    public void A_close_that_nobody_answers_is_given_up()
    {
        World world = Patient().Connected();
        world.Server.Session.HoldsHandlers = true;
        world.Client.Session.SendAll("at work");
        world.Settle();

        BeginClose(world);
        world.Pass(TimeSpan.FromSeconds(30) - s_tick);
        Assert.Null(world.Client.Session.Ended);
        Assert.Null(world.Server.Session.Ended);
        world.Pass(s_tick);

        Assert.Equal(CloseCode.Closed, world.Client.Session.Ended?.Code);
        Assert.Equal([("at work", SendOutcome.Unknown)], world.Client.Session.Outcomes);
        Assert.IsType<ClientState.Closed>(world.Client.Machine.State);
        Assert.NotNull(world.Server.Session.Ended);
    }

    [Fact, Clause("C2.6")]
    public void A_close_in_an_outage_is_given_up()
    {
        World world = new World().Connected();
        world.HoldsDials = true;
        world.CutTheWire();
        world.Client.Session.SendAll("waits");

        BeginClose(world);
        world.Pass(TimeSpan.FromSeconds(30) - s_tick);
        Assert.Null(world.Client.Session.Ended);
        world.Pass(s_tick);

        Assert.Equal([("waits", SendOutcome.NotSent)], world.Client.Session.Outcomes);
        Assert.IsType<ClientState.Closed>(world.Client.Machine.State);
    }

    [Fact, Clause("C2.7")]
    public void Data_after_close_is_a_violation()
    {
        World world = new World().Connected();

        world.Wire.Up.Inject("""[{"t":"data","n":1,"text":"a"},{"t":"close","code":4000,"reason":"done","last":2},{"t":"data","n":2,"text":"b"}]""");
        world.Wire.Up.Inject("""{"t":"data","n":3,"text":"c"}""");
        world.Settle();

        world.AssertViolated(EitEnd.Server, CloseCode.BadState, "C2.7");
        Assert.Equal(["a", "b"], world.Server.Session.Received);
    }

    [Fact, Clause("C2.7")]
    public void A_close_below_what_has_come_is_a_violation()
    {
        World world = new World().Connected();
        world.Client.Session.SendAll("one");
        world.Settle();

        world.Feed(EitEnd.Server, """{"t":"close","code":4000,"reason":"done","last":0}""");

        world.AssertViolated(EitEnd.Server, CloseCode.BadNumber, "C2.7");
    }

    [Fact, Clause("C3.1")]
    public void Every_message_gets_its_outcome_when_a_session_ends()
    {
        World world = new World(server: new SessionSettings { WindowMessages = 2, WindowMessagesMax = 2, MessageBytesMax = 40_000, WindowBytes = 40_000, WindowBytesMax = 40_000 }).Connected();
        world.Server.Session.HoldsHandlers = true;
        string large = new('l', 40_000);
        world.Client.Session.SendAll("processed", "received");
        world.Settle();
        world.Server.Session.FinishHandler();
        world.Settle();
        world.Client.Session.SendAll(large, "waiting");            // The last piece of the large one has no credit.
        world.Settle();
        world.Client.Session.Send("nobody asks");

        world.Client.Session.Machine.Abandon(CloseCode.Closed, "now");
        world.Settle();

        Assert.Equal([("processed", SendOutcome.Processed), ("received", SendOutcome.Unknown), (large, SendOutcome.Unknown), ("waiting", SendOutcome.NotSent)], world.Client.Session.Outcomes);
        Assert.Equal([2L, 3, 4, 5], world.Client.Session.Ended!.Unfinished.Select(static outcome => outcome.Id));
        Assert.Equal(["processed", "received"], world.Server.Session.Received);
    }

    [Fact, Clause("C3.1")]
    public void A_message_told_as_received_is_told_as_unknown_at_the_end()
    {
        World world = new World().Connected();
        world.Server.Session.HoldsHandlers = true;
        world.Client.Session.Send("received", isAwaited: true, when: CompleteWhen.Received);
        world.Client.Session.Send("not told yet", isAwaited: true, when: CompleteWhen.Processed);
        world.Pass(TimeSpan.FromSeconds(1));

        world.Client.Session.Machine.Abandon(CloseCode.Closed, "now");
        world.Settle();

        Assert.Equal([("received", SendOutcome.Received), ("not told yet", SendOutcome.Unknown)], world.Client.Session.Outcomes);
        Assert.Equal([1L, 2], world.Client.Session.Ended!.Unfinished.Select(static outcome => outcome.Id));   // Nobody waits for the first any more.
    }

    [Fact, Clause("C2.6")]
    public void A_failed_dial_does_not_end_a_close_with_messages_in_it()
    {
        World world = new World().Connected();
        world.CutTheWire();
        world.Client.Session.SendAll("waits");
        BeginClose(world);

        world.DialsFailWith = s_noRoute;
        world.Pass(TimeSpan.FromSeconds(5));
        Assert.True(world.Client.Dials.Count > 2);
        world.DialsFailWith = null;
        world.Pass(TimeSpan.FromSeconds(20));

        Assert.IsType<ClientState.Closed>(world.Client.Machine.State);
        Assert.Equal([("waits", SendOutcome.Processed)], world.Client.Session.Outcomes);
    }

    [Fact, Clause("C2.6")]
    public void A_failed_dial_ends_a_close_with_nothing_to_send()
    {
        World world = new World().Connected();
        world.CutTheWire();
        BeginClose(world);

        world.DialsFailWith = s_noRoute;
        world.Pass(TimeSpan.FromSeconds(1));

        Assert.IsType<ClientState.Closed>(world.Client.Machine.State);
    }

    private static void BeginClose(World world) => world.Client.Machine.BeginClose(s_done, takesInbound: true, new SessionSettings().CloseGiveUp, world.Now);

    /// <summary>A world in which no silence is too long.</summary>
    private static World Patient() => new(
        new ClientSettings { RacesOnSuspicion = false, Session = new SessionSettings { Timeout = TimeSpan.FromMinutes(5) } },
        new SessionSettings { Timeout = TimeSpan.FromMinutes(5) });
}
