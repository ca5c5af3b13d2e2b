using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class RaceTests
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(5);

    [Fact, Clause("L2.1"), Clause("L2.2")]
    public void After_a_black_hole_traffic_is_back_within_half_the_time_out_and_a_dial()
    {
        World world = Start();
        world.Pass(TimeSpan.FromSeconds(1));
        Instant fell = world.Now;
        world.Wire.Freeze();                                       // Nothing gets through, and nobody is told.
        world.Client.Session.SendAll("up");
        world.Server.Session.SendAll("down");

        while (world.Client.Session.Messages.Count == 0 || world.Server.Session.Messages.Count == 0)
        {
            world.Pass(TimeSpan.FromMilliseconds(1));
            Assert.True(world.Now.Since(fell) <= s_timeout / 2, "Traffic is not back.");
        }

        Assert.Equal((HelloWant.Cycle, "suspicion"), (world.Client.Dials[^1].Hello.Want, world.Client.Dials[^1].Hello.Why));
        Assert.Equal(0, world.Client.Session.CountOf<SessionOutput.OutageBegan>());
        Assert.Equal(["up"], world.Server.Session.Received);
        Assert.Equal(["down"], world.Client.Session.Received);
        world.Pass(TimeSpan.FromSeconds(30));
        Assert.Equal(2, world.Transports.Count);
    }

    [Fact, Clause("L2.1")]
    public void A_quiet_line_is_not_suspicious()
    {
        World world = Start();

        world.Pass(TimeSpan.FromMinutes(5));

        Assert.Single(world.Transports);
    }

    [Fact, Clause("L2.1")]
    public void There_is_one_race_for_each_silence()
    {
        World world = Start();
        world.Wire.Freeze();
        world.DialsFailWith = new DialFailure(DialFailureKind.Network, "no way");

        world.Pass(s_timeout * 0.99);

        Assert.Equal(2, world.Client.Dials.Count);
        Assert.IsType<ClientState.Connected>(world.Client.Machine.State);
    }

    [Fact, Clause("L2.1")]
    public void An_old_transport_that_lives_after_all_is_handed_over_without_loss()
    {
        World world = Start();
        world.Wire.Freeze();
        world.Client.Session.SendAll("up");
        world.Server.Session.SendAll("down");

        world.HoldsDials = true;
        world.Pass(s_timeout * 0.6);
        world.Wire.Thaw();
        world.Settle();
        world.LetDialsThrough();
        world.Client.Session.SendAll("more");
        world.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal(["up", "more"], world.Server.Session.Received);
        Assert.Equal(["down"], world.Client.Session.Received);
        Assert.Equal(1, world.Client.Session.CountOf<SessionOutput.HandedOver>());
    }

    [Fact, Clause("L2.1")]
    public void Nobody_races_while_the_server_is_overloaded()
    {
        World world = Start();
        world.Server.Session.Machine.Announce(new Terms(TimeSpan.Zero, Expires: null, IsOverloaded: true), world.Now);
        world.Settle();
        world.Wire.Freeze();

        world.Pass(s_timeout * 0.99);

        Assert.Single(world.Client.Dials);
    }

    [Fact, Clause("L2.1")]
    public void An_overload_counts_beyond_a_resume()
    {
        World world = Start();
        world.Server.Session.Machine.Announce(new Terms(TimeSpan.Zero, Expires: null, IsOverloaded: true), world.Now);
        world.Settle();
        world.CutTheWire();
        world.Pass(TimeSpan.FromSeconds(1));
        int dials = world.Client.Dials.Count;
        world.Wire.Freeze();

        world.Pass(s_timeout * 0.7);

        Assert.IsType<ClientState.Connected>(world.Client.Machine.State);
        Assert.Equal(dials, world.Client.Dials.Count);
    }

    [Fact, Clause("L2.1")]
    public void A_client_that_does_not_race_waits_for_the_time_out()
    {
        World world = Start(races: false);
        world.Wire.Freeze();

        world.Pass(s_timeout * 0.99);

        Assert.Single(world.Client.Dials);
    }

    private static World Start(bool races = true)
    {
        var world = new World(new ClientSettings { RacesOnSuspicion = races });
        world.Server.Spread = TimeSpan.Zero;
        return world.Connected();
    }
}
