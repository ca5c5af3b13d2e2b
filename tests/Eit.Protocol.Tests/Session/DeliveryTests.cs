using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class DeliveryTests
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    [Fact, Clause("D2.1")]
    public void A_message_whose_life_ends_before_it_has_left_is_dropped()
    {
        World world = WithoutCredit();

        world.Client.Session.Accept(new OutgoingMessage { Text = "stale", ExpiresAfter = s_second, Lane = Lane.Normal });
        world.Client.Session.Accept(new OutgoingMessage { Text = "lasts", Lane = Lane.Normal });
        world.Pass(s_second - TimeSpan.FromTicks(1));
        Assert.Empty(world.Client.Session.Outcomes);
        world.Pass(TimeSpan.FromTicks(1));
        Assert.Equal([("stale", SendOutcome.Expired)], world.Client.Session.Outcomes);
        Finish(world, 2);

        Assert.Equal(["takes the credit", "lasts"], world.Server.Session.Received);
        Assert.Equal(new DropCounts(Replaced: 0, Expired: 1, NotSent: 0), world.Client.Session.Machine.Dropped);
        Assert.True(world.Client.Session.Machine.IsSettled);
    }

    [Fact, Clause("D2.1")]
    public void A_life_of_nothing_ends_at_once()
    {
        World world = new World().Connected();

        world.Client.Session.Accept(new OutgoingMessage { Text = "never", ExpiresAfter = TimeSpan.Zero });
        world.Settle();

        Assert.Equal([("never", SendOutcome.Expired)], world.Client.Session.Outcomes);
        Assert.Empty(world.Wire.Up.Texts);
    }

    [Fact, Clause("D2.1")]
    public void A_life_ends_in_an_outage_too()
    {
        World world = new World().Connected();
        world.HoldsDials = true;
        world.CutTheWire();

        world.Client.Session.Accept(new OutgoingMessage { Text = "stale", MayWait = true, ExpiresAfter = s_second });
        world.Client.Session.Accept(new OutgoingMessage { Text = "lasts", MayWait = true });
        world.Pass(2 * s_second);
        Assert.Equal([("stale", SendOutcome.Expired)], world.Client.Session.Outcomes);
        world.LetDialsThrough();
        world.Pass(s_second);

        Assert.Equal(["lasts"], world.Server.Session.Received);
    }

    [Fact, Clause("D2.2")]
    public void What_waits_too_long_to_leave_is_not_sent()
    {
        World world = new World(
            new ClientSettings { RacesOnSuspicion = false, Session = new SessionSettings { OutboxAge = 3 * s_second } },
            new SessionSettings { WindowMessages = 1, WindowMessagesMax = 1 }).Connected();
        world.Server.Session.HoldsHandlers = true;
        world.Client.Session.Send("takes the credit");

        world.Client.Session.SendAll("first");
        world.Pass(2 * s_second);
        world.Client.Session.SendAll("second");
        world.Pass(2 * s_second);

        Assert.Equal([("first", SendOutcome.NotSent)], world.Client.Session.Outcomes);
        Assert.Equal(1, world.Client.Session.Machine.OutboxMessages);
    }

    [Fact]
    public void A_message_that_stays_waits_as_long_as_its_session_lives()
    {
        World world = new World(
            new ClientSettings { RacesOnSuspicion = false, Session = new SessionSettings { OutboxAge = s_second } },
            new SessionSettings { WindowMessages = 1, WindowMessagesMax = 1 }).Connected();
        world.Server.Session.HoldsHandlers = true;
        world.Client.Session.Send("takes the credit");

        world.Client.Session.Accept(new OutgoingMessage { Text = "stays", Stays = true, MayWait = true, Lane = Lane.Normal });
        world.Pass(10 * s_second);
        Finish(world, 2);

        Assert.Equal([("stays", SendOutcome.Processed)], world.Client.Session.Outcomes);
    }

    [Fact, Clause("D2.2")]
    public void A_message_whose_outcome_nobody_is_told_is_never_given_up_for_its_age()
    {
        World world = new World(
            new ClientSettings { RacesOnSuspicion = false, Session = new SessionSettings { OutboxAge = s_second } },
            new SessionSettings { WindowMessages = 1, WindowMessagesMax = 1 }).Connected();
        world.Server.Session.HoldsHandlers = true;
        world.Client.Session.Send("takes the credit");

        Assert.Equal(AcceptResult.Accepted, world.Client.Session.Send("taken over"));
        world.Pass(10 * s_second);
        Finish(world, 2);

        Assert.Equal(["takes the credit", "taken over"], world.Server.Session.Received);
    }

    [Fact, Clause("D2.2")]
    public void A_message_that_has_begun_to_leave_leaves_however_long_it_takes()
    {
        World world = new World(
            new ClientSettings { RacesOnSuspicion = false, Session = new SessionSettings { OutboxAge = s_second } },
            new SessionSettings { WindowMessages = 1, WindowMessagesMax = 1 }).Connected();
        world.Server.Session.HoldsHandlers = true;
        world.Client.Session.Send("takes the credit");
        string large = new('l', 2 * WireLimits.PieceBytesMax);

        world.Client.Session.SendAll(large);
        world.Pass(10 * s_second);
        Finish(world, 2);

        Assert.Equal([(large, SendOutcome.Processed)], world.Client.Session.Outcomes);
    }

    [Fact]
    public void What_has_expired_makes_room_in_a_full_outbox()
    {
        World world = WithoutCredit(outboxMessages: 1);
        var message = new OutgoingMessage { Text = "x", ExpiresAfter = s_second };

        world.Client.Session.Accept(message);
        Assert.Equal(AcceptResult.Full, world.Client.Session.Machine.Accept(in message, world.Now, out _));

        Assert.Equal(AcceptResult.Accepted, world.Client.Session.Machine.Accept(in message, world.Now + s_second, out _));
    }

    [Fact, Clause("D2.3")]
    public void The_last_piece_carries_what_is_left_of_the_life()
    {
        World world = new World().Connected();
        world.Wire.Up.IsFrozen = true;
        world.Client.Session.Accept(new OutgoingMessage { Text = new string('l', 20_000), ExpiresAfter = 10 * s_second, MayWait = true });
        world.Settle();
        Assert.Equal([null, 10 * s_second], world.Wire.Up.Of(FrameType.Data).Select(static frame => frame.Life));

        world.Pass(3 * s_second);
        world.CutTheWire();
        world.Pass(s_second);

        Assert.InRange(world.Wire.Up.Of(FrameType.Data).Last().Life!.Value, 6 * s_second, 7 * s_second);
        Assert.Single(world.Server.Session.Messages);
    }

    [Fact, Clause("D2.4")]
    public void A_message_whose_life_ends_at_the_receiver_is_not_handed_over()
    {
        World world = new World().Connected();
        world.Server.Session.HoldsHandlers = true;
        world.Client.Session.Accept(new OutgoingMessage { Text = "at work", Lane = Lane.Normal, ExpiresAfter = s_second });
        world.Client.Session.Accept(new OutgoingMessage { Text = "stale", Lane = Lane.Normal, ExpiresAfter = s_second });
        world.Client.Session.Accept(new OutgoingMessage { Text = "lasts", Lane = Lane.Normal });

        world.Pass(s_second);
        Finish(world, 2);

        Assert.Equal(["at work", "lasts"], world.Server.Session.Received);
        Assert.Equal([("at work", SendOutcome.Processed), ("lasts", SendOutcome.Processed), ("stale", SendOutcome.Expired)], world.Client.Session.Outcomes.Order());
        Assert.Equal((1, 1), (world.Server.Session.Machine.Expired, world.Client.Session.Machine.Dropped.Expired));
        Assert.True(world.Client.Session.Machine.IsSettled);
    }

    [Fact, Clause("D2.4")]
    public void What_comes_with_no_life_left_is_not_handed_over()
    {
        World world = new World().Connected();

        world.Wire.Up.Inject("[{\"t\":\"data\",\"n\":1,\"life\":0,\"text\":\"late\"},{\"t\":\"data\",\"n\":2,\"life\":1,\"text\":\"in time\"}]");
        world.Pass(s_second);

        Assert.Equal(["in time"], world.Server.Sessions[0].Received);
        Assert.Equal([1], world.Transports[0].Down.LastAck.Expired);
        Assert.Equal(2, world.Transports[0].Down.LastAck.Processed.Normal);
    }

    [Fact, Clause("D2.7")]
    public void What_a_stalled_path_has_held_up_has_lost_that_much_of_its_life()
    {
        World world = new World().Connected();
        world.Client.Session.Accept(new OutgoingMessage { Text = "before", Lane = Lane.Normal, ExpiresAfter = s_second });
        world.Pass(0.1 * s_second);

        world.Wire.Up.IsFrozen = true;
        world.Client.Session.Accept(new OutgoingMessage { Text = "stale", Lane = Lane.Normal, ExpiresAfter = s_second });
        world.Client.Session.Accept(new OutgoingMessage { Text = "lasts", Lane = Lane.Normal, ExpiresAfter = 4 * s_second });
        world.Pass(2 * s_second);
        world.Wire.Up.IsFrozen = false;
        world.Pass(s_second);

        Assert.Equal(["before", "lasts"], world.Server.Session.Received);
        Assert.Contains(("stale", SendOutcome.Expired), world.Client.Session.Outcomes);
    }

    [Fact, Clause("D2.7")]
    public void What_another_transport_lets_through_is_not_measured_by_the_first()
    {
        World world = new World().Connected();
        world.Client.Session.Accept(new OutgoingMessage { Text = "before", Lane = Lane.Normal, ExpiresAfter = s_second });
        world.Pass(0.1 * s_second);

        world.CutTheWire();
        world.Client.Session.Accept(new OutgoingMessage { Text = "after", Lane = Lane.Normal, ExpiresAfter = 10 * s_second, MayWait = true });
        world.Pass(5 * s_second);

        Assert.Equal(["before", "after"], world.Server.Session.Received);
    }

    [Fact, Clause("D2.7")]
    public void A_slower_new_transport_is_not_measured_by_what_still_comes_on_the_old_one()
    {
        World world = new World().Connected();
        world.Wire.Up.IsFrozen = true;
        world.Client.Session.Accept(new OutgoingMessage { Text = "on the old", Lane = Lane.Normal, ExpiresAfter = s_second });
        world.Client.Cycle();
        world.OldWire.Thaw();                                      // It comes when the server has switched already, and at once.

        world.Wire.Up.IsFrozen = true;
        world.Client.Session.Accept(new OutgoingMessage { Text = "on the new", Lane = Lane.Normal, ExpiresAfter = 0.3 * s_second });
        world.Pass(0.5 * s_second);
        world.Wire.Up.IsFrozen = false;
        world.Settle();

        Assert.Equal(["on the old", "on the new"], world.Server.Session.Received);
    }

    [Fact, Clause("D2.5")]
    public void Expired_is_told_until_the_sender_is_known_to_know()
    {
        World world = new World().Connected();
        world.Server.Session.HoldsHandlers = true;
        world.Client.Session.Accept(new OutgoingMessage { Text = "at work", Lane = Lane.Normal, MayWait = true });
        world.Client.Session.Accept(new OutgoingMessage { Text = "stale", Lane = Lane.Normal, ExpiresAfter = s_second });
        world.Pass(s_second);
        world.Wire.Down.IsFrozen = true;
        world.Server.Session.FinishHandler();
        world.Settle();                                            // The ack that tells of it is on the way,
        world.CutTheWire();                                        // and lost.

        world.Pass(2 * s_second);
        Assert.Equal([("at work", SendOutcome.Processed), ("stale", SendOutcome.Expired)], world.Client.Session.Outcomes.Order());
        Assert.Equal([2], world.Wire.Down.LastAck.Expired);
        world.Server.Session.HoldsHandlers = false;
        world.Client.Session.SendAll("next");
        world.Pass(s_second);

        Assert.Contains(world.Wire.Up.Of(FrameType.Ack), static frame => ((Ack)frame.Body!).Known == 1);
        Assert.Empty(world.Wire.Down.LastAck.Expired);
        Assert.Equal(1, world.Client.Session.Machine.Dropped.Expired);
    }

    [Fact, Clause("D2.5")]
    public void However_many_expire_every_one_gets_its_outcome()
    {
        World world = new World().Connected();
        world.Server.Session.HoldsHandlers = true;
        world.Client.Session.Accept(new OutgoingMessage { Text = "at work", Lane = Lane.Normal });
        for (int i = 0; i < 700; i++) { world.Client.Session.Accept(new OutgoingMessage { Text = $"stale {i}", Lane = Lane.Normal, ExpiresAfter = s_second }); }
        world.Client.Session.Accept(new OutgoingMessage { Text = "lasts", Lane = Lane.Normal });

        world.Pass(s_second);
        world.Server.Session.HoldsHandlers = false;
        world.Server.Session.FinishHandler();
        world.Pass(s_second);

        Assert.Equal(["at work", "lasts"], world.Server.Session.Received);
        Assert.Equal(700, world.Client.Session.Outcomes.Count(static told => told.Outcome == SendOutcome.Expired));
        Assert.Equal((700, 700), (world.Server.Session.Machine.Expired, world.Client.Session.Machine.Dropped.Expired));
        Assert.All(world.Wire.Down.Of(FrameType.Ack), static frame => Assert.InRange(((Ack)frame.Body!).Expired.Count, 0, WireLimits.UnhandledMax));
        Assert.True(world.Client.Session.Machine.IsSettled);
    }

    [Fact, Clause("D2.5")]
    public void What_expires_behind_messages_that_are_handed_over_is_not_told_as_processed_before_them()
    {
        World world = new World().Connected();
        world.Client.Session.Send("one");
        world.Client.Session.Send("two");
        world.Client.Session.Accept(new OutgoingMessage { Text = "stale", Lane = Lane.Normal, ExpiresAfter = s_second });
        world.Client.Session.Send("four");
        world.Server.Session.IsAsleep = true;
        world.Settle();
        SessionMachine machine = world.Server.Session.Machine;
        Instant later = world.Now + s_second;

        Assert.True(machine.TryTakeMessage(later, out InboundMessage one));
        Assert.True(machine.TryTakeMessage(later, out InboundMessage two));
        Assert.True(machine.TryTakeMessage(later, out InboundMessage four));
        Assert.Equal((4, 0, 1), (four.Number, machine.Processed.Normal, machine.Expired));
        machine.Finished(in one, later);
        machine.Finished(in two, later);
        Assert.Equal(2, machine.Processed.Normal);
        machine.Finished(in four, later);
        world.Pass(2 * s_second);

        Assert.True(world.Client.Session.Machine.IsSettled);
    }

    [Fact]
    public void Bytes_that_are_lent_stay_as_they_are_until_their_handler_has_finished()
    {
        World world = new World().Connected();
        SessionMachine machine = world.Server.Session.Machine;
        world.Server.Session.IsAsleep = true;
        byte[] Payload(int number) => [.. Enumerable.Repeat((byte)number, number % 5 == 0 ? 20_000 : 900)];
        for (int number = 1; number <= 80; number++)
        {
            world.Client.Session.Accept(new OutgoingMessage { Bytes = Payload(number), Lane = number == 1 ? Lane.Bulk : Lane.Normal });
        }
        world.Settle();
        List<InboundMessage> kept = [];
        while (machine.TryTakeMessage(world.Now, out InboundMessage message)) { kept.Add(message); }

        for (int number = 81; kept.Count > 0; number++)
        {
            InboundMessage message = kept[0];
            Assert.Equal(Payload((int)message.Bytes.Span[0]), message.Bytes.ToArray());
            machine.Finished(in message, world.Now);
            kept.RemoveAt(0);
            if (number > 160) { continue; }
            world.Client.Session.Accept(new OutgoingMessage { Bytes = Payload(number), Lane = Lane.Normal });
            world.Settle();
            while (machine.TryTakeMessage(world.Now, out InboundMessage next)) { kept.Add(next); }
        }
        world.Pass(s_second);

        Assert.True(world.Client.Session.Machine.IsSettled);
    }

    [Theory, Clause("D2.6")]
    [InlineData("{\"t\":\"ack\",\"received\":2,\"processed\":[0,0,0,0],\"credit\":[9,9],\"expired\":[3]}", "N2.4")]
    [InlineData("{\"t\":\"ack\",\"received\":2,\"processed\":[0,0,2,0],\"credit\":[9,9],\"expired\":[1]}", "N2.4")]
    [InlineData("{\"t\":\"ack\",\"received\":2,\"processed\":[0,0,2,0],\"credit\":[9,9],\"known\":1}", "D2.6")]
    public void An_expiry_that_can_not_be_is_a_violation(string ack, string clause)
    {
        World world = new World().Connected();
        world.Server.Session.HoldsHandlers = true;
        world.Client.Session.SendAll("without an expiry", "another");
        world.Settle();

        world.Wire.Down.Inject(ack);
        world.Settle();

        world.AssertViolated(EitEnd.Client, CloseCode.BadAck, clause);
    }

    [Fact, Clause("D3.1")]
    public void A_newer_message_of_a_key_takes_the_place_of_the_one_that_waits()
    {
        World world = WithoutCredit();

        world.Client.Session.Accept(Keyed("old"));
        world.Client.Session.Accept(new OutgoingMessage { Text = "another", Lane = Lane.Normal });
        world.Client.Session.Accept(Keyed("newer"));
        world.Client.Session.Accept(Keyed("newest"));
        world.Settle();
        Assert.Equal([("old", SendOutcome.Replaced), ("newer", SendOutcome.Replaced)], world.Client.Session.Outcomes);
        Assert.Equal(2, world.Client.Session.Machine.OutboxMessages);
        Finish(world, 3);

        Assert.Equal(["takes the credit", "newest", "another"], world.Server.Session.Received);
        Assert.Equal(2, world.Client.Session.Machine.Dropped.Replaced);
        Assert.Equal(0, world.Client.Session.Machine.BytesHeld);
    }

    [Theory, Clause("D3.1")]
    [InlineData(Lane.Bulk, 0, "key")]
    [InlineData(Lane.Normal, 1, "key")]
    [InlineData(Lane.Normal, 0, "Key")]
    public void Messages_of_another_key_lane_or_kind_replace_nothing(Lane lane, byte kind, string key)
    {
        World world = WithoutCredit();

        world.Client.Session.Accept(Keyed("one"));
        world.Client.Session.Accept(Keyed("other") with { Lane = lane, Kind = kind, Key = key });

        Assert.Empty(world.Client.Session.Outcomes);
        Assert.Equal(2, world.Client.Session.Machine.OutboxMessages);
    }

    [Fact, Clause("D3.2")]
    public void One_message_of_a_key_is_on_the_way_and_others_pass_the_next()
    {
        World world = new World().Connected();
        world.Wire.Freeze();

        foreach (string text in (string[])["1", "2", "3"]) { world.Client.Session.Accept(Keyed(text)); world.Settle(); }
        world.Client.Session.Accept(new OutgoingMessage { Text = "passes", Lane = Lane.Normal });
        world.Settle();
        Assert.Equal(["1", "passes"], world.Wire.Up.Texts);
        world.Wire.Thaw();
        world.Pass(s_second);

        Assert.Equal(["1", "passes", "3"], world.Server.Session.Received);
        Assert.Equal([("2", SendOutcome.Replaced)], world.Client.Session.Outcomes.Where(static told => told.Outcome != SendOutcome.Processed));
    }

    [Fact, Clause("D3.4")]
    public void A_feed_for_whose_outcome_nobody_waits_goes_as_fast_as_the_round_trip()
    {
        World world = new World().Connected();

        for (int value = 1; value <= 5; value++)
        {
            world.Client.Session.Accept(Keyed($"{value}") with { CompleteWhen = CompleteWhen.Accepted, Token = null });
            world.Settle();
        }

        Assert.Equal(["1", "2", "3", "4", "5"], world.Server.Session.Received);
    }

    [Fact, Clause("D3.2")]
    public void Messages_of_a_key_survive_an_outage_in_order()
    {
        World world = new World().Connected();
        world.Wire.Freeze();
        world.Client.Session.Accept(Keyed("on the way") with { MayWait = true });
        world.Settle();

        world.CutTheWire();
        world.Client.Session.Accept(Keyed("stale") with { MayWait = true });
        world.Client.Session.Accept(Keyed("latest") with { MayWait = true });
        world.Pass(2 * s_second);

        Assert.Equal(["on the way", "latest"], world.Server.Session.Received);
    }

    [Fact, Clause("D3.2")]
    public void A_message_of_a_key_that_waits_for_its_predecessor_expires()
    {
        World world = new World().Connected();
        world.Wire.Freeze();
        world.Client.Session.Accept(Keyed("on the way"));
        world.Settle();

        world.Client.Session.Accept(Keyed("stale") with { ExpiresAfter = s_second });
        world.Pass(s_second);
        world.Wire.Thaw();
        world.Settle();
        world.Client.Session.Accept(Keyed("fresh"));
        world.Settle();

        Assert.Equal(["on the way", "fresh"], world.Server.Session.Received);
    }

    [Fact, Clause("D3.1")]
    public void A_feed_of_a_key_needs_the_room_of_one_message()
    {
        World world = WithoutCredit(outboxMessages: 2);
        world.Client.Session.Accept(new OutgoingMessage { Text = "first", Lane = Lane.Normal });

        for (int i = 0; i < 1_000; i++) { world.Client.Session.Accept(Keyed($"update {i}")); }
        Finish(world, 3);

        Assert.Equal(["takes the credit", "first", "update 999"], world.Server.Session.Received);
        Assert.Equal(999, world.Client.Session.Machine.Dropped.Replaced);
    }

    [Fact, Clause("D3.3")]
    public void A_bulk_message_that_has_waited_takes_every_second_turn()
    {
        World world = WithoutCredit();
        for (int i = 0; i < 3; i++) { world.Client.Session.Send($"bulk {i}", Lane.Bulk); }
        world.Pass(7 * s_second);
        for (int i = 0; i < 4; i++) { world.Client.Session.Send($"critical {i}", Lane.Critical); }

        Finish(world, 8);

        Assert.Equal(["takes the credit", "bulk 0", "critical 0", "bulk 1", "critical 1", "bulk 2", "critical 2", "critical 3"], world.Server.Session.Received);
    }

    [Fact, Clause("D3.3")]
    public void A_bulk_message_waits_its_time()
    {
        World world = WithoutCredit();
        world.Client.Session.Send("bulk", Lane.Bulk);
        world.Pass(5 * s_second);
        for (int i = 0; i < 3; i++) { world.Client.Session.Send($"critical {i}", Lane.Critical); }

        Finish(world, 5);

        Assert.Equal(["takes the credit", "critical 0", "critical 1", "critical 2", "bulk"], world.Server.Session.Received);
    }

    [Fact, Clause("D3.3")]
    public void Who_waits_too_long_for_the_handler_takes_every_second_turn_too()
    {
        World world = new World().Connected();
        world.Server.Session.HoldsHandlers = true;
        world.Client.Session.Send("at work");
        world.Client.Session.Send("bulk 0", Lane.Bulk);
        world.Client.Session.Send("bulk 1", Lane.Bulk);
        world.Pass(7 * s_second);
        for (int i = 0; i < 3; i++) { world.Client.Session.Send($"critical {i}", Lane.Critical); }
        world.Settle();

        Finish(world, 6);

        Assert.Equal(["at work", "bulk 0", "critical 0", "bulk 1", "critical 1", "critical 2"], world.Server.Session.Received);
    }

    [Fact, Clause("D4.1")]
    public void A_message_that_has_not_begun_to_leave_can_be_withdrawn()
    {
        World world = WithoutCredit();
        long[] ids = [.. ((string[])["a", "b", "c"]).Select(text => world.Client.Session.Accept(new OutgoingMessage { Text = text, Lane = Lane.Normal }))];

        Assert.True(world.Client.Session.Machine.TryWithdraw(ids[1], world.Now));
        Assert.False(world.Client.Session.Machine.TryWithdraw(ids[1], world.Now));
        Assert.True(world.Client.Session.Machine.TryWithdraw(ids[0], world.Now));
        Finish(world, 2);

        Assert.Equal(["takes the credit", "c"], world.Server.Session.Received);
        Assert.False(world.Client.Session.Machine.TryWithdraw(ids[2], world.Now));
        Assert.Equal([("b", SendOutcome.NotSent), ("a", SendOutcome.NotSent)], world.Client.Session.Outcomes.Where(static told => told.Outcome == SendOutcome.NotSent));
    }

    [Fact, Clause("D4.1")]
    public void A_message_that_has_begun_to_leave_can_not_be_withdrawn()
    {
        World world = WithoutCredit();

        long id = world.Client.Session.Accept(new OutgoingMessage { Text = new string('l', 2 * WireLimits.PieceBytesMax) });
        world.Settle();

        Assert.False(world.Client.Session.Machine.TryWithdraw(id, world.Now));
    }

    [Fact, Clause("D4.1")]
    public void Withdrawing_leaves_no_memory_behind_and_the_others_in_order()
    {
        World world = WithoutCredit(outboxMessages: 300);
        string[] kept = new string[200];
        for (int i = 0; i < 200; i++)
        {
            kept[i] = $"kept {i}";
            world.Client.Session.Accept(new OutgoingMessage { Text = kept[i], Lane = Lane.Normal, Key = i % 3 == 0 ? $"{i}" : null });
            for (int j = 0; j < 5; j++)
            {
                long id = world.Client.Session.Accept(new OutgoingMessage { Text = "withdrawn", Lane = Lane.Normal, Key = j == 0 ? "w" : null });
                Assert.True(world.Client.Session.Machine.TryWithdraw(id, world.Now));
            }
        }
        kept[99] = "replaced";
        world.Client.Session.Accept(new OutgoingMessage { Text = kept[99], Lane = Lane.Normal, Key = "99" });
        Finish(world, 201);

        Assert.Equal(kept, world.Server.Session.Received.Skip(1));
    }

    [Fact, Clause("D1.1")]
    public void What_has_not_left_when_a_session_ends_is_not_sent()
    {
        World world = new World().Connected();
        world.Wire.Freeze();
        world.Client.Session.Accept(Keyed("on the way"));
        world.Settle();
        world.Client.Session.Accept(Keyed("waits"));

        world.Client.Session.Machine.Abandon(CloseCode.Closed, "over");
        world.Settle();

        Assert.Equal([("on the way", SendOutcome.Unknown), ("waits", SendOutcome.NotSent)], world.Client.Session.Outcomes);
    }

    private static OutgoingMessage Keyed(string text) => new() { Text = text, Lane = Lane.Normal, Key = "key" };

    /// <summary>A world in which one message has taken all the credit of the client.</summary>
    private static World WithoutCredit(int outboxMessages = 8_192)
    {
        World world = new World(
            new ClientSettings { RacesOnSuspicion = false, Session = new SessionSettings { OutboxMessagesMax = outboxMessages } },
            new SessionSettings { WindowMessages = 1, WindowMessagesMax = 1 }).Connected();
        world.Server.Session.HoldsHandlers = true;
        world.Client.Session.Send("takes the credit");
        world.Settle();
        return world;
    }

    private static void Finish(World world, int messages)
    {
        for (int i = 0; i < messages; i++)
        {
            world.Server.Session.FinishHandler();
            world.Settle();
        }
        world.Pass(s_second);
    }
}
