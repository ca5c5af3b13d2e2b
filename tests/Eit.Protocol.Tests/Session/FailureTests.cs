using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

/// <summary>D5: a handler throws, or there is none.</summary>
public class FailureTests
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    [Fact, Clause("D5.1", "D1.1")]
    public void What_the_handler_throws_at_is_told_as_failed()
    {
        World world = WorldWhere(static text => text.StartsWith("bad", StringComparison.Ordinal));
        string large = "bad " + new string('l', 40_000);

        world.Client.Session.SendAll("one", "bad", large, "two");
        world.Client.Session.Send("bad, and nobody waits");
        world.Client.Session.Send("bad, and only its arrival counts", isAwaited: true, when: CompleteWhen.Received);
        world.Pass(s_second);

        Assert.Equal(6, world.Server.Session.Messages.Count);
        Assert.Equal(
            [("bad", SendOutcome.Failed), (large, SendOutcome.Failed), ("bad, and only its arrival counts", SendOutcome.Received), ("one", SendOutcome.Processed), ("two", SendOutcome.Processed)],
            world.Client.Session.Outcomes.OrderBy(static told => told.Text, StringComparer.Ordinal));
        Assert.Equal(new DropCounts(Replaced: 0, Expired: 0, NotSent: 0, Failed: 4), world.Client.Session.Machine.Dropped);
        Assert.True(world.Client.Session.Machine.IsSettled);
    }

    [Fact, Clause("D5.1")]
    public void What_the_clients_handler_throws_at_is_told_to_the_server()
    {
        World world = new World().Connected();
        world.Client.Session.Throws = static message => message.Lane == Lane.Critical;

        world.Server.Session.Send("up", isAwaited: true);
        world.Server.Session.Send("urgent", Lane.Critical, isAwaited: true);
        world.Pass(s_second);

        Assert.Equal([("up", SendOutcome.Processed), ("urgent", SendOutcome.Failed)], world.Server.Session.Outcomes.Order());
    }

    [Fact, Clause("D5.1")]
    public void A_prompt_message_that_has_failed_is_told_at_once()
    {
        World world = WorldWhere(static _ => true);

        world.Client.Session.SendAll("bad");
        world.Settle();

        Assert.Equal([("bad", SendOutcome.Failed)], world.Client.Session.Outcomes);
    }

    [Theory, Clause("D5.2")]
    [InlineData(true)]
    [InlineData(false)]
    public void To_an_end_without_the_feature_what_has_failed_is_processed(bool isClientOld)
    {
        var old = new SessionSettings { Features = FeatureSet.None };
        World world = new World(isClientOld ? new ClientSettings { RacesOnSuspicion = false, Session = old } : null, isClientOld ? null : old).Connected();
        world.Server.Session.Throws = static _ => true;
        world.Client.Session.Throws = static _ => true;

        world.Client.Session.SendAll(Enumerable.Range(1, 600).Select(static number => $"up {number}"));
        world.Server.Session.SendAll("down");
        world.Pass(s_second);

        Assert.Equal(600, world.Client.Session.Outcomes.Count(static told => told.Outcome == SendOutcome.Processed));
        Assert.Equal([("down", SendOutcome.Processed)], world.Server.Session.Outcomes);
        Assert.All(world.Wire.Down.Of(FrameType.Ack).Concat(world.Wire.Up.Of(FrameType.Ack)), static frame => Assert.Empty(((Ack)frame.Body!).Failed));
        Assert.Equal((0, 0), (world.Client.Session.Machine.Dropped.Failed, world.Server.Session.Machine.Dropped.Failed));
    }

    [Fact, Clause("D5.2")]
    public void What_an_end_is_told_of_a_feature_that_it_has_not_named_means_nothing_to_it()
    {
        World world = new World(new ClientSettings { RacesOnSuspicion = false, Session = new SessionSettings { Features = FeatureSet.None } }).Connected();
        world.Server.Session.HoldsHandlers = true;
        world.Client.Session.SendAll("one");

        world.Wire.Down.Inject("{\"t\":\"ack\",\"received\":1,\"processed\":[0,0,1,0],\"credit\":[9,9],\"failed\":[1]}");
        world.Settle();

        Assert.Equal([("one", SendOutcome.Processed)], world.Client.Session.Outcomes);
    }

    [Fact, Clause("D5.3")]
    public void What_has_failed_is_told_until_the_sender_is_known_to_know()
    {
        World world = WorldWhere(static text => text == "bad");
        world.Wire.Down.IsFrozen = true;
        world.Client.Session.SendAll("bad");
        world.Settle();                                            // The ack that tells of it is on the way,
        Assert.Equal(0, world.Server.Session.Machine.Processed.Normal);
        world.CutTheWire();                                        // and lost.

        world.Pass(2 * s_second);
        Assert.Equal([("bad", SendOutcome.Failed)], world.Client.Session.Outcomes);
        Assert.Equal([1], world.Wire.Down.LastAck.Failed);
        world.Client.Session.SendAll("next");
        world.Pass(s_second);

        Assert.Contains(world.Wire.Up.Of(FrameType.Ack), static frame => ((Ack)frame.Body!).Known == 1);
        Assert.Empty(world.Wire.Down.LastAck.Failed);
        Assert.Equal(2, world.Server.Session.Machine.Processed.Normal);
        Assert.Equal(1, world.Client.Session.Machine.Dropped.Failed);
    }

    [Fact, Clause("D5.3")]
    public void However_many_fail_or_expire_every_one_gets_its_outcome()
    {
        World world = WorldWhere(static text => text is not ("first" or "last"));
        world.Server.Session.HoldsHandlers = true;
        world.Client.Session.SendAll("first");
        for (int i = 0; i < 900; i++)
        {
            world.Client.Session.Accept(new OutgoingMessage { Text = $"{i}", Lane = (Lane)((i + 2) % 4), ExpiresAfter = i % 3 == 0 ? s_second : null });
        }

        world.Pass(s_second);
        world.Server.Session.HoldsHandlers = false;
        world.Server.Session.FinishHandler();
        world.Client.Session.SendAll("last");
        world.Pass(10 * s_second);

        Assert.Equal((300, 600), (Count(SendOutcome.Expired), Count(SendOutcome.Failed)));
        Assert.Equal([("first", SendOutcome.Processed), ("last", SendOutcome.Processed)], world.Client.Session.Outcomes.Where(static told => told.Outcome == SendOutcome.Processed));
        Assert.Equal(602, world.Server.Session.Messages.Count);
        Assert.All(world.Wire.Down.Of(FrameType.Ack).Select(static frame => (Ack)frame.Body!), static ack => Assert.InRange(ack.Expired.Count + ack.Failed.Count, 0, WireLimits.UnhandledMax));
        Assert.True(world.Client.Session.Machine.IsSettled);

        int Count(SendOutcome outcome) => world.Client.Session.Outcomes.Count(told => told.Outcome == outcome);
    }

    [Fact, Clause("D5.3")]
    public void Nothing_is_handed_over_that_could_not_be_told_when_it_fails()
    {
        World world = WorldWhere(static _ => true);
        world.Wire.Down.IsFrozen = true;                           // The sender hears of nothing.

        world.Client.Session.SendAll(Enumerable.Range(1, 300).Select(static number => $"{number}"));
        world.Settle();
        SessionMachine server = world.Server.Session.Machine;
        Assert.Equal((256, 44), (world.Server.Session.Messages.Count, server.InboxMessages));

        world.Wire.Thaw();
        world.Pass(s_second);

        Assert.Equal(300, world.Client.Session.Outcomes.Count(static told => told.Outcome == SendOutcome.Failed));
        Assert.Equal(0, server.InboxMessages);
    }

    [Fact]
    public void When_a_session_is_over_what_waits_for_the_handler_is_handed_over_although_nobody_can_be_told()
    {
        World world = WorldWhere(static _ => true);
        world.Wire.Down.IsFrozen = true;
        world.Client.Session.SendAll(Enumerable.Range(1, 600).Select(static number => $"{number}"));
        world.Settle();

        world.Server.Session.Machine.Abandon(CloseCode.Closed, "enough");
        world.Settle();

        Assert.Equal((600, 0), (world.Server.Session.Messages.Count, world.Server.Session.Machine.InboxMessages));
    }

    [Theory, Clause("D5.4")]
    [InlineData("{\"t\":\"ack\",\"received\":2,\"processed\":[0,0,0,0],\"credit\":[9,9],\"failed\":[3]}", "N2.4")]
    [InlineData("{\"t\":\"ack\",\"received\":2,\"processed\":[0,0,2,0],\"credit\":[9,9],\"failed\":[1]}", "N2.4")]
    [InlineData("{\"t\":\"ack\",\"received\":2,\"processed\":[0,0,0,0],\"credit\":[9,9],\"known\":1}", "D2.6")]
    public void A_failure_that_can_not_be_is_a_violation(string ack, string clause)
    {
        World world = new World().Connected();
        world.Server.Session.HoldsHandlers = true;
        world.Client.Session.SendAll(new string('l', 20_000));     // Two pieces, of which 1 is not the last.
        world.Settle();

        world.Wire.Down.Inject(ack);
        world.Settle();

        world.AssertViolated(EitEnd.Client, CloseCode.BadAck, clause);
    }

    [Fact, Clause("D5.5")]
    public void What_has_failed_is_processed_for_an_end_that_does_not_know_failures_any_more()
    {
        var client = new ClientSettings { RacesOnSuspicion = false };
        World world = new World(client).Connected();
        world.Server.Session.Throws = static message => message.Text == "bad";
        world.Wire.Down.IsFrozen = true;
        world.Client.Session.SendAll("bad");
        world.Settle();

        client.Session.Features = FeatureSet.None;
        world.CutTheWire();
        world.Pass(2 * s_second);
        world.Client.Session.SendAll("good");
        world.Pass(s_second);

        Assert.Equal([("bad", SendOutcome.Processed), ("good", SendOutcome.Processed)], world.Client.Session.Outcomes);
        Assert.All(world.Wire.Down.Of(FrameType.Ack), static frame => Assert.Empty(((Ack)frame.Body!).Failed));
    }

    [Fact]
    public void A_close_waits_until_both_ends_know_what_has_failed()
    {
        World world = WorldWhere(static _ => true);
        world.Server.Session.HoldsHandlers = true;
        world.Client.Session.SendAll("bad");
        world.Settle();

        world.Client.Machine.BeginClose(new CloseNotice(CloseCode.Closed, "done"), takesInbound: true, TimeSpan.FromSeconds(30), world.Now);
        world.Settle();
        Assert.Null(world.Client.Sessions[0].Ended);
        world.Server.Session.FinishHandler();
        world.Pass(s_second);

        Assert.Equal([("bad", SendOutcome.Failed)], world.Client.Sessions[0].Outcomes);
        Assert.Empty(world.Client.Sessions[0].Ended!.Unfinished);
    }

    private static World WorldWhere(Predicate<string> throws)
    {
        World world = new World().Connected();
        world.Server.Session.Throws = message => throws(message.Text!);
        return world;
    }
}
