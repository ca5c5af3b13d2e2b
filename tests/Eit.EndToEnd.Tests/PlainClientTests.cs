using System.Net.WebSockets;
using System.Security.Claims;
using System.Text;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server;
using Eit.Server.Tests.Channels;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Eit.EndToEnd.Tests;

public sealed class PlainClientTests
{
    // ---- Messages

    [Fact]
    public async Task A_plain_client_has_the_handlers_of_its_endpoint_and_texts_and_bytes_in_one_order()
    {
        var recorder = new Recorder();
        await using TestHost host = await HostAsync(recorder);
        using ClientWebSocket socket = await OpenAsync(host);
        EitSession session = await recorder.Sessions.NextAsync();

        await socket.SendAsync("héllo"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None).Soon();
        await socket.SendAsync(new byte[] { 1, 2, 3 }, WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None).Soon();
        await socket.SendAsync(Array.Empty<byte>(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None).Soon();
        await recorder.Calls.UntilAsync(call => call.Length == 0);
        Assert.Equal(SendOutcome.Processed, await session.SendAsync("tëxt").Soon());
        Assert.Equal(SendOutcome.Processed, await session.SendAsync(new byte[100_000]).Soon());
        Assert.True(session.Send(string.Empty));

        Assert.Equal("text: tëxt", await ReceiveAsync(socket));
        Assert.Equal("100000 bytes", await ReceiveAsync(socket));
        Assert.Equal("text: ", await ReceiveAsync(socket));
        Assert.Equal(["connected", "héllo", "3 bytes", ""], recorder.Calls.All);
        Assert.True(session.IsPlain);
    }

    [Fact]
    public async Task Plain_and_eit_clients_share_an_endpoint_and_its_broadcasts()
    {
        var recorder = new Recorder();
        await using TestHost host = await HostAsync(recorder);
        using ClientWebSocket plain = await OpenAsync(host);
        await using EitConnection client = host.Client();
        var heard = new Happenings<string>();
        client.OnMessage(heard.Add);
        await client.StartAsync().Soon();
        bool[] arePlain = [(await recorder.Sessions.NextAsync()).IsPlain, (await recorder.Sessions.NextAsync()).IsPlain];

        BroadcastResult result = host.Sessions.Broadcast("to all");

        Assert.Equal([false, true], arePlain.Order());
        Assert.Equal(2, result.Accepted);
        Assert.Equal("text: to all", await ReceiveAsync(plain));
        Assert.Equal("to all", await heard.NextAsync());
    }

    [Fact]
    public async Task Who_sends_faster_than_the_handler_waits_and_loses_nothing()
    {
        const int count = 400;
        TaskCompletionSource release = Patience.NewSource();
        var recorder = new Recorder { Answer = async (_, _) => await release.Task };
        await using TestHost host = await HostAsync(recorder, options => options.Session = options.Session with { Timeout = TimeSpan.FromSeconds(1) });
        using ClientWebSocket socket = await OpenAsync(host);
        Task<string> receiving = ReceiveAsync(socket);             // It answers the server's pings.
        string padding = new('x', 50_000);

        Task sending = Task.Run(async () =>
        {
            for (int i = 0; i < count; i++) { await socket.SendAsync(Encoding.UTF8.GetBytes($"{i} {padding}"), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None); }
        });
        await recorder.Calls.UntilAsync(call => call.StartsWith("0 ", StringComparison.Ordinal));
        await Waits.FetchAsync(TimeSpan.FromSeconds(2.5));         // For longer than a session's time-out nobody reads its answers.
        bool waits = !sending.IsCompleted;
        release.SetResult();
        await sending.Soon();
        await recorder.Calls.UntilAsync(call => call.StartsWith($"{count - 1} ", StringComparison.Ordinal));

        Assert.True(waits);
        Assert.False(receiving.IsCompleted);
        Assert.Equal(Enumerable.Range(0, count).Select(i => $"{i}"), recorder.Calls.All.Skip(1).Select(call => call[..call.IndexOf(' ', StringComparison.Ordinal)]));
    }

    [Fact]
    public async Task A_large_message_on_a_slow_path_does_not_cost_a_client_its_session()
    {
        var recorder = new Recorder();
        await using TestHost host = await HostAsync(recorder, options => options.Session = options.Session with { Timeout = TimeSpan.FromSeconds(1) });
        await using var relay = new FaultRelay(host.Port) { SlowPath = new SlowPath(BytesPerSecond: 300_000, HeldBytesMax: 64 * 1024) };
        using ClientWebSocket socket = await OpenAsync(host, port: relay.Port);
        EitSession session = await recorder.Sessions.NextAsync();

        Assert.True(session.Send(new byte[900_000]));             // A ping behind it comes through after 3 s.
        using var received = new MemoryStream();
        byte[] buffer = new byte[16 * 1024];
        ValueWebSocketReceiveResult got;
        do
        {
            got = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None).Soon();
            received.Write(buffer, 0, got.Count);
        }
        while (!got.EndOfMessage);
        await socket.SendAsync("still here"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None).Soon();
        await recorder.Calls.UntilAsync(call => call == "still here");

        Assert.Equal(900_000, received.Length);
        Assert.Empty(recorder.Ends.All);
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_a_slow_consumer_and_holds_no_more_than_its_outbox()
    {
        var recorder = new Recorder();
        await using TestHost host = await TestHost.StartAsync(
            app => app.MapEit<Recorder>("/eit").WithPlainClients().WithSlowConsumers(SlowConsumers.Disconnect, TimeSpan.FromMilliseconds(300)),
            build: builder => builder.Services.AddSingleton(recorder));
        using ClientWebSocket socket = await OpenAsync(host);
        EitSession session = await recorder.Sessions.NextAsync();
        var accepted = new SendOptions { CompleteWhen = CompleteWhen.Accepted };
        byte[] message = new byte[100_000];

        int most = 0;
        while (await session.SendAsync(message, accepted).Soon() == SendOutcome.Accepted) { most = Math.Max(most, session.OutboxMessages); }
        EitSessionEnd end = await recorder.Ends.NextAsync();

        Assert.Equal(["connected", "slow consumer", "outage SlowConsumer", "closed SessionLost"], recorder.Calls.All);
        Assert.InRange(most, 1, 11);                               // 1 MiB
        Assert.Contains(end.Unfinished, static unfinished => unfinished.Outcome == SendOutcome.NotSent);
        Assert.Equal(0, host.Sessions.Count);
    }

    // ---- The end

    [Fact]
    public async Task A_clients_close_is_answered_and_what_it_said_before_is_handled()
    {
        var recorder = new Recorder();
        await using TestHost host = await HostAsync(recorder);
        using ClientWebSocket socket = await OpenAsync(host);

        await socket.SendAsync("last"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None).Soon();
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", CancellationToken.None).Soon();
        EitSessionEnd end = await recorder.Ends.NextAsync();

        Assert.Equal((CloseCode.Closed, "The client closes (1000)."), (end.Code, end.Reason));
        Assert.Equal(["connected", "last", "closed Closed"], recorder.Calls.All);
        Assert.Equal(0, host.Sessions.Count);
    }

    [Fact]
    public async Task The_servers_close_comes_with_its_code_and_behind_its_messages()
    {
        var recorder = new Recorder();
        await using TestHost host = await HostAsync(recorder);
        using ClientWebSocket socket = await OpenAsync(host);
        EitSession session = await recorder.Sessions.NextAsync();

        session.Send("before");
        Task closing = session.CloseAsync((CloseCode)4321, "Table is full.");

        Assert.Equal("text: before", await ReceiveAsync(socket));
        Assert.Equal("close 4321 Table is full.", await ReceiveAsync(socket));
        try { await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, statusDescription: null, CancellationToken.None).Soon(); }
        catch (WebSocketException)
        {
            // The server has not waited any longer.
        }
        await closing.Soon();
        await recorder.Ends.NextAsync();
    }

    [Fact]
    public async Task A_lost_client_ends_its_session_at_once_and_what_it_missed_is_told()
    {
        var recorder = new Recorder();
        await using TestHost host = await HostAsync(recorder);
        using ClientWebSocket socket = await OpenAsync(host);
        EitSession session = await recorder.Sessions.NextAsync();

        socket.Abort();
        EitSessionEnd end = await recorder.Ends.NextAsync();

        Assert.Equal(CloseCode.SessionLost, end.Code);
        Assert.False(session.Send("too late"));
        Assert.Equal(SendOutcome.NotSent, await session.SendAsync("too late").Soon());
    }

    [Fact]
    public async Task A_client_behind_a_black_hole_is_noticed_within_the_time_out()
    {
        var recorder = new Recorder();
        await using TestHost host = await HostAsync(recorder, options => options.PlainClientTimeout = TimeSpan.FromSeconds(1));
        await using var relay = new FaultRelay(host.Port);
        using ClientWebSocket socket = await OpenAsync(host, port: relay.Port);
        _ = ReceiveAsync(socket);                                  // It answers the server's pings, until they do not come through any more.
        await recorder.Sessions.NextAsync();

        relay.Freeze();
        EitSessionEnd end = await recorder.Ends.NextAsync();

        Assert.Equal(CloseCode.SessionLost, end.Code);
    }

    [Fact]
    public async Task A_client_that_never_answers_the_close_is_given_up()
    {
        var recorder = new Recorder();
        await using TestHost host = await HostAsync(recorder, options => options.Session = options.Session with { CloseRetry = TimeSpan.FromMilliseconds(100), CloseGiveUp = TimeSpan.FromMilliseconds(300) });
        await using var relay = new FaultRelay(host.Port);
        using ClientWebSocket socket = await OpenAsync(host, port: relay.Port);   // It never receives.
        EitSession session = await recorder.Sessions.NextAsync();

        await session.CloseAsync().Soon();
        EitSessionEnd end = await recorder.Ends.NextAsync();
        await Waits.UntilAsync(() => relay.Live == 0);

        Assert.Equal(CloseCode.Closed, end.Code);
    }

    [Fact]
    public async Task A_message_that_is_too_large_closes_its_client_and_reaches_nobody()
    {
        var recorder = new Recorder();
        await using TestHost host = await HostAsync(recorder, options => options.Session = options.Session with { MessageBytesMax = 100_000 });
        using ClientWebSocket socket = await OpenAsync(host);

        await socket.SendAsync(new byte[100_001], WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None).Soon();

        Assert.Equal("close 4507 A message has more than 100000 bytes.", await ReceiveAsync(socket));
        await recorder.Ends.NextAsync();
        Assert.Equal(["connected", "closed MessageTooLarge"], recorder.Calls.All);
    }

    // ---- Who is let in

    [Fact]
    public async Task An_endpoint_takes_plain_clients_only_when_it_says_so()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();

        Assert.Equal(400, await RefusalAsync(host, options => options.SetRequestHeader("Authorization", $"Bearer {host.Token("ada")}")));
    }

    [Fact]
    public async Task A_browsers_token_comes_as_a_subprotocol_and_is_never_answered()
    {
        var recorder = new Recorder();
        await using TestHost host = await HostAsync(recorder);

        using ClientWebSocket socket = await OpenAsync(host, configure: options => Offer(options, PlainName, TokenName(host.Token("ada"))), bearer: false);
        EitSession session = await recorder.Sessions.NextAsync();

        Assert.Equal(PlainName, socket.SubProtocol);
        Assert.Equal("ada", session.Principal.FindFirst(ClaimTypes.NameIdentifier)?.Value);
        Assert.Equal(401, await RefusalAsync(host, options => Offer(options, PlainName, TokenName("forged"))));
        Assert.Equal(401, await RefusalAsync(host, options => Offer(options, PlainName, TokenName(host.Token("ada")), TokenName(host.Token("bob")))));
        Assert.Equal(401, await RefusalAsync(host, options => Offer(options, PlainName, "eit.bearer.!!!")));
        Assert.Equal(401, await RefusalAsync(host, options => Offer(options, PlainName)));
        Assert.Equal(400, await RefusalAsync(host, options =>
        {
            options.SetRequestHeader("Authorization", $"Bearer {host.Token("ada")}");
            Offer(options, "chat");
        }));
    }

    [Fact]
    public async Task A_token_in_the_address_is_refused_unless_the_endpoint_takes_it()
    {
        var recorder = new Recorder();
        await using TestHost strict = await HostAsync(recorder);
        await using TestHost lenient = await TestHost.StartAsync(app => app.MapEit<Recorder>("/eit").WithPlainClients(queryToken: "key"), build: builder => builder.Services.AddSingleton(recorder));

        using ClientWebSocket socket = await OpenAsync(lenient, bearer: false, query: $"?table=1&key={Uri.EscapeDataString(lenient.Token("ada"))}");
        EitSession session = await recorder.Sessions.NextAsync();

        Assert.Equal("ada", session.Principal.FindFirst(ClaimTypes.NameIdentifier)?.Value);
        Assert.Equal("?table=1", session.Query);
        Assert.Equal(400, await RefusalAsync(strict, query: $"?access_token={Uri.EscapeDataString(strict.Token("ada"))}"));
        Assert.Equal(400, await RefusalAsync(lenient, query: $"?access_token={Uri.EscapeDataString(lenient.Token("ada"))}"));
        Assert.Equal(401, await RefusalAsync(lenient, query: "?key=forged"));
        Assert.Equal(401, await RefusalAsync(lenient, query: "?key="));
        Assert.Equal(401, await RefusalAsync(lenient, query: $"?key={Uri.EscapeDataString(lenient.Token("ada"))}&key={Uri.EscapeDataString(lenient.Token("bob"))}"));
    }

    [Theory]
    [InlineData("KEY", false)]                                     // ASP.NET Core looks members up whatever the size of their letters.
    [InlineData("key", true)]
    public async Task A_token_in_the_address_is_not_kept_whether_it_counts_or_not(string name, bool bearer)
    {
        var recorder = new Recorder();
        await using TestHost host = await TestHost.StartAsync(app => app.MapEit<Recorder>("/eit").WithPlainClients(queryToken: "key"), build: builder => builder.Services.AddSingleton(recorder));

        using ClientWebSocket socket = await OpenAsync(host, bearer: bearer, query: $"?{name}={Uri.EscapeDataString(host.Token("bob"))}&table=1");
        EitSession session = await recorder.Sessions.NextAsync();

        Assert.Equal(("?table=1", bearer ? "ada" : "bob"), (session.Query, session.User));
        Assert.DoesNotContain("key", session.Parameters.Keys);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_token_counts_before_the_endpoint_is_authorized(bool inQuery, bool authenticatesBeforeRouting)
    {
        var recorder = new Recorder();
        await using TestHost host = await TestHost.StartAsync(
            app => app.MapEit<Recorder>("/eit").WithPlainClients(queryToken: "key").RequireAuthorization(),
            build: builder =>
            {
                builder.Services.AddSingleton(recorder);
                if (authenticatesBeforeRouting) { builder.Services.AddSingleton<IStartupFilter, EarlyAuthentication>(); }
            });
        string token = host.Token("ada");

        using ClientWebSocket socket = inQuery
            ? await OpenAsync(host, bearer: false, query: $"?key={Uri.EscapeDataString(token)}")
            : await OpenAsync(host, bearer: false, configure: options => Offer(options, PlainName, TokenName(token)));
        EitSession session = await recorder.Sessions.NextAsync();

        Assert.Equal("ada", session.User);
        Assert.Equal(401, await RefusalAsync(host, query: "?key=forged"));
        Assert.Equal(401, await RefusalAsync(host, options => Offer(options, PlainName, TokenName("forged"))));
    }

    [Fact]
    public async Task A_token_is_never_logged_and_never_kept()
    {
        using var logs = new CapturedLogs();
        var recorder = new Recorder();
        await using TestHost host = await TestHost.StartAsync(app => app.MapEit<Recorder>("/eit").WithPlainClients(queryToken: "key"), build: builder =>
        {
            builder.Services.AddSingleton<ILoggerFactory>(logs);
            builder.Services.AddSingleton(recorder);
        });
        string inOffer = host.Token("ada");
        string inQuery = host.Token("bob");

        using ClientWebSocket offers = await OpenAsync(host, configure: options => Offer(options, PlainName, TokenName(inOffer)), bearer: false);
        EitSession ada = await recorder.Sessions.NextAsync();
        using ClientWebSocket asks = await OpenAsync(host, bearer: false, query: $"?key={Uri.EscapeDataString(inQuery)}");
        EitSession bob = await recorder.Sessions.NextAsync();
        foreach (EitSession session in (EitSession[])[ada, bob]) { await session.CloseAsync().Soon(); }

        Assert.Equal(("ada", "bob"), (ada.User, bob.User));
        Assert.Contains(logs.Texts, static text => text.Contains("SessionBegan", StringComparison.Ordinal));
        Assert.DoesNotContain(logs.Texts, text => text.Contains(inOffer, StringComparison.Ordinal) || text.Contains(TokenName(inOffer), StringComparison.Ordinal));
        Assert.DoesNotContain(logs.Texts, text => text.StartsWith("Eit.", StringComparison.Ordinal) && text.Contains(inQuery, StringComparison.Ordinal));
        Assert.All((EitSession[])[ada, bob], static session =>
        {
            Assert.Empty(session.Query);
            Assert.DoesNotContain(session.Headers, static header => header.Value.ToString().Contains("eit.bearer", StringComparison.Ordinal) || header.Key.Equals("Authorization", StringComparison.OrdinalIgnoreCase));
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cookie_is_a_credential_only_with_a_known_origin(bool requiresAuthorization)
    {
        var recorder = new Recorder();
        await using TestHost host = await TestHost.StartAsync(
            app =>
            {
                IEndpointConventionBuilder endpoint = app.MapEit<Recorder>("/eit").WithPlainClients();
                if (requiresAuthorization) { endpoint.RequireAuthorization(); }
            },
            options => options.AllowedOrigins.Add("https://app.example"),
            build: builder =>
            {
                builder.Services.AddSingleton(recorder);
                builder.Services.AddDataProtection();
                builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(options => options.Events.OnRedirectToLogin = static context =>
                {
                    context.Response.StatusCode = StatusCodes.Status401Unauthorized;
                    return Task.CompletedTask;
                });
            });
        string cookie = Cookie(host, "ada");

        using ClientWebSocket own = await OpenAsync(host, bearer: false, configure: options => FromPage(options, cookie, $"https://127.0.0.1:{host.Port}"));
        using ClientWebSocket listed = await OpenAsync(host, bearer: false, configure: options => FromPage(options, cookie, "https://app.example"));

        Assert.Equal("ada", (await recorder.Sessions.NextAsync()).Principal.FindFirst(ClaimTypes.NameIdentifier)?.Value);
        Assert.Equal(403, await RefusalAsync(host, options => FromPage(options, cookie, "https://evil.example")));
        Assert.Equal(403, await RefusalAsync(host, options => options.SetRequestHeader("Cookie", cookie)));
        Assert.Equal(403, await RefusalAsync(host, options =>
        {
            options.SetRequestHeader("Cookie", cookie);
            options.SetRequestHeader("Authorization", "Bearer nothing");
        }));
        Assert.Equal(401, await RefusalAsync(host, options => FromPage(options, "other=1", "https://app.example")));
    }

    private const string PlainName = "eit.plain";

    private static string TokenName(string token) => $"eit.bearer.{System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(token))}";

    private static void Offer(ClientWebSocketOptions options, params string[] names)
    {
        // One header, as a browser sends it; a list of its own could not hold what is not a token.
        options.SetRequestHeader("Sec-WebSocket-Protocol", string.Join(", ", names));
        if (names.Contains(PlainName)) { options.AddSubProtocol(PlainName); }
    }

    private static void FromPage(ClientWebSocketOptions options, string cookie, string origin)
    {
        options.SetRequestHeader("Cookie", cookie);
        options.SetRequestHeader("Origin", origin);
    }

    private static string Cookie(TestHost host, string user)
    {
        CookieAuthenticationOptions options = host.Services.GetRequiredService<IOptionsMonitor<CookieAuthenticationOptions>>().Get(CookieAuthenticationDefaults.AuthenticationScheme);
        var principal = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, user)], CookieAuthenticationDefaults.AuthenticationScheme));
        return $"{options.Cookie.Name}={options.TicketDataFormat.Protect(new AuthenticationTicket(principal, CookieAuthenticationDefaults.AuthenticationScheme))}";
    }

    private static Task<TestHost> HostAsync(Recorder recorder, Action<EitServerOptions>? configure = null) =>
        TestHost.StartAsync(app => app.MapEit<Recorder>("/eit").WithPlainClients(), configure, build: builder => builder.Services.AddSingleton(recorder));

    private static async Task<ClientWebSocket> OpenAsync(TestHost host, Action<ClientWebSocketOptions>? configure = null, bool bearer = true, string query = "", int? port = null)
    {
        var socket = new ClientWebSocket();
        socket.Options.RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate!.GetCertHashString(System.Security.Cryptography.HashAlgorithmName.SHA256) == TestHost.CertificateSha256;
        if (bearer) { socket.Options.SetRequestHeader("Authorization", $"Bearer {host.Token("ada")}"); }
        configure?.Invoke(socket.Options);
        socket.Options.CollectHttpResponseDetails = true;
        try { await socket.ConnectAsync(new Uri($"wss://127.0.0.1:{port ?? host.Port}/eit{query}"), CancellationToken.None).Soon(); }
        catch (WebSocketException) when (socket.HttpStatusCode != default)
        {
            // The test looks at the status.
        }
        return socket;
    }

    private static async Task<int> RefusalAsync(TestHost host, Action<ClientWebSocketOptions>? configure = null, string query = "")
    {
        using ClientWebSocket socket = await OpenAsync(host, configure, bearer: false, query);
        return (int)socket.HttpStatusCode;
    }

    private static async Task<string> ReceiveAsync(ClientWebSocket socket)
    {
        byte[] buffer = new byte[200_000];
        int length = 0;
        while (true)
        {
            ValueWebSocketReceiveResult got = await socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None).Soon();
            if (got.MessageType == WebSocketMessageType.Close) { return $"close {(int)socket.CloseStatus!} {socket.CloseStatusDescription}"; }
            length += got.Count;
            if (got.EndOfMessage) { return got.MessageType == WebSocketMessageType.Text ? $"text: {Encoding.UTF8.GetString(buffer, 0, length)}" : $"{length} bytes"; }
        }
    }

    /// <summary>An application that authenticates its requests before it routes them.</summary>
    private sealed class EarlyAuthentication : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.UseAuthentication();
            next(app);
        };
    }
}
