using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class NumberTests
{
    [Fact, Clause("N1.1")]
    public void A_piece_that_is_sent_again_keeps_its_number()
    {
        World world = new World().Connected();
        world.Client.Session.Send("one", Lane.Bulk);
        world.Client.Session.Send("two", Lane.Critical);
        world.Client.Session.Send("three", Lane.Normal);
        world.Wire.Freeze();
        world.Settle();

        world.CutTheWire();
        world.Pass(TimeSpan.FromSeconds(1));

        (long, string)[] first = [.. world.OldWire.Up.Numbers.Zip(world.OldWire.Up.Texts)];
        Assert.Equal([(1, "two"), (2, "three"), (3, "one")], first);   // In the order in which they leave, whatever the lane.
        Assert.Equal(first, world.Wire.Up.Numbers.Zip(world.Wire.Up.Texts));
        Assert.Equal(["two", "three", "one"], world.Server.Session.Received);
    }

    [Fact, Clause("N1.1")]
    public void Each_direction_and_each_session_counts_from_one()
    {
        World world = new World().Connected();
        ClientEnd other = world.AddClient("bob");
        other.Machine.Start(world.Now);
        world.Settle();

        world.Client.Session.Send("up");
        other.Session.Send("up of the other");
        world.Server.Sessions[0].Send("down");
        world.Settle();

        Assert.Equal([1], world.Transports[0].Up.Numbers);
        Assert.Equal([1], world.Transports[0].Down.Numbers);
        Assert.Equal([1], world.Transports[1].Up.Numbers);
    }

    [Theory, Clause("N1.2")]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(WireLimits.NumberMax)]
    public void A_number_out_of_place_is_a_violation(long number)
    {
        World world = new World().Connected();
        world.Wire.Up.Inject("""[{"t":"data","n":1,"text":"a"},{"t":"data","n":2,"text":"b"}]""");
        world.Settle();

        world.Wire.Up.Inject($$"""{"t":"data","n":{{number}},"text":"c"}""");
        world.Settle();

        world.AssertViolated(EitEnd.Server, CloseCode.BadNumber, "N1.2");
        Assert.Equal(["a", "b"], world.Server.Session.Received);
    }

    [Fact, Clause("N1.2")]
    public void What_is_acknowledged_before_it_is_sent_again_is_left_out()
    {
        World world = new World().Connected();
        string[] texts = [.. "1234".Select(static digit => new string(digit, 10_000))];   // Each fills a WebSocket message of its own.
        world.Wire.Up.IsFrozen = true;
        world.Client.Session.SendAll(texts[0], texts[1]);
        world.Client.Cycle();
        world.Client.Session.SendAll(texts[2]);                    // It comes early.
        world.Settle();
        world.Client.Session.WritesLeft = 3;                       // When all has to be sent again, the line stalls behind the answer and two pieces.

        world.Pass(TimeSpan.FromMilliseconds(300));
        world.Client.Session.WritesLeft = null;
        world.Client.Session.SendAll(texts[3]);
        world.Settle();

        Assert.Equal([3, 1, 2, 4], world.Wire.Up.Numbers);
        Assert.Equal(texts, world.Server.Session.Received);
    }

    [Fact, Clause("N1.3")]
    public void After_a_resume_data_flows_on_from_what_the_peer_has()
    {
        World world = new World().Connected();
        world.Client.Session.SendAll("up 1", "up 2");
        world.Server.Session.SendAll("down 1", "down 2", "down 3");
        world.Settle();
        world.Wire.Freeze();
        world.Client.Session.SendAll("up 3", "up 4");
        world.Server.Session.SendAll("down 4");
        world.Settle();

        world.CutTheWire();
        world.Pass(TimeSpan.FromSeconds(1));

        var hello = (Hello)world.Wire.Up.Frames.First().Body!;
        var welcome = (Welcome)world.Wire.Down.Frames.First().Body!;
        Assert.Equal((3, 2), (hello.Received, welcome.Received));
        Assert.Equal([3, 4], world.Wire.Up.Numbers);
        Assert.Equal([4], world.Wire.Down.Numbers);
    }

    [Theory, Clause("N1.3")]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void After_a_resume_any_other_first_number_is_a_violation(long number)
    {
        World world = new World().Connected();
        world.Client.Session.SendAll("one", "two");
        world.Settle();
        world.CutTheWire();
        world.Pass(TimeSpan.FromSeconds(1));

        world.Wire.Up.Inject($$"""{"t":"data","n":{{number}},"text":"?"}""");
        world.Settle();

        world.AssertViolated(EitEnd.Server, CloseCode.BadNumber, "N1.2");
    }

    [Fact, Clause("N1.4")]
    public void A_piece_that_comes_twice_is_handed_over_once()
    {
        World world = new World().Connected();
        world.Wire.Up.IsFrozen = true;
        world.Client.Session.SendAll("one");
        world.Client.Cycle();
        world.Client.Session.SendAll("two");                       // It comes early, on the new transport.
        world.Settle();

        world.Pass(TimeSpan.FromMilliseconds(250));                // The gap does not close, so that all is sent again.

        Assert.Equal([2, 1, 2], world.Wire.Up.Numbers);
        Assert.Equal(1, world.Server.Session.Machine.Duplicates);
        Assert.Equal(["one", "two"], world.Server.Session.Received);
    }

    /// <summary>The client had sent 2 and heard that it is there, and leaves it out: 3 is ahead of its place, and what was asked for begins with 3 too.</summary>
    [Fact, Clause("N1.2")]
    public void A_step_ahead_to_where_the_peer_was_asked_to_go_back_to_is_not_the_step_back()
    {
        World world = new World().Connected();
        world.Client.Session.SendAll("one", "two");
        world.Settle();
        world.Wire.Down.IsFrozen = true;
        world.Server.Session.SendAll("lost");                      // So that the hand-over is not over when the resend comes.
        world.HoldsDials = true;
        world.Client.Cycle();
        world.CutTheWire();
        world.BeforeStep = static wire => wire.Down.IsFrozen |= wire == wire.World.Wire && wire.AtServer is not null;
        world.LetDialsThrough();
        Assert.IsType<SessionState.Proving>(world.Server.Session.Machine.State);

        world.Wire.Up.Inject("""[{"t":"switch","last":1},{"t":"resend","received":0,"lost":0},{"t":"data","n":3,"text":"three"},{"t":"data","n":4,"text":"four"}]""");
        world.Settle();
        world.Wire.Up.Inject("""[{"t":"data","n":3,"text":"three"},{"t":"data","n":4,"text":"four"},{"t":"data","n":5,"text":"five"}]""");
        world.Settle();

        Assert.Equal(new SessionState.Online(2), world.Server.Session.Machine.State);
        Assert.Equal(["one", "two", "three", "four", "five"], world.Server.Session.Received);
    }
}
