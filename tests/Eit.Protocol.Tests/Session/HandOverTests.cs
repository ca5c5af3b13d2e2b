using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class HandOverTests
{
    private static readonly TimeSpan s_gapWait = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_tick = TimeSpan.FromTicks(1);

    [Theory, Clause("H1.1")]
    [InlineData("drain")]
    [InlineData("age")]
    [InlineData("request")]
    public void A_client_that_is_asked_to_cycle_does(string why)
    {
        World world = new World().Connected();

        world.Server.Session.Machine.AskToCycle(new CycleRequest(why, TimeSpan.FromSeconds(20)));
        world.Settle();
        Assert.Single(world.Transports);                           // The moment is drawn.
        world.Pass(TimeSpan.FromSeconds(20));

        Assert.Equal(2, world.Transports.Count);
        Assert.Equal((HelloWant.Cycle, why), (world.Client.Dials[^1].Hello.Want, world.Client.Dials[^1].Hello.Why));
        Assert.Equal(new SessionState.Online(2), world.Client.Session.Machine.State);
        Assert.Equal(new SessionState.Online(2), world.Server.Session.Machine.State);
    }

    [Fact, Clause("H1.1")]
    public void A_cycle_that_is_asked_for_during_another_follows_it()
    {
        World world = new World().Connected().CycleHeldAtTheSwitch();

        world.Server.Session.Machine.AskToCycle(new CycleRequest("drain", TimeSpan.FromSeconds(20)));
        world.Settle();
        world.Wire.Thaw();
        world.Settle();
        Assert.Equal(2, world.Transports.Count);
        world.Pass(TimeSpan.FromSeconds(20));

        Assert.Equal(3, world.Transports.Count);
        Assert.Equal("drain", world.Client.Dials[^1].Hello.Why);
    }

    [Fact, Clause("H1.1")]
    public void A_cycle_that_is_asked_for_while_the_client_dials_another_follows_it()
    {
        World world = new World().Connected();
        world.HoldsDials = true;
        world.Client.Cycle();

        world.Server.Session.Machine.AskToCycle(new CycleRequest("drain", TimeSpan.FromSeconds(20)));
        world.Settle();
        world.LetDialsThrough();
        Assert.Equal(new SessionState.Online(2), world.Client.Session.Machine.State);
        world.Pass(TimeSpan.FromSeconds(20));

        Assert.Equal(new SessionState.Online(3), world.Client.Session.Machine.State);
    }

    [Fact, Clause("H1.2")]
    public void A_cycle_replays_nothing()
    {
        World world = new World().Connected();
        world.Wire.Freeze();
        world.Client.Session.SendAll("up 1", "up 2");
        world.Server.Session.SendAll("down 1", "down 2");
        world.Settle();

        world.Client.Cycle();
        world.Client.Session.SendAll("up 3");
        world.Server.Session.SendAll("down 3");
        world.Settle();
        var hello = (Hello)world.Wire.Up.Frames.First().Body!;
        var welcome = (Welcome)world.Wire.Down.Frames.First().Body!;
        Assert.Equal((0, 0), (hello.Received, welcome.Received));
        world.OldWire.Thaw();
        world.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal([1, 2], world.OldWire.Up.Numbers);
        Assert.Equal([3], world.Wire.Up.Numbers);
        Assert.Equal([1, 2], world.OldWire.Down.Numbers);
        Assert.Equal([3], world.Wire.Down.Numbers);
        Assert.Equal(["up 1", "up 2", "up 3"], world.Server.Session.Received);
        Assert.Equal(["down 1", "down 2", "down 3"], world.Client.Session.Received);
        Assert.DoesNotContain(world.Wire.Up.Frames.Concat(world.Wire.Down.Frames), static frame => frame.Type == FrameType.Resend);
    }

    [Fact, Clause("H1.3")]
    public void After_welcome_the_client_switches_and_sends_on_the_new_transport()
    {
        World world = new World().Connected();
        world.Client.Session.SendAll("one", "two", "three");
        world.Settle();

        world.CycleHeldAtTheSwitch();
        world.Client.Session.SendAll("four");
        world.Settle();

        Frame[] onNew = [.. world.Wire.Up.Frames];
        Assert.Equal([FrameType.Hello, FrameType.Switch, FrameType.Data], onNew.Select(static frame => frame.Type));
        Assert.Equal((3, 4), (onNew[1].Number, onNew[2].Number));
        Assert.Equal([1, 2, 3], world.OldWire.Up.Numbers);
    }

    [Fact, Clause("H1.4")]
    public void The_server_switches_when_the_clients_switch_comes()
    {
        World world = new World().Connected();
        world.Server.Session.SendAll("one");
        world.Settle();

        world.CycleHeldAtTheSwitch();
        world.Server.Session.SendAll("two");
        world.Settle();
        Assert.Equal([1, 2], world.OldWire.Down.Numbers);
        Assert.Equal([FrameType.Welcome], world.Wire.Down.Frames.Select(static frame => frame.Type));
        world.Wire.Thaw();
        world.Settle();
        world.Server.Session.SendAll("three");
        world.Settle();

        Assert.Equal([1, 2], world.OldWire.Down.Numbers);
        Frame serversSwitch = world.Wire.Down.Of(FrameType.Switch).Single();
        Assert.Equal(2, serversSwitch.Number);
        Assert.Equal([3], world.Wire.Down.Numbers);
        Assert.True(world.Wire.Down.Frames.ToList().IndexOf(serversSwitch) < world.Wire.Down.Frames.ToList().FindIndex(static frame => frame.Type == FrameType.Data));
        Assert.Equal(["one", "two", "three"], world.Client.Session.Received);
    }

    [Fact, Clause("H1.5")]
    public void What_comes_early_on_the_new_transport_waits_for_the_old_one()
    {
        World world = new World().Connected();
        world.Wire.Freeze();
        world.Client.Session.SendAll("up 1", "up 2");
        world.Server.Session.SendAll("down 1");
        world.Client.Cycle();
        world.Client.Session.SendAll("up 3", "up 4");
        world.Server.Session.SendAll("down 2", "down 3");
        world.Settle();
        Assert.Empty(world.Server.Session.Received);
        Assert.Empty(world.Client.Session.Received);
        Assert.Equal(2 * (256 + 4), world.Server.Session.Machine.BytesHeld - (3 * (6 + HoldSizes.Entry)));   // Two that came early; three of its own of six bytes.

        world.OldWire.Thaw();
        world.Settle();

        Assert.Equal(["up 1", "up 2", "up 3", "up 4"], world.Server.Session.Received);
        Assert.Equal(["down 1", "down 2", "down 3"], world.Client.Session.Received);
    }

    [Fact, Clause("H1.5")]
    public void Data_on_the_new_transport_before_switch_is_a_violation()
    {
        World atServer = new World().Connected().CycleHeldAtTheSwitch();
        atServer.Feed(EitEnd.Server, """{"t":"data","n":1,"text":"early"}""");
        atServer.AssertViolated(EitEnd.Server, CloseCode.BadState, "X1.2");

        World atClient = new World().Connected().CycleHeldAtTheSwitch();
        atClient.Feed(EitEnd.Client, """{"t":"data","n":1,"text":"early"}""");
        atClient.AssertViolated(EitEnd.Client, CloseCode.BadState, "H1.5");
    }

    [Fact, Clause("H1.5")]
    public void Data_on_the_old_transport_above_the_announced_number_is_a_violation()
    {
        World world = new World().Connected();
        world.Client.Session.SendAll("one");
        world.Settle();
        world.CycleHeldAtTheServersSwitch();

        world.Feed(EitEnd.Server, """{"t":"data","n":2,"text":"beyond"}""", world.OldWire);

        world.AssertViolated(EitEnd.Server, CloseCode.BadNumber, "N1.2");
    }

    [Fact, Clause("H1.6")]
    public void A_gap_that_does_not_close_is_resent_on_the_new_transport()
    {
        World world = new World().Connected();
        world.Wire.Up.IsFrozen = true;
        world.Client.Session.SendAll("one", "two");
        world.Client.Cycle();
        world.Client.Session.SendAll("three");
        world.Pass(s_gapWait - s_tick);
        Assert.Empty(world.Wire.Down.Of(FrameType.Resend));
        Assert.Empty(world.Server.Session.Received);
        world.Pass(s_tick);

        Frame resend = world.Wire.Down.Of(FrameType.Resend).Single();
        Assert.Equal((0, 1), (resend.Number, ((Resend)resend.Body!).Lost));
        Assert.Equal([3, 1, 2, 3], world.Wire.Up.Numbers);
        Assert.Equal(CloseCode.Cycled, world.OldWire.Down.Close);
        Assert.Equal(["one", "two", "three"], world.Server.Session.Received);
        world.OldWire.Thaw();                                      // A is superseded: what it delivers now means nothing.
        world.Pass(TimeSpan.FromSeconds(1));
        Assert.Equal(["one", "two", "three"], world.Server.Session.Received);
        Assert.Equal(new SessionState.Online(2), world.Client.Session.Machine.State);
        Assert.Equal(new SessionState.Online(2), world.Server.Session.Machine.State);
    }

    [Fact, Clause("H1.7")]
    public void A_transport_that_is_taken_back_is_left_again_before_its_own_credentials_end()
    {
        var world = new World();
        world.Server.Expires = TimeSpan.FromSeconds(100);
        world.Connected();
        world.BeforeStep = static wire => wire.Up.IsFrozen |= wire == wire.World.Wire && wire.AtServer is not null && wire.World.Transports.Count == 2;
        world.Pass(TimeSpan.FromSeconds(88));
        Assert.True(world.Client.Session.Machine.IsHandingOver);
        world.BeforeStep = null;

        world.Wire.Cut();
        world.Pass(TimeSpan.FromSeconds(30));

        Assert.Equal(0, world.Client.Session.CountOf<SessionOutput.OutageBegan>());
        Assert.Equal(new SessionState.Online(3), world.Client.Session.Machine.State);
    }

    [Fact, Clause("H1.6")]
    public void The_wait_for_a_gap_is_three_round_trips_where_those_are_longer()
    {
        World world = new World().Connected();
        world.Server.Session.Machine.RoundTripMeasured(TimeSpan.FromMilliseconds(200));
        world.Wire.Up.IsFrozen = true;
        world.Client.Session.SendAll("one");
        world.Client.Cycle();

        world.Pass(TimeSpan.FromMilliseconds(600) - s_tick);
        Assert.Empty(world.Server.Session.Received);
        world.Pass(s_tick);

        Assert.Equal(["one"], world.Server.Session.Received);
    }

    [Theory, Clause("H1.6")]
    [InlineData(EitEnd.Client)]
    [InlineData(EitEnd.Server)]
    public void A_gap_is_asked_for_at_once_when_the_old_transport_is_lost(EitEnd receiver)
    {
        World world = new World().Connected();
        SessionEnd sender = world.End(receiver == EitEnd.Client ? EitEnd.Server : EitEnd.Client);
        world.Wire.From(receiver == EitEnd.Client ? EitEnd.Server : EitEnd.Client).IsFrozen = true;
        sender.SendAll("one", "two");
        world.Client.Cycle();
        sender.SendAll("three");
        world.Settle();
        Assert.Empty(world.End(receiver).Received);

        world.OldWire.Cut();
        world.Settle();                                            // And no time passes.

        Assert.Equal(["one", "two", "three"], world.End(receiver).Received);
        Assert.All((EitEnd[])[EitEnd.Client, EitEnd.Server], end => Assert.Equal(new SessionState.Online(2), world.End(end).Machine.State));
        Assert.All((EitEnd[])[EitEnd.Client, EitEnd.Server], end => Assert.Equal(0, world.End(end).CountOf<SessionOutput.OutageBegan>()));
    }

    [Theory, Clause("H1.7")]
    [InlineData(true, null)]
    [InlineData(true, EitEnd.Client)]
    [InlineData(true, EitEnd.Server)]
    [InlineData(false, null)]
    [InlineData(false, EitEnd.Client)]
    [InlineData(false, EitEnd.Server)]
    public void A_new_transport_that_dies_during_the_hand_over_costs_nothing(bool isSwitchHeld, EitEnd? onlyNoticedBy)
    {
        World world = new World().Connected();
        world.Client.Session.SendAll("up 1");
        world.Server.Session.SendAll("down 1");
        world.Settle();
        if (isSwitchHeld) { world.CycleHeldAtTheSwitch(); }
        else { world.CycleHeldAtTheServersSwitch(); }
        world.Wire.Freeze();
        world.Client.Session.SendAll("up 2");
        world.Server.Session.SendAll("down 2");
        world.Settle();

        if (onlyNoticedBy is { } end) { world.Wire.CutAt(end); }
        else { world.Wire.Cut(); }
        world.Settle();
        world.Client.Session.SendAll("up 3");
        world.Server.Session.SendAll("down 3");
        world.Pass(TimeSpan.FromSeconds(10));                      // The end that does not notice finds out by its time-out.

        Assert.Equal(["up 1", "up 2", "up 3"], world.Server.Session.Received);
        Assert.Equal(["down 1", "down 2", "down 3"], world.Client.Session.Received.Where(static text => text != "last on the old"));
        Assert.Equal(new SessionState.Online(1), world.Client.Session.Machine.State);
        Assert.Equal(new SessionState.Online(1), world.Server.Session.Machine.State);
        Assert.Equal(2, world.Transports.Count);
        Assert.All((EitEnd[])[EitEnd.Client, EitEnd.Server], side => Assert.Equal(0, world.End(side).CountOf<SessionOutput.OutageBegan>()));
        Assert.NotNull(Assert.Single(world.Client.Outputs.OfType<ClientOutput.CycleEnded>()).Failure);
        world.Client.Cycle();                                      // And the next cycle works.
        Assert.Equal(new SessionState.Online(3), world.Server.Session.Machine.State);
        Assert.Equal(new SessionState.Online(3), world.Client.Session.Machine.State);
    }

    [Fact, Clause("H1.7")]
    public void A_cycle_that_is_asked_for_while_the_old_transport_is_taken_back_comes_after_it()
    {
        World world = new World().Connected().CycleHeldAtTheSwitch();
        Transport old = world.OldWire;
        world.Wire.CutAt(EitEnd.Client);
        old.Down.IsFrozen = true;                                  // The answer to the client's resend does not come.
        world.Settle();
        Assert.Empty(world.Client.Outputs.OfType<ClientOutput.CycleEnded>());

        Assert.True(world.Client.Machine.RequestCycle("request", world.Now));
        world.Settle();
        Assert.Equal(2, world.Transports.Count);
        old.Thaw();
        world.Settle();

        Assert.Equal([false, true], world.Client.Outputs.OfType<ClientOutput.CycleEnded>().Select(static ended => ended.Failure is null));
        Assert.Equal(new SessionState.Online(3), world.Client.Session.Machine.State);
        Assert.Equal(new SessionState.Online(3), world.Server.Session.Machine.State);
    }

    [Fact, Clause("H1.8")]
    public void Resend_is_answered_with_resend()
    {
        World world = new World().Connected().CycleHeldAtTheSwitch();
        Transport old = world.OldWire;
        world.Wire.CutAt(EitEnd.Client);
        old.Down.IsFrozen = true;
        world.Client.Session.SendAll("waits");
        world.Settle();

        // The client has gone back to A and asks; the server has answered, and the answer has not come.
        Assert.Equal(0, old.Up.Of(FrameType.Resend).Single().Number);
        Assert.Equal(2, ((Resend)old.Up.Of(FrameType.Resend).Single().Body!).Lost);
        Assert.Single(old.Down.Of(FrameType.Resend));
        Assert.Empty(old.Up.Numbers);
        old.Thaw();
        world.Settle();

        Assert.Equal([1], old.Up.Numbers);
        Assert.Equal(["waits"], world.Server.Session.Received);
        Assert.Single(old.Up.Of(FrameType.Resend));                // The answer is not answered.
        Assert.Single(old.Down.Of(FrameType.Resend));
    }

    [Fact, Clause("H1.8")]
    public void When_both_ends_ask_neither_answers()
    {
        World world = new World().Connected().CycleHeldAtTheServersSwitch();
        Transport old = world.OldWire;
        old.Freeze();

        world.Wire.Cut();
        world.Client.Session.SendAll("up");
        world.Server.Session.SendAll("down");
        world.Settle();
        old.Thaw();
        world.Settle();

        Assert.Single(old.Up.Of(FrameType.Resend));
        Assert.Single(old.Down.Of(FrameType.Resend));
        Assert.Equal(["up"], world.Server.Session.Received);
        Assert.Equal(["last on the old", "down"], world.Client.Session.Received);
    }

    [Theory, Clause("H1.8")]
    [InlineData(EitEnd.Client)]
    [InlineData(EitEnd.Server)]
    public void A_resend_of_an_earlier_hand_over_is_ignored(EitEnd end)
    {
        World world = new World().Connected().CycleHeldAtTheServersSwitch();
        UInt128 before = world.End(end).Digest;

        world.Feed(end, """{"t":"resend","received":0,"lost":77}""", world.OldWire);
        world.Settle();

        Assert.Equal(before, world.End(end).Digest);
        Assert.Null(world.End(end).Ended);
    }

    [Fact, Clause("H1.9")]
    public void After_the_hand_over_the_old_transport_is_closed()
    {
        World world = new World().Connected();
        world.Client.Session.SendAll("up");
        world.Server.Session.SendAll("down");
        world.Settle();

        world.CycleHeldAtTheServersSwitch();
        Assert.Null(world.OldWire.Up.Close);
        Assert.Null(world.OldWire.Down.Close);
        world.Wire.Thaw();
        world.Settle();

        Assert.Contains(CloseCode.Cycled, (CloseCode?[])[world.OldWire.Up.Close, world.OldWire.Down.Close]);
        Assert.All((EitEnd[])[EitEnd.Client, EitEnd.Server], end => Assert.DoesNotContain(world.OldWire, world.End(end).Transports));
        Assert.All((EitEnd[])[EitEnd.Client, EitEnd.Server], end => Assert.Equal(1, world.End(end).CountOf<SessionOutput.HandedOver>()));
        Assert.Null(Assert.Single(world.Client.Outputs.OfType<ClientOutput.CycleEnded>()).Failure);
    }

    [Fact, Clause("H1.10")]
    public void A_failed_cycle_changes_nothing()
    {
        World world = new World().Connected();
        world.Client.Session.SendAll("up 1");
        world.Settle();
        UInt128 client = world.Client.Session.Digest;
        UInt128 server = world.Server.Session.Digest;
        int changes = world.Client.Changes.Count();

        world.DialsFailWith = new DialFailure(DialFailureKind.Network, "no route");
        world.Client.Cycle();
        world.DialsFailWith = null;

        Assert.Equal(client, world.Client.Session.Digest);
        Assert.Equal(server, world.Server.Session.Digest);
        Assert.NotNull(Assert.Single(world.Client.Outputs.OfType<ClientOutput.CycleEnded>()).Failure);
        Assert.Equal(changes, world.Client.Changes.Count());
        world.Pass(TimeSpan.FromMinutes(2));                       // It is tried again before long.
        Assert.Equal(new SessionState.Online(3), world.Client.Session.Machine.State);
    }

    [Theory, Clause("H1.10")]
    [InlineData(null)]
    [InlineData(EitEnd.Client)]
    public void A_new_transport_that_dies_before_welcome_changes_nothing(EitEnd? onlyNoticedBy)
    {
        World world = new World().Connected();
        Transport old = world.Wire;
        world.BeforeStep = wire => wire.Down.IsFrozen |= wire != old;   // Hello gets through, welcome does not.
        world.Client.Cycle();
        world.BeforeStep = null;
        Assert.Equal(new SessionState.Proving(1, 2), world.Server.Session.Machine.State);
        Assert.Equal(new SessionState.Online(1), world.Client.Session.Machine.State);

        if (onlyNoticedBy is { } end) { world.Wire.CutAt(end); }
        else { world.Wire.Cut(); }
        world.Client.Session.SendAll("up");
        world.Server.Session.SendAll("down");
        world.Pass(TimeSpan.FromSeconds(10));

        Assert.Equal(["up"], world.Server.Session.Received);
        Assert.Equal(["down"], world.Client.Session.Received);
        Assert.Equal(new SessionState.Online(1), world.Server.Session.Machine.State);
        Assert.Equal(new SessionState.Online(1), world.Client.Session.Machine.State);
        Assert.Empty(old.Up.Of(FrameType.Resend));
    }

    [Theory, Clause("H1.11")]
    [InlineData(EitEnd.Client, "H1.11")]
    [InlineData(EitEnd.Server, "X1.2")]
    public void A_switch_out_of_place_is_a_violation(EitEnd end, string clause)
    {
        World world = new World().Connected();

        world.Feed(end, """{"t":"switch","last":0}""");

        world.AssertViolated(end, CloseCode.BadState, clause);
    }

    [Fact, Clause("H1.11")]
    public void A_second_switch_is_a_violation()
    {
        World atServer = new World().Connected().CycleHeldAtTheServersSwitch();
        atServer.Feed(EitEnd.Server, """{"t":"switch","last":0}""");
        atServer.AssertViolated(EitEnd.Server, CloseCode.BadState, "X1.2");

        World atClient = new World().Connected();
        atClient.Wire.Down.IsFrozen = true;
        atClient.Server.Session.SendAll("late");                   // So that the client still waits for the old transport.
        atClient.Client.Cycle();
        Assert.IsType<SessionState.Crossing>(atClient.Client.Session.Machine.State);
        atClient.Feed(EitEnd.Client, """{"t":"switch","last":1}""");
        atClient.AssertViolated(EitEnd.Client, CloseCode.BadState, "H1.11");
    }

    [Theory, Clause("H1.11")]
    [InlineData(EitEnd.Client)]
    [InlineData(EitEnd.Server)]
    public void A_switch_below_what_has_come_is_a_violation(EitEnd end)
    {
        World world = new World().Connected();
        world.End(end == EitEnd.Client ? EitEnd.Server : EitEnd.Client).SendAll("one", "two");
        world.Settle();
        world.CycleHeldAtTheSwitch();

        world.Feed(end, """{"t":"switch","last":1}""");

        world.AssertViolated(end, CloseCode.BadNumber, "H1.11");
    }

    [Theory, Clause("H1.11")]
    [InlineData(EitEnd.Client)]
    [InlineData(EitEnd.Server)]
    public void A_resend_without_a_hand_over_is_a_violation(EitEnd end)
    {
        World never = new World().Connected();
        never.Feed(end, """{"t":"resend","received":0,"lost":0}""");
        never.AssertViolated(end, CloseCode.BadState, "H1.11");

        World ahead = new World().Connected().CycleHeldAtTheSwitch();
        ahead.Feed(end, """{"t":"resend","received":0,"lost":77}""", end == EitEnd.Client ? ahead.Wire : ahead.OldWire);
        ahead.AssertViolated(end, CloseCode.BadState, "H1.11");
    }

    [Theory, Clause("H1.6")]
    [InlineData(true)]
    [InlineData(false)]
    public void The_end_of_the_old_transport_before_switch_means_nothing(bool isOrderly)
    {
        World world = new World().Connected();
        world.Client.Session.SendAll("up 1");
        world.Settle();
        world.CycleHeldAtTheSwitch();
        if (!isOrderly) { world.Server.Session.Send("down 0"); }   // So that the server waits for an acknowledgement, and does not close A itself.
        world.Settle();
        world.Wire.Down.IsFrozen = true;
        world.Wire.Up.IsFrozen = false;
        world.Settle();
        if (!isOrderly) { world.OldWire.CutAt(EitEnd.Client); }
        world.Settle();
        Assert.Equal(isOrderly ? CloseCode.Cycled : null, world.OldWire.Down.Close);

        world.Client.Session.SendAll("up 2");
        world.Server.Session.SendAll("down 1");
        world.Settle();
        Assert.IsType<SessionState.Crossing>(world.Client.Session.Machine.State);   // A is gone at the client, and the server's switch has not come.
        world.Wire.Thaw();
        world.Pass(TimeSpan.FromSeconds(10));

        Assert.DoesNotContain(world.Wire.Up.Frames, static frame => frame.Type == FrameType.Resend);
        Assert.Equal(["up 1", "up 2"], world.Server.Session.Received);
        Assert.Equal(["down 1"], world.Client.Session.Received.Where(static text => text != "down 0"));
        Assert.All((EitEnd[])[EitEnd.Client, EitEnd.Server], end => Assert.Equal(new SessionState.Online(2), world.End(end).Machine.State));
        Assert.All((EitEnd[])[EitEnd.Client, EitEnd.Server], end => Assert.Equal(0, world.End(end).CountOf<SessionOutput.OutageBegan>()));
    }

    [Fact, Clause("H1.6")]
    public void A_server_whose_old_transport_is_lost_before_switch_asks_after_it_and_names_it()
    {
        World world = new World().Connected();
        world.Wire.Up.IsFrozen = true;
        world.Client.Session.SendAll("lost with the old one");
        world.Settle();
        world.CycleHeldAtTheSwitch();

        world.OldWire.CutAt(EitEnd.Server);
        world.Settle();
        Assert.DoesNotContain(world.Wire.Down.Frames, static frame => frame.Type == FrameType.Resend);
        world.Wire.Thaw();
        world.Settle();

        Assert.Equal([FrameType.Welcome, FrameType.Switch, FrameType.Resend], world.Wire.Down.Frames.Select(static frame => frame.Type).Take(3));
        Assert.Equal(1, ((Resend)world.Wire.Down.Of(FrameType.Resend).Single().Body!).Lost);
        Assert.Equal(["lost with the old one"], world.Server.Session.Received);
    }

    [Theory, Clause("H1.13")]
    [InlineData(EitEnd.Client)]
    [InlineData(EitEnd.Server)]
    public void A_resend_after_a_complete_hand_over_is_answered_once(EitEnd end)
    {
        World world = new World().Connected();
        world.Client.Session.SendAll("up");
        world.Server.Session.SendAll("down");
        world.Settle();
        world.Client.Cycle();
        Assert.Equal(new SessionState.Online(2), world.End(end).Machine.State);
        world.Wire.From(end).IsFrozen = true;                      // The peer would not understand: it is the test that has asked.
        world.End(end).SendAll("after the hand-over");
        world.Settle();

        world.Feed(end, """{"t":"resend","received":1,"lost":1}""");
        world.Settle();

        Assert.Equal(1, world.Wire.From(end).Of(FrameType.Resend).Single().Number);
        Assert.Equal([2, 2], world.Wire.From(end).Numbers);
        Assert.Null(world.End(end).Ended);
        Assert.Equal(new SessionState.Online(2), world.End(end).Machine.State);
        world.Feed(end, """{"t":"resend","received":1,"lost":1}""");
        world.AssertViolated(end, CloseCode.BadState, "H1.11");
    }

    [Fact, Clause("H1.11")]
    public void A_resend_while_a_new_transport_is_pending_gives_that_one_up()
    {
        World world = new World().Connected().CycleHeldAtTheSwitch();

        world.Feed(EitEnd.Server, """[{"t":"resend","received":0,"lost":2},{"t":"resend","received":0,"lost":2}]""", world.OldWire);

        world.Settle();
        Assert.Equal("H1.11", world.Server.Session.Ended?.Violation?.Clause);
    }

    [Theory, Clause("H1.11")]
    [InlineData(EitEnd.Client, 4)]
    [InlineData(EitEnd.Client, WireLimits.NumberMax)]
    [InlineData(EitEnd.Client, 0)]
    [InlineData(EitEnd.Server, 4)]
    [InlineData(EitEnd.Server, 0)]
    public void A_resend_of_an_impossible_number_is_a_violation(EitEnd end, long received)
    {
        World world = new World().Connected();
        world.End(end).SendAll("acknowledged");
        world.Settle();
        world.Wire.From(end).IsFrozen = true;
        world.End(end).SendAll("not acknowledged");
        world.CycleHeldAtTheServersSwitch();

        world.Feed(end, $$"""{"t":"resend","received":{{received}},"lost":2}""", world.OldWire);

        world.AssertViolated(end, CloseCode.BadAck, "H1.6");
    }

    [Fact, Clause("H1.12")]
    public void A_planned_cycle_under_traffic_is_invisible()
    {
        World world = new World().Connected();
        string[] up = [.. Enumerable.Range(1, 500).Select(static number => $"up {number}")];
        string[] down = [.. Enumerable.Range(1, 500).Select(static number => $"down {number}")];
        int changes = world.Client.Changes.Count();

        for (int i = 0; i < 500; i++)
        {
            if (i % 20 == 0) { world.Client.Machine.RequestCycle("request", world.Now); }
            Assert.Equal(AcceptResult.Accepted, world.Client.Session.Send(up[i]));   // None has to wait for a transport.
            Assert.Equal(AcceptResult.Accepted, world.Server.Session.Send(down[i]));
            world.Step();
            world.Step();
            world.Step();
        }
        world.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal(up, world.Server.Session.Received);
        Assert.Equal(down, world.Client.Session.Received);
        Assert.InRange(world.Transports.Count, 20, 30);
        Assert.Equal(changes, world.Client.Changes.Count());
        Assert.All((EitEnd[])[EitEnd.Client, EitEnd.Server], end => Assert.Equal(0, world.End(end).CountOf<SessionOutput.OutageBegan>()));
        Assert.Equal(0, world.Server.Session.Machine.Duplicates + world.Client.Session.Machine.Duplicates);
    }

    [Theory, Clause("H1.12")]
    [InlineData(EitEnd.Client)]
    [InlineData(EitEnd.Server)]
    public void A_cycle_whose_old_transport_dies_ends_the_outage(EitEnd seenBy)
    {
        World world = new World().Connected();
        world.HoldsDials = true;
        world.Client.Cycle();
        world.CutTheWire();
        Assert.IsType<SessionState.Detached>(world.End(seenBy).Machine.State);
        Assert.Equal(new ClientState.Dialing(0, 2), world.Client.Machine.State);
        world.Client.Session.SendAll("up");
        world.Server.Session.SendAll("down");

        world.Pass(TimeSpan.FromSeconds(1));
        world.LetDialsThrough();

        SessionOutput[] outputs = [.. world.End(seenBy).Outputs.Where(static output => output is SessionOutput.OutageBegan or SessionOutput.Resumed)];
        Assert.IsType<SessionOutput.OutageBegan>(outputs[0]);
        var resumed = Assert.IsType<SessionOutput.Resumed>(outputs[1]);
        Assert.Equal((2, TimeSpan.FromSeconds(1)), (resumed.Epoch, resumed.Outage));
        Assert.Equal(2, outputs.Length);
        Assert.Equal(new SessionState.Online(2), world.End(seenBy).Machine.State);
        Assert.Equal(0, world.Server.Directory.DetachedCount);
        Assert.Equal(["up"], world.Server.Session.Received);
        Assert.Equal(["down"], world.Client.Session.Received);
    }
}
