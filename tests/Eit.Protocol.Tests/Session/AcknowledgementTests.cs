using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class AcknowledgementTests
{
    private static readonly TimeSpan s_ackDelay = TimeSpan.FromMilliseconds(50);

    [Fact, Clause("N2.1")]
    public void An_ack_follows_within_50_ms_or_a_quarter_of_the_window()
    {
        World world = new World(server: new SessionSettings { WindowMessages = 16, WindowMessagesMax = 16 }).Connected();
        world.Server.Session.HoldsHandlers = true;

        world.Client.Session.Send("one");
        world.Pass(s_ackDelay - TimeSpan.FromTicks(1));
        Assert.Empty(world.Wire.Down.Of(FrameType.Ack));
        world.Pass(TimeSpan.FromTicks(1));
        Assert.Equal(1, world.Wire.Down.LastAck.Received);

        for (int i = 2; i <= 4; i++) { world.Client.Session.Send("more"); }
        world.Settle();
        Assert.Equal(1, world.Wire.Down.LastAck.Received);
        world.Client.Session.Send("the fourth since");
        world.Settle();
        Assert.Equal(5, world.Wire.Down.LastAck.Received);
    }

    [Fact, Clause("N2.1")]
    public void Behind_a_large_window_an_ack_follows_4_096_messages()
    {
        World world = new World(server: new SessionSettings { WindowMessages = 65_536, WindowMessagesMax = 65_536, WindowBytes = 16 * 1024 * 1024 }).Connected();
        world.Server.Session.HoldsHandlers = true;

        for (int i = 0; i < 4_095; i++) { world.Client.Session.Send("x"); }
        world.Settle();
        Assert.Empty(world.Wire.Down.Of(FrameType.Ack));
        world.Client.Session.Send("the last of 4,096");
        world.Settle();
        Assert.Equal(4_096, world.Wire.Down.LastAck.Received);
    }

    [Fact, Clause("N2.1")]
    public void A_quarter_of_the_window_in_bytes_is_acknowledged_at_once()
    {
        World world = new World(server: new SessionSettings { MessageBytesMax = 40_000, WindowBytes = 40_000, WindowBytesMax = 40_000 }).Connected();
        world.Server.Session.HoldsHandlers = true;

        world.Client.Session.Send(new string('x', 9_999));
        world.Settle();
        Assert.Empty(world.Wire.Down.Of(FrameType.Ack));
        world.Client.Session.Send("y");
        world.Settle();

        Assert.Equal(2, world.Wire.Down.LastAck.Received);
    }

    [Fact, Clause("N2.1")]
    public void An_ack_rides_on_whatever_leaves()
    {
        World world = new World().Connected();
        world.Client.Session.Send("question");
        world.Settle();

        world.Server.Session.Send("answer");
        world.Settle();

        Assert.Equal([FrameType.Ack, FrameType.Data], world.Wire.Down.Messages[^1].Frames.Select(static frame => frame.Type));
        Assert.Equal((1, 1), (world.Wire.Down.LastAck.Received, world.Wire.Down.LastAck.Processed.Normal));
    }

    [Fact, Clause("N2.2")]
    public void An_ack_below_what_is_known_changes_nothing()
    {
        World world = new World().Connected();
        world.Client.Session.SendAll("one", "two", "three");
        world.Settle();
        UInt128 before = world.Client.Session.Digest;

        world.Wire.Down.Inject("""{"t":"ack","received":1,"processed":[0,0,1,0],"credit":[1,1]}""");
        world.Wire.Down.Inject("""{"t":"ack","received":0,"processed":[0,0,0,0],"credit":[0,0]}""");
        world.Settle();

        Assert.Equal(before, world.Client.Session.Digest);
        Assert.Equal(3, world.Client.Session.Machine.PeerReceived);
        Assert.True(world.Client.Session.Machine.IsSettled);
        Assert.Null(world.Client.Session.Ended);
    }

    [Fact, Clause("N2.3")]
    public void Processed_is_told_only_after_the_handler_has_finished()
    {
        World world = new World().Connected();
        world.Server.Session.HoldsHandlers = true;
        world.Client.Session.SendAll("one", "two");

        world.Pass(TimeSpan.FromSeconds(1));
        Assert.Equal((2, default), (world.Wire.Down.LastAck.Received, world.Wire.Down.LastAck.Processed));
        Assert.Empty(world.Client.Session.Outcomes);
        world.Server.Session.FinishHandler();
        world.Settle();

        Assert.Equal(new LaneMarks(0, 0, 1, 0), world.Wire.Down.LastAck.Processed);
        Assert.Equal([("one", SendOutcome.Processed)], world.Client.Session.Outcomes);
    }

    [Fact, Clause("N2.3")]
    public void Received_is_told_before_the_handler_has_finished_and_at_once_to_those_who_asked_for_that()
    {
        World world = new World().Connected();
        world.Server.Session.HoldsHandlers = true;

        world.Client.Session.Send("one", isAwaited: true, when: CompleteWhen.Received);
        world.Settle();

        Assert.Equal([("one", SendOutcome.Received)], world.Client.Session.Outcomes);
    }

    [Fact, Clause("N2.3")]
    public void Each_lane_has_its_own_mark()
    {
        World world = new World().Connected();
        world.Server.Session.HoldsHandlers = true;
        world.Client.Session.Send("bulk", Lane.Bulk, isAwaited: true);
        world.Settle();
        world.Client.Session.Send("critical", Lane.Critical, isAwaited: true);
        world.Settle();

        world.Server.Session.FinishHandler();
        world.Pass(s_ackDelay);

        Assert.Equal((2, new LaneMarks(0, 0, 0, 1)), (world.Wire.Down.LastAck.Received, world.Wire.Down.LastAck.Processed));
        Assert.Equal([("bulk", SendOutcome.Processed)], world.Client.Session.Outcomes);
    }

    [Theory, Clause("N2.4")]
    [InlineData("""{"t":"ack","received":3,"processed":[0,0,0,0],"credit":[9,9]}""")]
    [InlineData("""{"t":"ack","received":9007199254740991,"processed":[0,0,0,0],"credit":[9,9]}""")]
    [InlineData("""{"t":"ack","received":1,"processed":[0,0,2,0],"credit":[9,9]}""")]
    [InlineData("""{"t":"ack","received":2,"processed":[3,0,0,0],"credit":[9,9]}""")]
    [InlineData("""{"t":"ack","received":2,"processed":[0,9007199254740991,0,0],"credit":[9,9]}""")]
    public void An_ack_beyond_what_was_sent_is_a_violation(string ack)
    {
        foreach (EitEnd end in Enum.GetValues<EitEnd>())
        {
            World world = new World().Connected();
            world.Wire.Freeze();
            world.Client.Session.SendAll("one", "two");
            world.Server.Session.SendAll("one", "two");
            world.Drive();
            world.Wire.Up.EndWith(code: null);
            world.Wire.Down.EndWith(code: null);

            world.Feed(end, ack);

            world.AssertViolated(end, CloseCode.BadAck, "N2.4");
        }
    }

    [Fact, Clause("N2.5")]
    public void A_prompt_message_is_acknowledged_as_soon_as_it_is_processed()
    {
        World world = new World().Connected();
        world.Server.Session.HoldsHandlers = true;
        world.Client.Session.Send("prompt", isAwaited: true);
        world.Settle();
        Assert.True(world.Wire.Up.Of(FrameType.Data).Single().IsPrompt);
        Assert.Empty(world.Wire.Down.Of(FrameType.Ack));

        world.Server.Session.FinishHandler();
        world.Settle();                                            // And no time passes.

        Assert.Equal([("prompt", SendOutcome.Processed)], world.Client.Session.Outcomes);
    }
}
