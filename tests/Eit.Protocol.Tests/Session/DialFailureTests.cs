using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class DialFailureTests
{
    private static readonly TimeSpan s_spread = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan s_retryAfter = TimeSpan.FromSeconds(60);

    // The first failure of a client that was connected for long; every draw is the middle. Back-off begins with the longer of the spread and half a second.
    private static readonly Dictionary<string, (DialFailure Failure, Type State, double WaitSeconds)> s_first = new()
    {
        ["401"] = (Http(401), typeof(ClientState.Waiting), 0),
        ["403"] = (Http(403), typeof(ClientState.Refused), 300),
        ["404"] = (Http(404), typeof(ClientState.Waiting), 4),
        ["400"] = (Http(400), typeof(ClientState.Waiting), 0),
        ["431"] = (Http(431), typeof(ClientState.Waiting), 0),
        ["426"] = (Http(426), typeof(ClientState.Waiting), 4),
        ["429"] = (Http(429), typeof(ClientState.Waiting), 4),
        ["429 with Retry-After"] = (Http(429, s_retryAfter), typeof(ClientState.Waiting), 64),
        ["500"] = (Http(500), typeof(ClientState.Waiting), 4),
        ["502"] = (Http(502), typeof(ClientState.Waiting), 4),
        ["503"] = (Http(503), typeof(ClientState.Waiting), 4),
        ["503 with Retry-After"] = (Http(503, s_retryAfter), typeof(ClientState.Waiting), 64),
        ["503 with a short Retry-After"] = (Http(503, TimeSpan.FromSeconds(1)), typeof(ClientState.Waiting), 5),
        ["200"] = (Http(200), typeof(ClientState.Waiting), 4),
        ["302"] = (Http(302), typeof(ClientState.Waiting), 4),
        ["302 to a sign-in page"] = (Http(302) with { Location = "https://app.example/Account/Login?ReturnUrl=%2Feit" }, typeof(ClientState.Waiting), 0),
        ["no route"] = (new DialFailure(DialFailureKind.Network, "no route"), typeof(ClientState.Waiting), 4),
        ["time-out"] = (new DialFailure(DialFailureKind.Timeout, "silence"), typeof(ClientState.Waiting), 4),
        ["certificate"] = (new DialFailure(DialFailureKind.Tls, "expired"), typeof(ClientState.Waiting), 4),
        ["token"] = (new DialFailure(DialFailureKind.Token, "hung"), typeof(ClientState.Waiting), 4),
        ["not our protocol"] = (new DialFailure(DialFailureKind.Protocol, "what?"), typeof(ClientState.Waiting), 4),
        ["lost before welcome"] = (Closed(CloseCode.Lost), typeof(ClientState.Waiting), 4),
        ["closed 4100"] = (Closed(CloseCode.Timeout), typeof(ClientState.Waiting), 4),
        ["closed 4200"] = (Closed(CloseCode.Overloaded), typeof(ClientState.Waiting), 4),
        ["closed 4201"] = (Closed(CloseCode.Unauthorized), typeof(ClientState.Waiting), 0),
        ["closed 4202"] = (Closed(CloseCode.TooManyRequests), typeof(ClientState.Waiting), 4),
        ["closed 4202 with a wait"] = (Closed(CloseCode.TooManyRequests) with { RetryAfter = s_retryAfter }, typeof(ClientState.Waiting), 64),
        ["closed 4203"] = (Closed(CloseCode.Unavailable), typeof(ClientState.Waiting), 4),
        ["closed 4203 with a wait"] = (Closed(CloseCode.Unavailable) with { RetryAfter = s_retryAfter }, typeof(ClientState.Waiting), 64),
        ["closed 4401"] = (Closed(CloseCode.Full), typeof(ClientState.Waiting), 4),
        ["closed 4500"] = (Closed(CloseCode.Malformed), typeof(ClientState.Waiting), 4),
        ["closed 4600"] = (Closed(CloseCode.Forbidden), typeof(ClientState.Refused), 300),
        ["closed 4702"] = (Closed(CloseCode.BadProof), typeof(ClientState.Waiting), 4),
        ["closed 4000"] = (Closed(CloseCode.Closed), typeof(ClientState.Closed), 0),
    };

    public static TheoryData<string> First => [.. s_first.Keys];

    [Theory, Clause("A1.4")]
    [MemberData(nameof(First))]
    public void Every_http_status_of_a_dial_leads_to_its_state(string name)
    {
        (DialFailure failure, Type state, double seconds) = s_first[name];
        World world = Redialling();

        world.Client.Machine.DialFailed(2, failure, world.Now);

        Assert.IsType(state, world.Client.Machine.State);
        Assert.Equal(world.Now + TimeSpan.FromSeconds(seconds), At(world.Client.Machine.State) ?? world.Now);
    }

    [Fact, Clause("A1.4")]
    public void After_401_a_fresh_token_is_asked_for_once_and_then_there_is_back_off()
    {
        World world = Redialling();

        for (int i = 0; i < 4; i++)
        {
            world.Client.Machine.DialFailed(world.Client.Dials[^1].Epoch, Http(401), world.Now);
            Assert.Equal(i == 0, At(world.Client.Machine.State) == world.Now);
            world.Pass(TimeSpan.FromSeconds(10));
        }

        Assert.Equal([TokenReason.First, TokenReason.Redial, .. Enumerable.Repeat(TokenReason.Rejected, 4)], world.Client.Dials.Select(static dial => dial.TokenReason));
    }

    [Theory, Clause("A1.21")]
    [InlineData("/Account/Login?ReturnUrl=%2Feit", true)]
    [InlineData("https://login.example/realms/a/protocol/openid-connect/auth?client_id=1", true)]
    [InlineData("https://id.example/start?redirect_uri=x", true)]
    [InlineData("/sso", true)]
    [InlineData("https://app.example/eit", false)]
    [InlineData("https://blog.example/author?login=1", false)]
    [InlineData("", false)]
    public void A_redirect_to_a_sign_in_page_asks_for_a_fresh_token_as_401_does(string location, bool isSignIn)
    {
        World world = Redialling();

        world.Client.Machine.DialFailed(2, Http(302) with { Location = location }, world.Now);
        world.Pass(TimeSpan.FromSeconds(10));

        Assert.Equal(isSignIn ? TokenReason.Rejected : TokenReason.Redial, world.Client.Dials[^1].TokenReason);
    }

    [Theory, Clause("S1.20")]
    [InlineData(400)]
    [InlineData(431)]
    public void After_an_answer_that_too_large_a_head_may_have_caused_hello_is_a_frame(int status)
    {
        World world = Redialling();

        world.Client.Machine.DialFailed(2, Http(status), world.Now);
        world.Pass(TimeSpan.FromMilliseconds(1));
        Assert.Equal((3, true), (world.Client.Dials.Count, world.Client.Dials[^1].IsHelloFrame));
        world.LetDialsThrough();
        world.CutTheWire();
        world.Pass(TimeSpan.FromSeconds(10));

        Assert.Equal((HelloWant.Resume, true), (world.Client.Dials[^1].Hello.Want, world.Client.Dials[^1].IsHelloFrame));
    }

    [Fact, Clause("S1.20")]
    public void Where_hello_as_a_frame_is_refused_too_the_client_backs_off_and_goes_back_to_the_header()
    {
        World world = Redialling();

        world.Client.Machine.DialFailed(2, Http(400), world.Now);
        world.Pass(TimeSpan.FromMilliseconds(1));
        world.Client.Machine.DialFailed(3, Http(400), world.Now);
        Assert.InRange(At(world.Client.Machine.State)!.Value.Since(world.Now), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
        world.Pass(TimeSpan.FromSeconds(30));
        world.Client.Machine.DialFailed(4, Http(400), world.Now);

        Assert.NotEqual(world.Now, At(world.Client.Machine.State));
        Assert.Equal([false, false, true, false], world.Client.Dials.Select(static dial => dial.IsHelloFrame));
    }

    [Fact, Clause("S1.20")]
    public void A_cycle_that_too_large_a_head_has_hindered_is_tried_again_at_once_with_hello_as_a_frame()
    {
        World world = new World().Connected();
        world.HoldsDials = true;
        world.Client.Machine.RequestCycle("test", world.Now);
        world.Drive();

        world.Client.Machine.DialFailed(2, Http(431), world.Now);
        world.Drive();

        Assert.Equal((HelloWant.Cycle, true), (world.Client.Dials[^1].Hello.Want, world.Client.Dials[^1].IsHelloFrame));
        Assert.Equal(3, world.Client.Dials.Count);
        Assert.IsType<ClientState.Connected>(world.Client.Machine.State);
    }

    [Theory, Clause("A2.5")]
    [InlineData(CloseCode.Unauthorized, 401)]
    [InlineData(CloseCode.TooManyRequests, 429)]
    [InlineData(CloseCode.Unavailable, 503)]
    public void A_close_that_stands_for_a_status_means_what_the_status_means(CloseCode code, int status)
    {
        (World closed, World answered) = (Redialling(), Redialling());

        for (int i = 0; i < 3; i++)
        {
            closed.Client.Machine.DialFailed(closed.Client.Dials[^1].Epoch, Closed(code), closed.Now);
            answered.Client.Machine.DialFailed(answered.Client.Dials[^1].Epoch, Http(status), answered.Now);
            Assert.Equal(At(answered.Client.Machine.State), At(closed.Client.Machine.State));
            closed.Pass(TimeSpan.FromSeconds(10));
            answered.Pass(TimeSpan.FromSeconds(10));
        }

        Assert.Equal(answered.Client.Dials.Select(static dial => (dial.Hello.Want, dial.TokenReason)), closed.Client.Dials.Select(static dial => (dial.Hello.Want, dial.TokenReason)));
        Assert.NotNull(closed.Client.Machine.Session);             // It is presented again.
    }

    [Fact, Clause("A1.4")]
    public void After_a_connection_a_401_is_asked_about_at_once_again()
    {
        World world = Redialling();
        world.Client.Machine.DialFailed(2, Http(401), world.Now);
        world.Drive();
        world.LetDialsThrough();
        world.HoldsDials = true;
        world.CutTheWire();
        world.Pass(TimeSpan.FromSeconds(10));

        world.Client.Machine.DialFailed(world.Client.Dials[^1].Epoch, Http(401), world.Now);

        Assert.Equal(world.Now, At(world.Client.Machine.State));
    }

    [Fact, Clause("A1.4")]
    public void A_client_that_was_refused_tries_again_rarely()
    {
        World world = Redialling();
        world.HoldsDials = false;
        world.DialsFailWith = Http(403);
        world.Client.Machine.DialFailed(2, Http(403), world.Now);

        world.Pass(TimeSpan.FromHours(1));
        Assert.Equal(2 + 12, world.Client.Dials.Count);
        world.DialsFailWith = null;
        world.Pass(TimeSpan.FromMinutes(5));

        Assert.IsType<ClientState.Connected>(world.Client.Machine.State);
    }

    [Fact, Clause("A1.4")]
    public void A_client_that_is_to_stop_when_refused_stops()
    {
        World world = new World(new ClientSettings { RacesOnSuspicion = false, StopsWhenRefused = true }).Connected();
        world.HoldsDials = true;
        world.CutTheWire();
        world.Client.Session.SendAll("waits");
        world.Pass(TimeSpan.FromSeconds(10));

        world.Client.Machine.DialFailed(2, Http(403), world.Now);
        world.Settle();

        Assert.Equal(CloseCode.Forbidden, Assert.IsType<ClientState.Closed>(world.Client.Machine.State).Code);
        Assert.Equal([("waits", SendOutcome.NotSent)], world.Client.Session.Outcomes);
    }

    [Fact, Clause("A1.4")]
    public void The_failure_of_a_dial_that_nobody_waits_for_means_nothing()
    {
        World world = new World().Connected();

        world.Client.Machine.DialFailed(1, Http(403), world.Now);
        world.Client.Machine.DialFailed(77, Http(403), world.Now);

        Assert.IsType<ClientState.Connected>(world.Client.Machine.State);
    }

    [Fact, Clause("A1.4")]
    public void A_session_that_a_close_shuts_out_is_never_presented_again()
    {
        foreach (CloseCode code in (CloseCode[])[CloseCode.BadProof, CloseCode.StaleEpoch, CloseCode.OtherPrincipal, CloseCode.Superseded])
        {
            World world = Redialling();
            InstanceId before = world.Client.Machine.Instance;

            world.Client.Machine.DialFailed(2, Closed(code), world.Now);
            world.HoldsDials = false;
            world.Pass(TimeSpan.FromSeconds(30));

            Assert.Equal(HelloWant.New, world.Client.Dials[^1].Hello.Want);
            Assert.NotEqual(before, world.Client.Machine.Instance);
            Assert.Equal(code, world.Client.Sessions[0].Ended?.Code);
            Assert.IsType<ClientState.Connected>(world.Client.Machine.State);
        }
    }

    private static DialFailure Http(int status, TimeSpan? retryAfter = null) => new(DialFailureKind.Http, "refused") { HttpStatus = status, RetryAfter = retryAfter };

    private static DialFailure Closed(CloseCode code) => new(DialFailureKind.Closed, "closed") { Code = code };

    private static Instant? At(ClientState state) => state switch
    {
        ClientState.Waiting waiting => waiting.RedialAt,
        ClientState.Refused refused => refused.RetryAt,
        _ => null,
    };

    /// <summary>A client that was connected for long and whose first redial is under way.</summary>
    private static World Redialling()
    {
        World world = new();
        world.Server.Spread = s_spread;
        world.Connected();
        world.Pass(TimeSpan.FromSeconds(60));
        world.HoldsDials = true;
        world.CutTheWire();
        world.Pass(TimeSpan.FromSeconds(2));
        Assert.Equal(2, world.Client.Dials.Count);
        return world;
    }
}
