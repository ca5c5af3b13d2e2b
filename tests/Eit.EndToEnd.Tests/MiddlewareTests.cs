using System.Net.Security;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Eit.Connection;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server;
using Eit.Server.Channels;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Eit.EndToEnd.Tests;

/// <summary>Endpoints in applications whose middleware is made for pages.</summary>
public sealed class MiddlewareTests
{
    private const int HeadBytesMax = 8192;

    [Theory, Clause("A1.20")]
    [InlineData("/eit", WireLimits.JsonSubprotocol)]
    [InlineData("/eit", null)]
    [InlineData("/channels", WireLimits.JsonSubprotocol)]
    public async Task An_endpoint_is_no_page_for_the_application_s_middleware(string path, string? subprotocol)
    {
        await using TestHost host = await TestHost.StartAsync(
            static app =>
            {
                app.MapGet("/sign-in", static context => context.SignInAsync(new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, "ada")], "Cookies"))));
                app.MapEit("/eit", static (_, _) => default).WithPlainClients().RequireAuthorization(static policy => policy.RequireRole("admin"));
                app.MapEitChannels("/channels", static _ => { }).RequireAuthorization(static policy => policy.RequireRole("admin"));
            },
            build: static builder => builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie());
        using var browser = new HttpClient(new SocketsHttpHandler { UseCookies = false, SslOptions = { RemoteCertificateValidationCallback = IsTheHost } });
        using HttpResponseMessage signedIn = await browser.GetAsync(new Uri($"https://127.0.0.1:{host.Port}/sign-in")).Soon();
        string cookie = signedIn.Headers.GetValues("Set-Cookie").Single().Split(';')[0];

        await using RawClient stranger = await RawClient.OpenAsync(host, path: path, subprotocol: subprotocol);
        await using RawClient user = await RawClient.OpenAsync(host, path: path, subprotocol: subprotocol, configure: options =>
        {
            options.SetRequestHeader("Cookie", cookie);
            options.SetRequestHeader("Origin", $"https://127.0.0.1:{host.Port}");
        });

        Assert.Equal((401, 403), (stranger.Status, user.Status));
    }

    [Fact, Clause("A1.20")]
    public async Task No_session_waits_in_an_output_cache_for_the_end_of_another()
    {
        await using TestHost host = await TestHost.StartAsync(
            static app =>
            {
                app.UseOutputCache();
                app.MapEit("/eit", static (_, _) => default);
            },
            static options => options.ExemptForDevelopment(unencrypted: false, anonymous: true, "Testing"),
            build: static builder => builder.Services.AddOutputCache(static cache => cache.AddBasePolicy(static policy => policy.Cache())));
        await using EitConnection first = host.Client(configure: Anonymous);
        await using EitConnection second = host.Client(configure: Anonymous);

        await first.StartAsync().Soon();
        await second.StartAsync().Soon();

        Assert.Equal(2, host.Sessions.Count);
    }

    [Fact, Clause("A1.20")]
    public async Task An_admission_has_no_time_out_of_requests()
    {
        IHttpRequestTimeoutFeature? timeout = null;
        await using TestHost host = await TestHost.StartAsync(
            static app =>
            {
                app.UseRequestTimeouts();
                app.MapEit("/eit", static (_, _) => default);
            },
            options => options.Admits = context =>
            {
                timeout = context.Features.Get<IHttpRequestTimeoutFeature>();
                return ValueTask.FromResult(true);
            },
            build: static builder => builder.Services.AddRequestTimeouts(static options => options.DefaultPolicy = new RequestTimeoutPolicy { Timeout = TimeSpan.FromHours(1) }));

        await using RawClient client = await RawClient.OpenAsync(host, RawClient.Hello(), host.Token("ada"));

        Assert.Equal((101, null), (client.Status, timeout));
    }

    [Fact, Clause("A1.11")]
    public async Task A_request_that_ends_before_its_upgrade_is_one_line()
    {
        var logs = new CapturedLogs();
        var isAsked = new TaskCompletionSource();
        var isOver = new TaskCompletionSource<bool>();
        await using TestHost host = await TestHost.StartAsync(
            app =>
            {
                app.Use(async (HttpContext context, RequestDelegate next) =>
                {
                    try
                    {
                        await next(context);
                        isOver.SetResult(true);
                    }
                    catch (OperationCanceledException) { isOver.SetResult(false); }
                });
                app.MapEit("/eit", static (_, _) => default);
            },
            options => options.Admits = async context =>
            {
                isAsked.SetResult();
                await new TaskCompletionSource().Task.WaitAsync(context.RequestAborted);
                return true;
            },
            build: builder => builder.Services.AddSingleton<ILoggerFactory>(logs));
        using (var socket = new System.Net.WebSockets.ClientWebSocket())
        {
            socket.Options.AddSubProtocol(WireLimits.JsonSubprotocol);
            socket.Options.SetRequestHeader("Authorization", $"Bearer {host.Token("ada")}");
            socket.Options.RemoteCertificateValidationCallback = IsTheHost;
            using var gone = new CancellationTokenSource();
            Task dial = socket.ConnectAsync(new Uri($"wss://127.0.0.1:{host.Port}/eit"), gone.Token);
            await isAsked.Task.Soon();
            await gone.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dial.Soon());
        }

        Assert.True(await isOver.Task.Soon());
        Assert.Single(logs.Texts, static line => line.Contains("RequestGone", StringComparison.Ordinal) && line.Contains("/eit", StringComparison.Ordinal));
    }

    [Fact, Clause("S1.20")]
    public async Task A_client_whose_hello_makes_the_head_too_large_gets_in_and_cycles()
    {
        int head = 0;
        await using TestHost host = await TestHost.StartAsync(
            app =>
            {
                app.Use((HttpContext context, RequestDelegate next) =>
                {
                    head = context.Request.Headers.Where(static header => header.Key != WireLimits.HelloHeader).Sum(static header => header.Key.Length + header.Value.ToString().Length + 4);
                    return next(context);
                });
                app.MapEit("/eit", static (_, _) => default);
            },
            TestHost.Calm,
            build: static builder => builder.Services.Configure<KestrelServerOptions>(static kestrel => kestrel.Limits.MaxRequestHeadersTotalSize = HeadBytesMax));
        await using (EitConnection small = host.Client(configure: TestHost.Calm)) { await small.StartAsync().Soon(); }
        await using EitConnection large = host.Client(configure: options =>
        {
            TestHost.Calm(options);
            options.Headers["X-Large"] = new string('x', HeadBytesMax - head - 100);
        });
        Happenings<EitStateChange> states = large.Watch();

        await large.StartAsync().Soon();
        await large.CycleAsync().Soon();

        Assert.Equal(SendOutcome.Processed, await large.SendAsync("hello").Soon());
        Assert.Equal([431], states.All.Where(static change => change.HttpStatus is not null).Select(static change => change.HttpStatus!.Value));
    }

    [Fact, Clause("A1.21")]
    public async Task A_redirect_to_a_sign_in_page_asks_the_provider_as_a_401_does_and_the_failure_names_the_page()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(ScriptedServer.Status(302, "Location", "https://app.example/Account/Login?ReturnUrl=%2Feit"));
        var reasons = new List<TokenReason>();
        await using EitConnection client = server.Host.Client(configure: options =>
        {
            TestHost.Calm(options);
            Func<TokenRequest, CancellationToken, ValueTask<string?>> provider = options.TokenProvider!;
            options.TokenProvider = (request, token) =>
            {
                reasons.Add(request.Reason);
                return provider(request, token);
            };
        });
        Happenings<EitStateChange> states = client.Watch();

        await client.StartAsync().Soon();

        Assert.Equal([TokenReason.First, TokenReason.Rejected], reasons);
        Assert.Contains(states.All, static change => change.HttpStatus == 302 && change.Reason.Contains("https://app.example/Account/Login", StringComparison.Ordinal));
    }

    private static bool IsTheHost(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        certificate!.GetCertHashString(HashAlgorithmName.SHA256) == TestHost.CertificateSha256;

    private static void Anonymous(EitConnectionOptions options)
    {
        TestHost.Calm(options);
        options.TokenProvider = null;
    }
}
