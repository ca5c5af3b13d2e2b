using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class CreditTests
{
    [Fact, Clause("N3.1")]
    public void Credit_below_what_is_known_changes_nothing()
    {
        World world = new World(server: new SessionSettings { WindowMessages = 4, WindowMessagesMax = 4 }).Connected();
        world.Server.Session.HoldsHandlers = true;

        world.Wire.Down.Inject("""{"t":"ack","received":0,"processed":[0,0,0,0],"credit":[1,1]}""");
        world.Settle();
        for (int i = 1; i <= 5; i++) { world.Client.Session.Send($"message {i}"); }
        world.Settle();

        Assert.Equal(4, world.Wire.Up.Numbers.Count());
        Assert.Equal(1, world.Client.Session.Machine.OutboxMessages);
    }

    [Fact, Clause("N3.2")]
    public void Without_credit_a_message_waits_and_leaves_when_credit_comes()
    {
        World world = new World(server: new SessionSettings { WindowMessages = 2, WindowMessagesMax = 2 }).Connected();
        world.Server.Session.HoldsHandlers = true;

        world.Client.Session.SendAll("one", "two", "three");
        world.Settle();
        Assert.Equal(["one", "two"], world.Wire.Up.Texts);
        Assert.Equal(1, world.Client.Session.Machine.OutboxMessages);
        world.Server.Session.FinishHandler();
        world.Settle();

        Assert.Equal(["one", "two", "three"], world.Wire.Up.Texts);
    }

    [Fact, Clause("N3.2")]
    public void Only_the_last_piece_of_a_message_waits_for_credit()
    {
        World world = new World(server: new SessionSettings { MessageBytesMax = 40_000, WindowBytes = 40_000, WindowBytesMax = 40_000 }).Connected();
        world.Server.Session.HoldsHandlers = true;

        world.Client.Session.Send(new string('a', 10_000));
        world.Client.Session.Send(new string('b', 30_001));        // One byte more than is left.
        world.Settle();
        Assert.Equal([10_000, 16_384], world.Wire.Up.Of(FrameType.Data).Select(static frame => frame.Payload.Length));
        world.Server.Session.FinishHandler();
        world.Pass(TimeSpan.FromMilliseconds(50));

        Assert.Equal([10_000, 16_384, 13_617], world.Wire.Up.Of(FrameType.Data).Select(static frame => frame.Payload.Length));
        Assert.Equal(2, world.Server.Session.Messages.Count);
    }

    [Fact, Clause("N3.2")]
    public void A_message_that_is_sent_again_is_charged_once()
    {
        World world = new World(server: new SessionSettings { WindowMessages = 2, WindowMessagesMax = 2 }).Connected();
        world.Server.Session.HoldsHandlers = true;
        world.Wire.Freeze();
        world.Client.Session.SendAll("one", "two", "three", "four", "five");
        world.Settle();

        world.CutTheWire();
        world.Pass(TimeSpan.FromSeconds(1));
        Assert.Equal(["one", "two"], world.Wire.Up.Texts);
        world.Server.Session.FinishHandler();
        world.Server.Session.Drive();
        world.Server.Session.FinishHandler();
        world.Settle();

        Assert.Equal(["one", "two", "three", "four"], world.Wire.Up.Texts);
        Assert.Equal(new Credit(4, (1024 * 1024) + 6), world.Server.Session.Machine.Credit);
    }

    [Theory, Clause("N3.3")]
    [InlineData("""[{"t":"data","n":1,"text":""},{"t":"data","n":2,"text":""},{"t":"data","n":3,"text":""}]""")]
    [InlineData("""[{"t":"data","n":1,"text":"0123456789"},{"t":"data","n":2,"text":"x"}]""")]
    [InlineData("""[{"t":"data","n":1,"text":"01234"},{"t":"data","n":2,"lane":0,"text":"01234","more":true},{"t":"data","n":3,"lane":0,"text":"x"}]""")]
    public void More_than_the_credit_is_a_violation(string message)
    {
        World world = new World(server: new SessionSettings { WindowMessages = 2, WindowMessagesMax = 2, MessageBytesMax = 10, WindowBytes = 10, WindowBytesMax = 10 }).Connected();
        world.Server.Session.HoldsHandlers = true;

        world.Wire.Up.Inject(message);
        world.Settle();

        world.AssertViolated(EitEnd.Server, CloseCode.CreditExceeded, "N3.3");
    }

    [Fact, Clause("N3.4")]
    public void Credit_returns_when_the_handler_has_finished()
    {
        World world = new World(server: new SessionSettings { WindowMessages = 8, WindowMessagesMax = 8, MessageBytesMax = 1_000, WindowBytes = 1_000, WindowBytesMax = 1_000 }).Connected();
        world.Server.Session.HoldsHandlers = true;

        world.Client.Session.Send("five!");
        world.Pass(TimeSpan.FromSeconds(1));
        Assert.Equal(new Credit(8, 1_000), world.Wire.Down.LastAck.Credit);
        world.Server.Session.FinishHandler();
        world.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal(new Credit(9, 1_005), world.Wire.Down.LastAck.Credit);
    }

    [Fact, Clause("N3.4")]
    public void A_sender_goes_at_the_speed_of_the_handler()
    {
        World world = new World(server: new SessionSettings { WindowMessages = 3, WindowMessagesMax = 3 }).Connected();
        world.Server.Session.HoldsHandlers = true;
        world.Client.Session.SendAll(Enumerable.Range(1, 20).Select(static number => $"message {number}"));
        world.Settle();

        for (int done = 1; done <= 20; done++)
        {
            Assert.Equal(Math.Min(20, done + 2), world.Wire.Up.Numbers.Count());
            world.Server.Session.FinishHandler();
            world.Settle();
        }
        Assert.Equal(20, world.Server.Session.Messages.Count);
    }

    [Fact, Clause("N3.5")]
    public void Control_frames_go_before_data()
    {
        World world = new World().Connected();

        world.Server.Session.Send("data");
        world.Server.Session.Machine.AskToCycle(new CycleRequest("age", TimeSpan.FromMinutes(1)));
        world.Server.Session.Machine.Announce(new Terms(TimeSpan.FromSeconds(1), Expires: null), world.Now);
        world.Settle();
        Assert.Equal([FrameType.Cycle, FrameType.Terms, FrameType.Data], world.Wire.Down.Messages[^1].Frames.Select(static frame => frame.Type));

        world.Client.Session.Send("up");
        world.Settle();
        world.Server.Session.Send("more data");
        world.Feed(EitEnd.Server, """{"t":"ping","id":8}""");
        world.Settle();
        Assert.Equal([FrameType.Pong, FrameType.Ack, FrameType.Data], world.Wire.Down.Messages[^1].Frames.Select(static frame => frame.Type));
    }

    [Fact, Clause("N3.5")]
    public void Everything_but_data_goes_without_credit()
    {
        World world = new World(server: new SessionSettings { WindowMessages = 1, WindowMessagesMax = 1 }).Connected();
        world.Server.Session.HoldsHandlers = true;
        world.Client.Session.SendAll("one", "two");
        world.Settle();

        world.Server.Session.Send("down");
        world.Wire.Down.Inject("""{"t":"ping","id":1}""");
        world.Pass(TimeSpan.FromSeconds(4));

        Assert.Equal(["one"], world.Wire.Up.Texts);
        Assert.Contains(world.Wire.Up.Frames, static frame => frame.Type == FrameType.Ack);
        Assert.Contains(world.Wire.Up.Frames, static frame => frame.Type == FrameType.Pong);
        Assert.Contains(world.Wire.Up.Frames, static frame => frame.Type == FrameType.Ping);
    }

    [Fact, Clause("N3.6")]
    public void A_window_smaller_than_the_largest_message_is_refused()
    {
        var good = new SessionSettings { MessageBytesMax = 100_000, WindowBytes = 100_000, WindowBytesMax = 100_000 };
        var bad = new SessionSettings { MessageBytesMax = 100_000, WindowBytes = 99_999, WindowBytesMax = 99_999 };

        Assert.Empty(good.Faults());
        Assert.Contains("WindowBytes", Assert.Single(bad.Faults()), StringComparison.Ordinal);
    }

    [Fact, Clause("N3.6")]
    public void The_largest_message_gets_through_the_smallest_window()
    {
        World world = new World(server: new SessionSettings { MessageBytesMax = 100_000, WindowBytes = 100_000, WindowBytesMax = 100_000, WindowMessages = 1, WindowMessagesMax = 1 }).Connected();
        string largest = new('l', 100_000);

        world.Client.Session.SendAll(largest, largest, "x", largest);
        world.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal([largest, largest, "x", largest], world.Server.Session.Received);
    }

    [Fact, Clause("N3.8")]
    public void The_window_grows_while_the_handler_is_fast_and_not_while_it_is_slow()
    {
        World world = new World(server: new SessionSettings { WindowMessages = 32, WindowMessagesMax = 128, WindowBytesMax = 1024 * 1024 }).Connected();
        SessionEnd server = world.Server.Session;
        server.HoldsHandlers = true;
        world.Client.Session.SendAll(Enumerable.Range(1, 500).Select(static number => $"message {number}"));

        for (int i = 0; i < 100; i++)
        {
            world.Pass(TimeSpan.FromMilliseconds(20));
            server.FinishHandler();
        }
        Assert.Equal(new Credit(100 + 32, server.Machine.Credit.Bytes), server.Machine.Credit);
        server.HoldsHandlers = false;
        world.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal(500, server.Messages.Count);
        Assert.Equal(500 + 128, server.Machine.Credit.Messages);
    }

    [Fact, Clause("N3.9")]
    public void A_sixteenth_of_the_credit_is_for_the_lanes_above_normal()
    {
        World world = new World(server: new SessionSettings { WindowMessages = 32, WindowMessagesMax = 32 }).Connected();
        world.Server.Session.HoldsHandlers = true;

        for (int i = 0; i < 40; i++) { world.Client.Session.Send($"normal {i}"); }
        world.Settle();
        Assert.Equal(30, world.Wire.Up.Numbers.Count());
        world.Client.Session.Send("interactive", Lane.Interactive);
        world.Client.Session.Send("critical", Lane.Critical);
        world.Client.Session.Send("too many", Lane.Critical);
        world.Settle();

        Assert.Equal(["critical", "too many"], world.Wire.Up.Texts.Skip(30));
    }

    [Fact, Clause("N3.7")]
    public void The_credit_of_a_hello_counts_only_for_the_session_that_it_names()
    {
        var hello = new Hello
        {
            Instance = new InstanceId(1),
            Epoch = 5,
            Want = HelloWant.Resume,
            Session = new SessionId(1),
            Proof = "",
            Received = 900,
            Timeout = TimeSpan.FromSeconds(5),
            MessageBytesMax = 1_000,
            Credit = new Credit(1_000, 1_000_000),
        };
        var terms = new TransportTerms(hello.Timeout, TimeSpan.Zero, Expires: null);
        Instant now = Instant.Zero;
        var machine = SessionMachine.Accept(new SessionId(2), new byte[32], hello, terms, new ResumeRefusal("unknown", IsStandby: false), new SessionSettings(), new SeededJitter(1), now);
        machine.Fill(5, new JsonFrameWriter(), now);               // The welcome.

        machine.Accept(new OutgoingMessage { Text = "data" }, now, out _);
        Assert.False(machine.WantsToWrite(5, now));
        machine.FrameReceived(5, new Frame { Type = FrameType.Ack, Body = new Ack { Credit = new Credit(1, 4) } }, now);

        Assert.True(machine.WantsToWrite(5, now));
    }

    [Fact, Clause("N3.7")]
    public void The_credit_of_a_hello_for_a_new_session_counts()
    {
        World world = new World();
        world.Client.Machine.Start(world.Now);
        world.BeforeStep = static wire => wire.Up.IsFrozen = wire.AtServer is not null;   // No ack comes.

        world.Settle();
        world.Server.Session.Send("first");
        world.Settle();

        Assert.Equal(["first"], world.Client.Session.Received);
    }
}
