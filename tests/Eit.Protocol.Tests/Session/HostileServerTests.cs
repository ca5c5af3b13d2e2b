using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

/// <summary>What a client makes of numbers and welcomes that no honest server sends.</summary>
public class HostileServerTests
{
    private static readonly TimeSpan s_absurd = TimeSpan.FromDays(36_525);
    private static readonly DialFailure s_badGateway = new(DialFailureKind.Http, "502") { HttpStatus = 502 };

    [Fact, Clause("S3.7")]
    public void Every_time_that_a_server_names_is_taken_within_its_bounds()
    {
        Welcome longest = PeerBounds.Clamp(WelcomeOf(s_absurd));
        Welcome shortest = PeerBounds.Clamp(WelcomeOf(TimeSpan.Zero));

        Assert.Equal((Hours(1), Hours(1), Hours(24)), (longest.Timeout, longest.ClientTimeout, longest.Window));
        Assert.Equal((TimeSpan.FromMinutes(10), TimeSpan.FromDays(30)), (longest.Spread, longest.Expires));
        Assert.Equal((TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(100)), (shortest.Timeout, shortest.ClientTimeout));
        Assert.Equal(new Terms(TimeSpan.FromMinutes(10), TimeSpan.FromDays(30)), PeerBounds.Clamp(new Terms(s_absurd, s_absurd)));
        Assert.Equal(Hours(24), PeerBounds.Clamp(new CycleRequest("age", s_absurd)).Within);
        Assert.Equal(Hours(1), PeerBounds.ClampRetryAfter(s_absurd));
        Assert.Null(PeerBounds.ClampRetryAfter(wait: null));
    }

    [Fact, Clause("S3.7")]
    public void An_absurd_spread_does_not_keep_a_client_away()
    {
        World world = new();
        world.Server.Spread = s_absurd;
        world.Connected();
        world.DialsFailWith = s_badGateway;

        world.CutTheWire();
        world.Pass(TimeSpan.FromSeconds(2));
        world.DialsFailWith = null;
        world.Pass(TimeSpan.FromMinutes(10));

        Assert.IsType<ClientState.Connected>(world.Client.Machine.State);
    }

    [Fact, Clause("S3.7")]
    public void An_absurd_spread_in_terms_does_not_keep_a_client_away()
    {
        World world = new World().Connected();
        world.Server.Session.Machine.Announce(new Terms(s_absurd, s_absurd), world.Now);
        world.Settle();
        world.DialsFailWith = s_badGateway;

        world.CutTheWire();
        world.Pass(TimeSpan.FromSeconds(2));
        world.DialsFailWith = null;
        world.Pass(TimeSpan.FromMinutes(10));

        Assert.IsType<ClientState.Connected>(world.Client.Machine.State);
    }

    [Fact, Clause("S3.7")]
    public void An_absurd_wait_that_a_failed_dial_asks_for_is_an_hour()
    {
        World world = new World().Connected();
        world.DialsFailWith = s_badGateway with { HttpStatus = 503, RetryAfter = s_absurd };

        world.CutTheWire();
        world.Pass(TimeSpan.FromSeconds(2));
        world.DialsFailWith = null;
        world.Pass(Hours(1.1));

        Assert.IsType<ClientState.Connected>(world.Client.Machine.State);
    }

    [Fact, Clause("R1.20")]
    public void A_welcome_for_another_epoch_is_a_failed_dial()
    {
        foreach (bool isResumed in (bool[])[false, true])
        {
            World world = new World { HoldsDials = true };
            world.Client.Machine.Start(world.Now);
            world.Settle();

            SessionMachine? session = world.Client.Machine.Welcomed(1, WelcomeOf(TimeSpan.FromSeconds(5)) with { Epoch = 2, IsResumed = isResumed }, TimeSpan.Zero, world.Now);
            world.Drive();

            Assert.Null(session);
            Assert.Equal(1, Assert.IsType<ClientState.Waiting>(world.Client.Machine.State).Attempt);
            Assert.Equal(DialFailureKind.Protocol, world.Client.Changes.Last().Failure?.Kind);
            world.HoldsDials = false;
            world.Pass(TimeSpan.FromSeconds(30));
            Assert.IsType<ClientState.Connected>(world.Client.Machine.State);
        }
    }

    [Fact, Clause("R1.20")]
    public void A_welcome_of_a_cycle_for_another_epoch_is_a_failed_cycle()
    {
        World world = new World().Connected();
        world.HoldsDials = true;
        world.Client.Cycle();

        world.Client.Machine.Welcomed(2, WelcomeOf(TimeSpan.FromSeconds(5)) with { Epoch = 1 }, TimeSpan.Zero, world.Now);
        world.Drive();

        Assert.IsType<ClientState.Connected>(world.Client.Machine.State);
        Assert.False(world.Client.Machine.IsCycling);
        Assert.NotNull(Assert.Single(world.Client.Outputs.OfType<ClientOutput.CycleEnded>()).Failure);
        Assert.NotEqual(Instant.Never, world.Client.Machine.NextDeadline);
    }

    [Fact, Clause("L2.3")]
    public void A_server_does_not_make_a_client_cycle_more_often_than_every_5_s()
    {
        World asking = new World().Connected();
        World cutting = new();
        cutting.Server.Expires = TimeSpan.FromMilliseconds(1);
        cutting.Connected();

        for (int i = 0; i < 600; i++)
        {
            asking.Server.Session.Machine.AskToCycle(new CycleRequest("request", TimeSpan.Zero));
            asking.Pass(TimeSpan.FromMilliseconds(100));
        }
        cutting.Pass(TimeSpan.FromMinutes(1));

        Assert.InRange(asking.Client.Dials.Count, 3, 13);
        Assert.InRange(cutting.Client.Dials.Count, 3, 20);
    }

    [Fact, Clause("L2.3")]
    public void Who_wants_a_cycle_itself_has_one_at_once()
    {
        World world = new World().Connected();

        world.Client.Cycle();
        world.Client.Cycle();

        Assert.Equal(3, world.Transports.Count);
        Assert.False(world.Client.Machine.IsCycling);
    }

    [Fact, Clause("R1.21")]
    public void After_a_close_with_expired_a_fresh_credential_is_asked_for()
    {
        World world = new();
        world.Server.Expires = TimeSpan.FromSeconds(100);
        world.Connected();
        world.DialsFailWith = new DialFailure(DialFailureKind.Token, "the same token");
        world.Pass(TimeSpan.FromSeconds(99));
        TokenReason[] before = [.. world.Client.Dials.Select(static dial => dial.TokenReason).Distinct()];
        world.DialsFailWith = null;

        world.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal([TokenReason.First, TokenReason.Expiring], before);
        Assert.Equal(TokenReason.Rejected, world.Client.Dials[^1].TokenReason);
        Assert.IsType<ClientState.Connected>(world.Client.Machine.State);
    }

    [Fact, Clause("R1.21")]
    public void A_cycle_before_the_end_of_the_credentials_says_that_they_expire()
    {
        World world = new();
        world.Server.Expires = TimeSpan.FromSeconds(100);
        world.Connected();

        world.Pass(TimeSpan.FromSeconds(99));

        Assert.Equal((HelloWant.Cycle, "expiry", TokenReason.Expiring), (world.Client.Dials[^1].Hello.Want, world.Client.Dials[^1].Hello.Why, world.Client.Dials[^1].TokenReason));
    }

    [Fact, Clause("R1.21")]
    public void Credentials_that_have_nearly_ended_when_they_are_taken_are_asked_for_afresh()
    {
        World world = new();
        world.Server.Expires = TimeSpan.FromSeconds(4);
        world.Connected();
        world.Server.Expires = TimeSpan.FromHours(1);

        world.CutTheWire();
        world.Pass(TimeSpan.FromSeconds(2));
        world.CutTheWire();
        world.Pass(TimeSpan.FromSeconds(2));

        Assert.Equal([TokenReason.First, TokenReason.Rejected, TokenReason.Redial], world.Client.Dials.Select(static dial => dial.TokenReason));
    }

    [Fact, Clause("R1.21")]
    public void A_fresh_credential_is_asked_for_until_the_server_has_been_reached()
    {
        World world = new();
        world.Server.Expires = TimeSpan.FromSeconds(100);
        world.Connected();
        world.DialsFailWith = new DialFailure(DialFailureKind.Network, "no route");

        world.Pass(TimeSpan.FromSeconds(110));

        Assert.True(world.Client.Dials.Count(static dial => dial.Hello.Want == HelloWant.Resume) >= 2);
        Assert.All(world.Client.Dials.Where(static dial => dial.Hello.Want == HelloWant.Resume), static dial => Assert.Equal(TokenReason.Rejected, dial.TokenReason));
    }

    private static TimeSpan Hours(double hours) => TimeSpan.FromHours(hours);

    private static Welcome WelcomeOf(TimeSpan time) => new()
    {
        Session = new SessionId(0xF00),
        Secret = "AAAA",
        Epoch = 1,
        IsResumed = false,
        Timeout = time,
        ClientTimeout = time,
        MessageBytesMax = 1_000,
        Credit = new Credit(1, 1_000),
        Window = time,
        Spread = time,
        Expires = time,
    };
}
