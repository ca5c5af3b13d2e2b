using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Security.Claims;
using System.Text.Json;
using Eit.Connection;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Eit.EndToEnd.Tests;

public sealed class GuardTests
{
    private const string ForwardedProto = "X-Forwarded-Proto";

    [Fact, Clause("A1.1", "A1.5")]
    public async Task A_request_that_fails_the_guard_gets_a_clear_status_before_any_upgrade()
    {
        await using TestHost host = await StartAsync(options =>
        {
            options.AllowedOrigins.Add("https://app.example");
            options.Admits = context => ValueTask.FromResult(!context.Request.Headers.ContainsKey("X-Unwanted"));
        });
        await using TestHost plain = await StartAsync(tls: false);
        string token = host.Token("ada");

        async Task<int> StatusAsync(string? token, string? header = null, string? value = null, string? subprotocol = WireLimits.JsonSubprotocol)
        {
            await using RawClient client = await RawClient.OpenAsync(host, RawClient.Hello(), token, subprotocol: subprotocol, configure: options =>
            {
                if (header is not null) { options.SetRequestHeader(header, value); }
            });
            return client.Status;
        }
        await using RawClient unencrypted = await RawClient.OpenAsync(plain, RawClient.Hello(), plain.Token("ada"), scheme: "ws");

        Assert.Equal(426, unencrypted.Status);
        Assert.Equal(401, await StatusAsync(token: null));
        Assert.Equal(401, await StatusAsync("nonsense"));
        Assert.Equal(401, await StatusAsync(host.Token("ada", life: TimeSpan.FromSeconds(-1))));
        Assert.Equal(401, await StatusAsync($"{token[..^9]}AAAAAAAAA"));      // Well-formed, and not the server's.
        Assert.Equal(403, await StatusAsync(token, "Origin", "https://evil.example"));
        Assert.Equal(403, await StatusAsync(token, "Origin", "null"));
        Assert.Equal(403, await StatusAsync(token, "Origin", $"http://127.0.0.1:{host.Port}"));
        Assert.Equal(403, await StatusAsync(token, "Origin", "https://app.example.evil.example"));
        Assert.Equal(403, await StatusAsync(token, "X-Unwanted", "1"));
        Assert.Equal(400, await StatusAsync(token, subprotocol: null));
        Assert.Equal(0, host.Sessions.Count + plain.Sessions.Count);
        Assert.Equal(101, await StatusAsync(token, "Origin", $"https://127.0.0.1:{host.Port}"));
        Assert.Equal(101, await StatusAsync(token, "Origin", "https://app.example"));
        Assert.Equal(101, await StatusAsync(token));
    }

    [Fact, Clause("A1.1")]
    public async Task A_refusal_says_in_words_and_headers_what_is_missing()
    {
        await using TestHost host = await StartAsync();
        using var http = new HttpClient(RawClient.Handler());

        using HttpResponseMessage noUpgrade = await http.GetAsync(new Uri($"https://127.0.0.1:{host.Port}/eit")).Soon();
        await using RawClient noToken = await RawClient.OpenAsync(host, RawClient.Hello());

        Assert.Equal(HttpStatusCode.UpgradeRequired, noUpgrade.StatusCode);
        Assert.Equal("websocket", Assert.Single(noUpgrade.Headers.Upgrade).Name);
        Assert.Contains("WebSocket", await noUpgrade.Content.ReadAsStringAsync().Soon(), StringComparison.Ordinal);
        Assert.Equal("Bearer", Assert.Single(noToken.Headers["WWW-Authenticate"]));
    }

    [Theory, Clause("A2.1")]
    [InlineData(-60, 401)]
    [InlineData(60, 101)]
    public async Task A_credential_that_is_past_its_end_is_refused_although_its_scheme_still_takes_it(int secondsLeft, int status)
    {
        await using TestHost host = await StartAsync(use: app => app.Use((HttpContext context, RequestDelegate next) =>
        {
            var properties = new AuthenticationProperties { ExpiresUtc = DateTimeOffset.UtcNow.AddSeconds(secondsLeft) };
            context.User = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, "ada")], "Patient"));
            context.Features.Set<IAuthenticateResultFeature>(new PatientResult { AuthenticateResult = AuthenticateResult.Success(new AuthenticationTicket(context.User, properties, "Patient")) });
            return next(context);
        }));

        await using RawClient client = await RawClient.OpenAsync(host, RawClient.Hello());

        Assert.Equal(status, client.Status);
    }

    [Fact, Clause("A1.1")]
    public async Task A_forwarded_scheme_counts_only_from_a_trusted_proxy_and_only_its_own_word()
    {
        await using TestHost untrusting = await StartAsync(tls: false);
        await using TestHost elsewhere = await StartAsync(options => options.TrustedProxies.Add(IPNetwork.Parse("10.0.0.0/8")), tls: false);
        await using TestHost trusting = await StartAsync(options => options.TrustedProxies.Add(IPNetwork.Parse("127.0.0.0/8")), tls: false);

        Assert.Equal(426, await ForwardedAsync(untrusting, "https"));
        Assert.Equal(426, await ForwardedAsync(elsewhere, "https"));
        Assert.Equal(426, await ForwardedAsync(trusting, proto: null));
        Assert.Equal(426, await ForwardedAsync(trusting, "http"));
        Assert.Equal(426, await ForwardedAsync(trusting, "https, http"));     // The client wrote https, the proxy says what it saw.
        Assert.Equal(101, await ForwardedAsync(trusting, "https"));
        Assert.Equal(101, await ForwardedAsync(trusting, "http, https"));
    }

    [Fact, Clause("A1.1")]
    public async Task Middleware_that_forwards_client_certificates_does_not_make_a_plain_request_encrypted()
    {
        await using TestHost host = await StartAsync(
            tls: false,
            build: builder => builder.Services.AddCertificateForwarding(options => options.CertificateHeader = "X-Client-Cert"),
            use: app => app.UseCertificateForwarding());

        await using RawClient client = await RawClient.OpenAsync(host, RawClient.Hello(), host.Token("ada"), scheme: "ws", configure: options => options.SetRequestHeader("X-Client-Cert", "anything"));

        Assert.Equal(426, client.Status);
    }

    [Fact, Clause("A1.1")]
    public async Task A_websocket_over_http_2_passes_the_same_guard()
    {
        await using TestHost host = await StartAsync();
        static void UseHttp2(ClientWebSocketOptions options) => (options.HttpVersion, options.HttpVersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);

        await using RawClient stranger = await RawClient.OpenAsync(host, RawClient.Hello(), configure: UseHttp2);
        await using RawClient client = await RawClient.OpenAsync(host, RawClient.Hello(), host.Token("ada"), configure: UseHttp2);

        Assert.Equal(401, stranger.Status);
        JsonElement welcome = await client.UntilAsync("welcome");
        Assert.Equal(1, welcome.GetProperty("epoch").GetInt64());
    }

    [Fact, Clause("A1.2")]
    public async Task A_draining_server_answers_503_with_retry_after()
    {
        var recorder = new Recorder();
        await using TestHost host = await StartAsync(options => options.DrainWindow = TimeSpan.FromSeconds(20), recorder);
        await using RawClient holder = await RawClient.OpenAsync(host, RawClient.Hello(instance: 1), host.Token("ada"));
        await holder.SendAsync(RawClient.Ack);
        EitSession session = await recorder.Sessions.NextAsync();

        Task stopping = host.StopAsync();
        await holder.UntilAsync("cycle");
        await using RawClient late = await RawClient.OpenAsync(host, RawClient.Hello(instance: 2), host.Token("ada"));
        session.Abort(CloseCode.Draining, "The test has seen enough.");
        await stopping.Soon();

        Assert.Equal(503, late.Status);
        Assert.True(int.Parse(Assert.Single(late.Headers["Retry-After"]), System.Globalization.CultureInfo.InvariantCulture) >= 1);
    }

    [Fact, Clause("A1.2")]
    public async Task A_full_server_answers_503_before_the_upgrade_and_takes_the_sessions_that_it_has()
    {
        await using TestHost host = await StartAsync(options => options.Limits.SessionsMax = 1);
        await using EitConnection first = host.Client();
        await first.StartAsync().Soon();

        await using RawClient second = await RawClient.OpenAsync(host, RawClient.Hello(), host.Token("bob"));
        await using RawClient withoutHeader = await RawClient.OpenAsync(host, hello: null, host.Token("bob"));
        await withoutHeader.SendAsync(RawClient.Json(RawClient.Hello()));
        await first.CycleAsync().Soon();

        Assert.Equal(503, second.Status);
        Assert.NotEmpty(second.Headers["Retry-After"]);
        Assert.DoesNotContain(WireLimits.HelloHeader, second.Headers.Keys);
        Assert.Equal(CloseCode.Full, await withoutHeader.UntilClosedAsync());   // Only its first frame told what it wants.
        Assert.Equal(1, host.Sessions.Count);
    }

    [Fact, Clause("A1.2")]
    public async Task A_principal_with_as_many_sessions_as_it_may_have_is_answered_503_and_others_are_not()
    {
        await using TestHost host = await StartAsync(options => options.Limits.SessionsPerOwnerMax = 1);
        await using RawClient first = await RawClient.OpenAsync(host, RawClient.Hello(instance: 1), host.Token("ada"));
        await first.UntilAsync("welcome");

        await using RawClient second = await RawClient.OpenAsync(host, RawClient.Hello(instance: 2), host.Token("ada"));
        await using RawClient other = await RawClient.OpenAsync(host, RawClient.Hello(instance: 2), host.Token("bob"));

        Assert.Equal((503, 101), (second.Status, other.Status));
    }

    [Fact, Clause("V1.1")]
    public async Task A_client_offers_the_versioned_subprotocol_and_the_server_selects_it()
    {
        var offers = new ConcurrentQueue<string>();
        await using TestHost host = await StartAsync(use: app => app.Use((HttpContext context, RequestDelegate next) =>
        {
            offers.Enqueue(context.Request.Headers.SecWebSocketProtocol.ToString());
            return next(context);
        }));
        await using EitConnection client = host.Client(configure: TestHost.Calm);

        await client.StartAsync().Soon();
        await using RawClient json = await RawClient.OpenAsync(host, RawClient.Hello(), host.Token("ada"), subprotocol: "chat", configure: options => options.AddSubProtocol("eit.v1.json"));
        await using RawClient both = await RawClient.OpenAsync(host, RawClient.Hello(), host.Token("ada"), configure: options => options.AddSubProtocol("eit.v1.bin"));

        Assert.Equal(["eit.v1.bin, eit.v1.json", "chat, eit.v1.json", "eit.v1.json, eit.v1.bin"], offers);
        Assert.Equal(("eit.v1.json", "eit.v1.bin"), (json.Subprotocol, both.Subprotocol));
    }

    [Fact, Clause("V1.3")]
    public async Task A_resuming_dial_offers_only_the_encoding_of_its_session()
    {
        var offers = new ConcurrentQueue<string>();
        await using TestHost host = await StartAsync(use: app => app.Use((HttpContext context, RequestDelegate next) =>
        {
            offers.Enqueue(context.Request.Headers.SecWebSocketProtocol.ToString());
            return next(context);
        }));
        await using var relay = new FaultRelay(host.Port);
        await using EitConnection client = host.Client(port: relay.Port, configure: TestHost.Calm);
        Happenings<EitStateChange> states = client.Watch();
        await client.StartAsync().Soon();
        SessionId? id = client.SessionId;

        await client.CycleAsync().Soon();
        relay.CutAll();
        await states.UntilAsync(change => change.IsResumed);

        Assert.Equal(id, client.SessionId);
        Assert.Equal(["eit.v1.bin", "eit.v1.bin"], offers.Skip(1));
    }

    [Fact, Clause("V1.2")]
    public async Task A_dial_without_an_eit_subprotocol_is_answered_400()
    {
        await using TestHost host = await StartAsync();

        await using RawClient none = await RawClient.OpenAsync(host, RawClient.Hello(), host.Token("ada"), subprotocol: null);
        await using RawClient other = await RawClient.OpenAsync(host, RawClient.Hello(), host.Token("ada"), subprotocol: "eit.v9.json");

        Assert.Equal((400, 400), (none.Status, other.Status));
        Assert.Equal(0, host.Sessions.Count);
    }

    [Fact, Clause("S1.2")]
    public async Task Hello_in_the_header_costs_no_round_trip()
    {
        await using TestHost host = await StartAsync();

        await using RawClient client = await RawClient.OpenAsync(host, RawClient.Hello(epoch: 3), host.Token("ada"));
        JsonElement first = (await client.NextAsync())!.Value;                // Nothing has been sent on the WebSocket.

        Assert.Equal("taken", Assert.Single(client.Headers["Eit-Hello"]));
        Assert.Equal(("welcome", 3), (first.GetProperty("t").GetString(), first.GetProperty("epoch").GetInt32()));
    }

    [Fact, Clause("S1.3")]
    public async Task Without_taken_in_the_answer_hello_is_the_first_frame()
    {
        await using TestHost host = await StartAsync(use: app => app.Use((HttpContext context, RequestDelegate next) =>
        {
            context.Request.Headers.Remove("Eit-Hello");                       // As a server or proxy would that does not know it.
            return next(context);
        }));
        await using EitConnection client = host.Client();

        await client.StartAsync().Soon();
        await using RawClient raw = await RawClient.OpenAsync(host, hello: null, host.Token("bob"));
        await raw.SendAsync(RawClient.Json(RawClient.Hello()));
        JsonElement welcome = (await raw.NextAsync())!.Value;

        Assert.Equal(SendOutcome.Processed, await client.SendAsync("hello").Soon());
        Assert.Equal("welcome", welcome.GetProperty("t").GetString());
        Assert.DoesNotContain("Eit-Hello", raw.Headers.Keys);
    }

    [Theory, Clause("S1.4")]
    [InlineData("not base64url!")]
    [InlineData("e30")]                                                        // {}
    [InlineData("eyJ0IjoicGluZyIsImlkIjoxfQ")]                                 // {"t":"ping","id":1}
    [InlineData("")]
    public async Task A_header_that_is_no_hello_is_answered_400(string header)
    {
        await using TestHost host = await StartAsync();

        await using RawClient client = await RawClient.OpenAsync(host, hello: null, host.Token("ada"), configure: options => options.SetRequestHeader("Eit-Hello", header));

        Assert.Equal(400, client.Status);
    }

    [Fact, Clause("S1.4")]
    public async Task A_broken_hello_header_is_answered_400()
    {
        await using TestHost host = await StartAsync();

        await using RawClient client = await RawClient.OpenAsync(host, hello: null, host.Token("ada"), configure: options => options.SetRequestHeader("Eit-Hello", new string('A', 1_025)));

        Assert.Equal(400, client.Status);
        Assert.DoesNotContain("Eit-Hello", client.Headers.Keys);
        Assert.Equal(0, host.Sessions.Count);
    }

    [Fact, Clause("S1.5")]
    public async Task A_client_that_does_not_say_hello_is_closed()
    {
        await using TestHost host = await StartAsync(options => options.HelloLimit = TimeSpan.FromMilliseconds(200));

        await using RawClient client = await RawClient.OpenAsync(host, hello: null, host.Token("ada"));

        Assert.Equal(CloseCode.HelloTimeout, await client.UntilClosedAsync());
        Assert.Equal(0, host.Sessions.Count);
    }

    [Theory, Clause("S1.1")]
    [InlineData("""{"t":"ping","id":1}""", CloseCode.BadState)]
    [InlineData("nonsense", CloseCode.Malformed)]
    public async Task A_first_frame_other_than_hello_is_closed_with_its_code(string frame, CloseCode code)
    {
        await using TestHost host = await StartAsync();
        await using RawClient client = await RawClient.OpenAsync(host, hello: null, host.Token("ada"));

        await client.SendAsync(frame);

        Assert.Equal(code, await client.UntilClosedAsync());
        Assert.Equal(0, host.Sessions.Count);
    }

    [Fact, Clause("S1.6")]
    public async Task Nothing_secret_is_in_the_url()
    {
        var urls = new ConcurrentQueue<string>();
        await using TestHost host = await StartAsync(use: app => app.Use((HttpContext context, RequestDelegate next) =>
        {
            urls.Enqueue($"{context.Request.Path}{context.Request.QueryString}");
            return next(context);
        }));
        await using var relay = new FaultRelay(host.Port);
        await using EitConnection client = host.Client(port: relay.Port, configure: TestHost.Calm);
        Happenings<EitStateChange> states = client.Watch();
        await client.StartAsync().Soon();

        await client.CycleAsync().Soon();
        relay.CutAll();
        await states.UntilAsync(change => change.IsResumed);

        Assert.Equal(["/eit", "/eit", "/eit"], urls);
    }

    [Fact, Clause("F1.6")]
    public async Task A_websocket_message_beyond_the_limit_is_too_large()
    {
        var recorder = new Recorder();
        await using TestHost host = await StartAsync(recorder: recorder);
        await using RawClient fitting = await RawClient.OpenAsync(host, RawClient.Hello(instance: 1), host.Token("ada"));
        await using RawClient excessive = await RawClient.OpenAsync(host, RawClient.Hello(instance: 2), host.Token("ada"));
        await using RawClient endless = await RawClient.OpenAsync(host, hello: null, host.Token("ada"));
        string spaces = new(' ', 262_144 - RawClient.Ack.Length);

        await fitting.SendAsync(spaces + RawClient.Ack);
        await excessive.SendAsync(spaces + " " + RawClient.Ack);
        await endless.SendAsync(new string(' ', 262_145), endOfMessage: false);

        Assert.Equal(CloseCode.TooLarge, await excessive.UntilClosedAsync());
        Assert.Equal(CloseCode.TooLarge, await endless.UntilClosedAsync());
        Assert.Equal("connected", await recorder.Calls.NextAsync());
        Assert.Single(host.Sessions.List());
    }

    [Theory]
    [InlineData("Production", null)]
    [InlineData("Staging", null)]
    [InlineData("Testing", null)]
    [InlineData("Testing", "Staging")]
    public async Task A_host_refuses_to_start_with_the_exemption_outside_development_and_says_what_to_change(string environment, string? named)
    {
        using IHost host = HostIn(environment, options => options.ExemptForDevelopment(unencrypted: true, anonymous: true, named));

        InvalidOperationException refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => host.StartAsync().Soon());

        Assert.Contains("ExemptForDevelopment", refusal.Message, StringComparison.Ordinal);
        Assert.Contains($"the environment is {environment}", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("ASPNETCORE_ENVIRONMENT=Development", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Development", null)]
    [InlineData("Testing", "Testing")]
    [InlineData("Development", "Testing")]
    public async Task A_host_starts_with_the_exemption_in_development_and_in_the_environment_that_it_names(string environment, string? named)
    {
        using IHost host = HostIn(environment, options => options.ExemptForDevelopment(unencrypted: true, anonymous: true, named));

        await host.StartAsync().Soon();
        await host.StopAsync().Soon();
    }

    [Theory]
    [InlineData("Production")]
    [InlineData("production")]
    public void Production_can_not_be_named_in_the_exemption(string environment)
    {
        var options = new EitServerOptions();

        Assert.Throws<ArgumentException>(() => options.ExemptForDevelopment(unencrypted: true, anonymous: false, environment));
    }

    [Fact]
    public async Task Options_that_are_out_of_range_keep_the_host_from_starting_and_are_named()
    {
        using IHost host = HostIn("Production", options =>
        {
            options.HelloLimit = TimeSpan.Zero;
            options.AllowedOrigins.Add("app.example");
        });

        Microsoft.Extensions.Options.OptionsValidationException refusal = await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(() => host.StartAsync().Soon());

        Assert.Contains("EitServer:HelloLimit (00:00:00)", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("app.example", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_exempt_host_takes_clients_that_are_unencrypted_and_anonymous()
    {
        var recorder = new Recorder();
        await using TestHost host = await StartAsync(options => options.ExemptForDevelopment(unencrypted: true, anonymous: true, "Testing"), recorder, tls: false);
        await using var client = new EitConnection(new EitConnectionOptions { Url = new Uri($"ws://127.0.0.1:{host.Port}/eit"), AllowUnencryptedForDevelopment = true, WatchesNetwork = false });

        await client.StartAsync().Soon();
        EitSession session = await recorder.Sessions.NextAsync();

        Assert.Equal("anonymous", session.PrincipalKey);
        Assert.Equal(SendOutcome.Processed, await client.SendAsync("hello").Soon());
    }

    [Theory]
    [InlineData(true, false, 401)]
    [InlineData(false, true, 426)]
    public async Task An_exemption_exempts_from_no_more_than_it_says(bool unencrypted, bool anonymous, int status)
    {
        await using TestHost host = await StartAsync(options => options.ExemptForDevelopment(unencrypted, anonymous, "Testing"), tls: false);

        await using RawClient client = await RawClient.OpenAsync(host, RawClient.Hello(), scheme: "ws");

        Assert.Equal(status, client.Status);
    }

    private static Task<TestHost> StartAsync(
        Action<EitServerOptions>? configure = null,
        Recorder? recorder = null,
        bool tls = true,
        Action<WebApplicationBuilder>? build = null,
        Action<WebApplication>? use = null) =>
        (recorder ?? new Recorder()).HostAsync(
            options =>
            {
                (options.HelloLimit, options.Session.Timeout) = (TimeSpan.FromMinutes(1), Patience.Guard);   // Nobody here says anything by itself.
                configure?.Invoke(options);
            },
            tls,
            build,
            use);

    private static IHost HostIn(string environment, Action<EitServerOptions> configure)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { EnvironmentName = environment });
        builder.Services.AddEit(configure);
        return builder.Build();
    }

    private static async Task<int> ForwardedAsync(TestHost host, string? proto)
    {
        await using RawClient client = await RawClient.OpenAsync(host, RawClient.Hello(), host.Token("ada"), scheme: "ws", configure: options =>
        {
            if (proto is not null) { options.SetRequestHeader(ForwardedProto, proto); }
        });
        return client.Status;
    }

    private sealed class PatientResult : IAuthenticateResultFeature
    {
        public AuthenticateResult? AuthenticateResult { get; set; }
    }
}
