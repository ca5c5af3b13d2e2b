using System.Net.WebSockets;
using System.Text;
using System.Threading.RateLimiting;
using Eit.Connection;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Eit.EndToEnd.Tests;

/// <summary>Clients that can't set headers and don't see HTTP answers, as a page's.</summary>
public sealed class HeadlessTests
{
    private const string Closes = "eit.closes";

    [Theory, Clause("A2.2")]
    [InlineData("eit.v1.json")]
    [InlineData("eit.v1.bin")]
    public async Task A_token_that_is_offered_counts_beside_any_eit_subprotocol_and_is_never_selected(string subprotocol)
    {
        using var logs = new CapturedLogs();
        await using TestHost host = await StartAsync(build: builder => builder.Services.AddSingleton<ILoggerFactory>(logs));
        string token = host.Token("ada");

        await using RawClient client = await OfferAsync(host, subprotocol, TokenName(token));
        await using RawClient twice = await OfferAsync(host, subprotocol, TokenName(token), TokenName(host.Token("bob")));
        await using RawClient alone = await OfferAsync(host, TokenName(token));
        await using RawClient onlyCloses = await OfferAsync(host, Closes, TokenName(token));

        Assert.Equal((101, subprotocol), (client.Status, client.Subprotocol));
        Assert.Equal(401, twice.Status);
        Assert.Equal(401, alone.Status);
        Assert.Equal(401, onlyCloses.Status);
        Assert.NotEmpty(logs.Texts);
        Assert.DoesNotContain(logs.Texts, line => line.Contains(TokenName(token), StringComparison.Ordinal) || line.Contains(token, StringComparison.Ordinal));
    }

    [Fact, Clause("A2.3")]
    public async Task Who_may_be_a_page_and_has_a_cookie_says_its_origin()
    {
        await using TestHost host = await StartAsync();
        string token = TokenName(host.Token("ada"));

        async Task<int> StatusAsync(string? origin, params string[] offers)
        {
            await using RawClient client = await OfferAsync(host, offers, options =>
            {
                options.SetRequestHeader("Cookie", "session=1");
                if (origin is not null) { options.SetRequestHeader("Origin", origin); }
            });
            return client.Status;
        }

        Assert.Equal(403, await StatusAsync(origin: null, "eit.v1.json", token));
        Assert.Equal(403, await StatusAsync("", "eit.v1.json", token));
        Assert.Equal(403, await StatusAsync("https://evil.example", "eit.v1.json", token));
        Assert.Equal(101, await StatusAsync($"https://127.0.0.1:{host.Port}", "eit.v1.json", token));
    }

    [Fact, Clause("A2.4")]
    public async Task Who_says_that_it_sees_no_answers_is_told_each_refusal_by_one_close()
    {
        await using TestHost host = await StartAsync(options => options.Admits = static context => ValueTask.FromResult(!context.Request.Headers.ContainsKey("X-Unwanted")));
        string token = TokenName(host.Token("ada"));

        await using RawClient unauthorized = await OfferAsync(host, "eit.v1.json", Closes);
        await using RawClient binary = await OfferAsync(host, "eit.v1.bin", Closes, TokenName("nonsense"));
        await using RawClient unwanted = await OfferAsync(host, ["eit.v1.json", Closes, token], static options => options.SetRequestHeader("X-Unwanted", "1"));
        await using RawClient foreign = await OfferAsync(host, ["eit.v1.json", Closes], static options => options.SetRequestHeader("Origin", "https://evil.example"));
        await using RawClient unknown = await OfferAsync(host, "eit.v9.json", Closes);
        await using RawClient seeing = await OfferAsync(host, "eit.v1.json");

        Assert.Equal((101, "eit.v1.json", CloseCode.Unauthorized, "A credential is needed."), await EndOf(unauthorized));
        Assert.Equal((101, "eit.v1.bin", CloseCode.Unauthorized, "A credential is needed."), await EndOf(binary));
        Assert.Equal((101, "eit.v1.json", CloseCode.Forbidden, "This client is not allowed here."), await EndOf(unwanted));
        Assert.Equal((101, "eit.v1.json", CloseCode.Forbidden, "The origin is not allowed."), await EndOf(foreign));
        Assert.Equal(401, unknown.Status);                         // There is nothing to select.
        Assert.Equal(401, seeing.Status);
        Assert.Equal(0, host.Sessions.Count);
    }

    [Fact, Clause("A2.4")]
    public async Task What_is_not_encrypted_is_not_upgraded_to_be_refused()
    {
        await using TestHost host = await StartAsync(tls: false);
        await using TestHost authorizing = await StartAsync(tls: false, map: static endpoint => endpoint.RequireAuthorization());

        await using RawClient client = await OfferAsync(host, ["eit.v1.json", Closes], scheme: "ws");
        await using RawClient other = await OfferAsync(authorizing, ["eit.v1.json", Closes], scheme: "ws");

        Assert.Equal(426, client.Status);
        Assert.Equal(401, other.Status);
    }

    [Fact, Clause("A2.4")]
    public async Task A_server_that_drains_or_is_full_says_so_with_a_wait()
    {
        await using TestHost full = await StartAsync(static options => (options.Limits.SessionsMax, options.SpreadMin) = (1, TimeSpan.FromSeconds(7)));
        await using EitConnection first = full.Client(configure: TestHost.Calm);
        await first.StartAsync().Soon();

        await using RawClient client = await RawClient.OpenAsync(full, RawClient.Hello(), configure: options =>
        {
            options.AddSubProtocol(Closes);
            options.AddSubProtocol(TokenName(full.Token("ada")));
        });

        Assert.Equal((101, "eit.v1.json", CloseCode.Unavailable, "retry-after=7; The server is full."), await EndOf(client));
    }

    [Fact, Clause("A2.4")]
    public async Task Refusals_of_the_applications_own_middleware_come_the_same_way_and_its_handler_is_asked()
    {
        var results = new Results();
        await using TestHost host = await StartAsync(
            build: builder =>
            {
                builder.Services.AddSingleton<IAuthorizationMiddlewareResultHandler>(results);
                builder.Services.AddAuthorizationBuilder().AddPolicy("admin", static policy => policy.RequireAuthenticatedUser().RequireRole("admin"));
            },
            map: static endpoint => endpoint.RequireAuthorization("admin"));

        await using RawClient stranger = await OfferAsync(host, "eit.v1.json", Closes);
        await using RawClient user = await OfferAsync(host, "eit.v1.json", Closes, TokenName(host.Token("ada")));

        Assert.Equal(CloseCode.Unauthorized, (await EndOf(stranger)).Code);
        Assert.Equal(CloseCode.Forbidden, (await EndOf(user)).Code);
        Assert.Equal(2, results.Asked);
    }

    [Theory, Clause("A2.4")]
    [InlineData(429, CloseCode.TooManyRequests)]
    [InlineData(503, CloseCode.Unavailable)]
    public async Task A_rate_limiter_is_heard_with_its_wait(int status, CloseCode code)
    {
        await using TestHost host = await StartAsync(
            build: builder => builder.Services.AddRateLimiter(options =>
            {
                options.RejectionStatusCode = status;
                options.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, int>(static _ => RateLimitPartition.GetConcurrencyLimiter(0, static _ => new ConcurrencyLimiterOptions { PermitLimit = 1 }));
                options.OnRejected = static async (context, cancel) =>
                {
                    context.HttpContext.Response.Headers.RetryAfter = "11";
                    await context.HttpContext.Response.WriteAsync("Come back later.", cancel);
                };
            }),
            use: static app => app.UseRateLimiter());
        await using RawClient holder = await OfferAsync(host, "eit.v1.json", Closes, TokenName(host.Token("ada")));

        await using RawClient next = await OfferAsync(host, "eit.v1.json", Closes, TokenName(host.Token("ada")));
        (int upgraded, string? _, CloseCode actual, string? reason) = await EndOf(next);

        Assert.Equal((101, code), (upgraded, actual));
        Assert.StartsWith("retry-after=11;", reason, StringComparison.Ordinal);
    }

    [Fact, Clause("A2.4")]
    public async Task A_refused_socket_that_never_closes_is_gone_within_a_second_and_no_more_than_the_bound_are_there()
    {
        await using var clock = new LeapingClock();
        await using TestHost host = await StartAsync(options => options.RefusalsByCloseMax = 1, build: builder => builder.Services.AddSingleton(clock.Time));

        await using RawClient silent = await OfferAsync(host, "eit.v1.json", Closes);
        await using RawClient beyond = await OfferAsync(host, "eit.v1.json", Closes);
        clock.Leap(TimeSpan.FromSeconds(1));
        int status;
        do
        {
            await using RawClient after = await OfferAsync(host, "eit.v1.json", Closes);
            status = after.Status;
        }
        while (status == 401);

        Assert.Equal((101, 401, 101), (silent.Status, beyond.Status, status));
        Assert.Equal(0, host.Sessions.Count);
    }

    [Fact, Clause("A2.2")]
    public async Task A_client_that_sets_no_headers_talks_resumes_and_cycles()
    {
        var recorder = new Recorder();
        await using TestHost host = await StartAsync(recorder: recorder);
        await using var relay = new FaultRelay(host.Port);
        await using EitConnection client = host.Client(port: relay.Port, configure: Headless);
        Happenings<EitStateChange> states = client.Watch();

        await client.StartAsync().Soon();
        SendOutcome first = await client.SendAsync("one").Soon();
        await client.CycleAsync().Soon();
        relay.CutAll();
        await states.UntilAsync(change => change.IsResumed);
        SendOutcome last = await client.SendAsync("two").Soon();

        Assert.Equal((SendOutcome.Processed, SendOutcome.Processed), (first, last));
        Assert.Equal(["one", "two"], recorder.Calls.All.Where(static call => call is "one" or "two"));
        Assert.Equal(1, host.Sessions.Count);
    }

    [Fact, Clause("A2.5")]
    public async Task A_client_that_sees_no_answers_asks_for_a_fresh_token_once_as_after_401()
    {
        var asked = new Happenings<TokenReason>();
        await using TestHost host = await StartAsync();
        await using EitConnection client = host.Client(configure: options =>
        {
            Headless(options);
            options.Redial = new Backoff.RedialOptions { FirstWait = TimeSpan.FromMinutes(10), LongestWait = TimeSpan.FromMinutes(10) };
            options.TokenProvider = (request, _) =>
            {
                asked.Add(request.Reason);
                return ValueTask.FromResult<string?>(request.Reason == TokenReason.Rejected ? host.Token("ada") : "stale");
            };
        });
        Happenings<EitStateChange> states = client.Watch();

        await client.StartAsync().Soon();
        EitStateChange refused = await states.UntilAsync(change => change.Code == CloseCode.Unauthorized);

        Assert.Equal([TokenReason.First, TokenReason.Rejected], asked.All);
        Assert.Equal((EitConnectionState.Waiting, TimeSpan.Zero), (refused.Current, refused.NextAttemptIn!.Value));
    }

    [Fact, Clause("A2.5")]
    public async Task A_client_that_sees_no_answers_is_refused_as_after_403()
    {
        await using TestHost host = await StartAsync(static options => options.Admits = static _ => ValueTask.FromResult(false));
        await using EitConnection client = host.Client(configure: Headless);

        EitException refusal = await Assert.ThrowsAsync<EitException>(() => client.StartAsync().Soon());

        Assert.Equal((EitConnectionState.Refused, CloseCode.Forbidden), (client.State, refusal.Code));
    }

    private static void Headless(EitConnectionOptions options)
    {
        TestHost.Calm(options);
        options.SetsHeaders = false;
    }

    private static string TokenName(string token) => $"eit.bearer.{System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(token))}";

    private static async Task<(int Status, string? Subprotocol, CloseCode Code, string? Reason)> EndOf(RawClient client)
    {
        CloseCode code = await client.UntilClosedAsync();
        return (client.Status, client.Subprotocol, code, client.CloseReason);
    }

    private static Task<RawClient> OfferAsync(TestHost host, params string[] offers) => OfferAsync(host, offers, configure: null);

    private static Task<RawClient> OfferAsync(TestHost host, string[] offers, Action<ClientWebSocketOptions>? configure = null, string scheme = "wss") =>
        RawClient.OpenAsync(host, subprotocol: null, scheme: scheme, configure: options =>
        {
            foreach (string offer in offers) { options.AddSubProtocol(offer); }
            configure?.Invoke(options);
        });

    private static Task<TestHost> StartAsync(
        Action<EitServerOptions>? configure = null,
        Recorder? recorder = null,
        bool tls = true,
        Action<WebApplicationBuilder>? build = null,
        Action<WebApplication>? use = null,
        Action<IEndpointConventionBuilder>? map = null) =>
        TestHost.StartAsync(
            app =>
            {
                use?.Invoke(app);
                IEndpointConventionBuilder endpoint = app.MapEit<Recorder>("/eit");
                map?.Invoke(endpoint);
            },
            options =>
            {
                TestHost.Calm(options);
                options.HelloLimit = TimeSpan.FromMinutes(1);
                configure?.Invoke(options);
            },
            build: builder =>
            {
                builder.Services.AddSingleton(recorder ?? new Recorder());
                build?.Invoke(builder);
            },
            tls: tls);

    private sealed class Results : IAuthorizationMiddlewareResultHandler
    {
        private readonly AuthorizationMiddlewareResultHandler _usual = new();
        private int _asked;

        internal int Asked => _asked;

        public async Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
        {
            Interlocked.Increment(ref _asked);
            await _usual.HandleAsync(next, context, policy, authorizeResult);
            if (!authorizeResult.Succeeded) { await context.Response.WriteAsync("The application says no."); }
        }
    }
}
