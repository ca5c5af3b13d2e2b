using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class SlowConsumerTests
{
    private static readonly SessionSettings s_oneAtATime = new() { WindowMessages = 1, WindowMessagesMax = 1 };

    [Fact, Clause("N5.1")]
    public void A_peer_that_lets_messages_wait_is_told_once_for_each_backlog()
    {
        World world = Begin(SlowConsumers.Wait);

        world.Pass(TimeSpan.FromMinutes(1));
        SessionOutput.ConsumerSlow slow = Assert.Single(world.Server.Session.Outputs.OfType<SessionOutput.ConsumerSlow>());
        world.Client.Session.HoldsHandlers = false;
        world.Client.Session.FinishHandler();
        world.Settle();
        world.Client.Session.HoldsHandlers = true;
        world.Server.Session.SendAll("four", "five");
        world.Pass(TimeSpan.FromSeconds(30));

        Assert.Equal((2, 8L, TimeSpan.FromSeconds(10)), (slow.Messages, slow.Bytes, slow.Oldest));
        Assert.Equal(2, world.Server.Session.CountOf<SessionOutput.ConsumerSlow>());
        Assert.Equal(0, world.Server.Session.CountOf<SessionOutput.OutageBegan>());
    }

    [Fact, Clause("N5.1")]
    public void What_waits_for_a_transport_does_not_make_a_consumer_slow()
    {
        World world = Begin(SlowConsumers.Disconnect);
        world.HoldsDials = true;
        world.Pass(TimeSpan.FromSeconds(5));
        world.CutTheWire();
        world.Pass(TimeSpan.FromSeconds(60));

        world.HoldsDials = false;
        world.LetDialsThrough();
        world.Pass(TimeSpan.FromSeconds(5));

        Assert.Equal(0, world.Server.Session.CountOf<SessionOutput.ConsumerSlow>());
    }

    [Fact, Clause("N5.1")]
    public void A_slow_consumer_is_disconnected_and_may_resume()
    {
        World world = Begin(SlowConsumers.Disconnect);

        world.Pass(TimeSpan.FromSeconds(11));
        Assert.Equal(CloseCode.SlowConsumer, world.Server.Session.Outputs.OfType<SessionOutput.OutageBegan>().Single().Code);
        world.Client.Session.HoldsHandlers = false;
        world.Client.Session.FinishHandler();
        world.Settle();

        Assert.Equal(["one", "two", "three"], world.Client.Session.Received);
        Assert.Equal(1, world.Server.Session.CountOf<SessionOutput.Resumed>());
    }

    [Fact, Clause("N5.2")]
    public void A_consumer_that_processes_nothing_between_three_disconnections_loses_the_session()
    {
        World world = Begin(SlowConsumers.Disconnect);
        SessionEnd server = world.Server.Session;

        world.Pass(TimeSpan.FromSeconds(40));

        Assert.Equal(CloseCode.TooSlow, server.Ended!.Code);
        Assert.Equal(3, server.CountOf<SessionOutput.ConsumerSlow>());
        Assert.Equal([SendOutcome.Unknown, SendOutcome.NotSent, SendOutcome.NotSent], server.Ended.Unfinished.Select(static message => message.Outcome));
    }

    [Fact, Clause("N5.2")]
    public void A_slow_consumer_that_gets_on_keeps_its_session()
    {
        World world = Begin(SlowConsumers.Disconnect);
        for (int i = 0; i < 20; i++) { world.Server.Session.Send($"more {i}"); }

        for (int i = 0; i < 6; i++)
        {
            world.Pass(TimeSpan.FromSeconds(11));
            world.Client.Session.FinishHandler();
            world.Settle();
        }

        Assert.Null(world.Server.Session.Ended);
        Assert.InRange(world.Server.Session.CountOf<SessionOutput.ConsumerSlow>(), 5, 6);
    }

    [Theory]
    [InlineData(2_499, true)]
    [InlineData(2_500, false)]
    [InlineData(0, false)]
    public void A_keepalive_of_half_the_time_out_or_more_is_refused(int milliseconds, bool isAllowed)
    {
        var settings = new SessionSettings { KeepAlive = TimeSpan.FromMilliseconds(milliseconds) };

        Assert.Equal(isAllowed, !settings.Faults().Any(static fault => fault.Contains("KeepAlive", StringComparison.Ordinal)));
    }

    [Fact, Clause("L1.1")]
    public void A_shorter_keepalive_is_kept_and_a_longer_one_than_a_third_of_the_peers_time_out_is_not()
    {
        Assert.Equal(10, Pings(TimeSpan.FromSeconds(1)), 1.0);
        Assert.Equal(6, Pings(TimeSpan.FromSeconds(2)), 1.0);
    }

    private static double Pings(TimeSpan keepAlive)
    {
        World world = new World(client: new ClientSettings { Session = new SessionSettings { KeepAlive = keepAlive } }).Connected();
        world.Pass(TimeSpan.FromSeconds(10));
        return world.Wire.Up.Of(FrameType.Ping).Count();
    }

    private static World Begin(SlowConsumers policy)
    {
        World world = new World(client: new ClientSettings { Session = s_oneAtATime }, server: new SessionSettings { SlowConsumers = policy }).Connected();
        world.Client.Session.HoldsHandlers = true;
        world.Server.Session.SendAll("one", "two", "three");
        return world;
    }
}
