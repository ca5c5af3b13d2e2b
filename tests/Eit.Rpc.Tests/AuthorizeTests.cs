using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Security.Claims;
using System.Text;
using Eit.Connection;
using Eit.Server;
using Eit.Server.Channels;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Eit.Rpc.Tests;

/// <summary>The attributes [Authorize] and [AllowAnonymous], wherever they may stand, and every way in for a user who has not the role.</summary>
public sealed class AuthorizeTests : IAsyncLifetime
{
    private readonly CapturedLogs _logs = new();
    private readonly Happenings<string> _ran = new();
    private readonly Roles _roles = new();
    private TestHost _host = null!;

    public async Task InitializeAsync() => _host = await TestHost.StartAsync(
        app =>
        {
            app.MapEit<AdminHandler>("/handler").WithPlainClients();
            app.MapEitChannels<AdminRoom>("/rooms/{name}").WithPlainClients();
            app.MapEit("/lambda", [Authorize(Roles = "admin")] (session, _) => RanAsync("lambda")).WithPlainClients();
            app.MapEitChannels("/events/{name}", [Authorize(Roles = "admin")] (events) => events.OnMessage((_, _) => RanAsync("events"))).WithPlainClients();
            app.MapEitRpc("/calls", _ => new RpcSession { Api = RpcApi.Of<IMixed>(new Mixed(_ran)) }).WithPlainClients();
            app.MapEitRpc("/contract", _ => new RpcSession { Api = RpcApi.Of<IAdminOnly>(new AdminOnly(_ran)) }).WithPlainClients();
            app.MapEitRpc("/class", _ => new RpcSession { Api = RpcApi.Of(new MarkedClass(_ran)) }).WithPlainClients();
            app.MapEitRpc("/added", _ => new RpcSession { Api = new RpcApi().Add("go", [Authorize(Roles = "admin")] (_) => RanAsync("added")) }).WithPlainClients();
            app.MapEitRpc("/session", _ => new AdminSession()).WithPlainClients();
            app.MapEitRpcChannels<AdminRoom>("/rpcrooms/{name}", _ => ValueTask.FromResult<RpcSession?>(new RpcSession())).WithPlainClients();
        },
        configure: static server => server.SpreadMin = TimeSpan.FromMilliseconds(10),
        build: builder =>
        {
            builder.Services.AddEitRpc();
            builder.Services.AddSingleton<IClaimsTransformation>(_roles);
            builder.Services.AddSingleton(_ran);
            builder.Services.AddSingleton<ILoggerFactory>(_logs);
        });

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [MemberData(nameof(WaysIn))]
    public async Task Who_has_not_the_role_gets_no_session_by_any_way_in_and_a_line_of_the_log_says_why(string path, string way)
    {
        HttpStatusCode eve = await DialAsync("eve", path, way);
        string[] said = [.. _logs.Texts.Where(static text => (text.Contains("RefusedByMiddleware", StringComparison.Ordinal) || text.Contains("SessionRefused", StringComparison.Ordinal)) && text.Contains("eve", StringComparison.Ordinal))];
        _roles.Admins.TryAdd("ada", true);
        HttpStatusCode ada = await DialAsync("ada", path, way);

        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.SwitchingProtocols), (eve, ada));
        Assert.Contains("admin", Assert.Single(said), StringComparison.Ordinal);
        Assert.Empty(_ran.All);
    }

    public static TheoryData<string, string> WaysIn()
    {
        var ways = new TheoryData<string, string>();
        foreach (string path in (string[])["/handler", "/rooms/red", "/lambda", "/events/red", "/session", "/rpcrooms/red"])
        {
            foreach (string way in (string[])["header", "frame", "plain"]) { ways.Add(path, way); }
        }
        return ways;
    }

    [Theory]
    [InlineData("/handler")]
    [InlineData("/rooms/red")]
    [InlineData("/session")]
    public async Task Who_has_lost_the_role_does_not_get_the_session_back(string path)
    {
        _roles.Admins.TryAdd("ada", true);
        await using var relay = new FaultRelay(_host.Port);
        await using EitConnection client = _host.Client("ada", path, relay.Port, static options => options.Redial = options.Redial with { FirstWait = TimeSpan.FromMilliseconds(10), LongestWait = TimeSpan.FromMilliseconds(100) });
        var failures = new Happenings<string>();
        client.StateChanged += (_, change) => failures.Add($"{change.Current} {change.Reason}");
        await client.StartAsync().Soon();
        EitSession session = Assert.Single(_host.Sessions.List());

        _roles.Admins.Clear();
        relay.CutAll();
        await failures.UntilAsync(static what => what.Contains("403", StringComparison.Ordinal));

        Assert.False(session.IsConnected);
        Assert.Contains(_logs.Texts, static text => text.Contains("Refused", StringComparison.Ordinal) && text.Contains("ada", StringComparison.Ordinal));
    }

    [Theory, Clause("K5.1")]
    [InlineData("/calls", "delete", false)]                        // On the method of the contract.
    [InlineData("/calls", "erase", false)]                         // On the method of the class.
    [InlineData("/calls", "list", true)]
    [InlineData("/contract", "wipe", false)]                       // On the class that implements the contract.
    [InlineData("/contract", "open", true)]                        // [AllowAnonymous] on the method.
    [InlineData("/class", "format", false)]                        // On the class whose methods are marked.
    [InlineData("/class", "free", true)]
    [InlineData("/added", "go", false)]                            // On a delegate.
    public async Task A_call_without_the_role_is_refused_with_a_code_and_a_line_of_the_log_and_its_method_does_not_run(string path, string method, bool isOpen)
    {
        _roles.Admins.TryAdd("ada", true);
        await using EitConnection eve = _host.Client("eve", path);
        await using EitConnection ada = _host.Client("ada", path);
        RpcConnection ofEve = eve.UseRpc(RpcHost.Options);
        RpcConnection ofAda = ada.UseRpc(RpcHost.Options);
        await eve.StartAsync().Soon();
        await ada.StartAsync().Soon();
        using ClientWebSocket red = Socket("eve", "plain");
        await red.ConnectAsync(Address(path), CancellationToken.None).Soon();

        RpcError? byEit = isOpen ? await CallAsync(ofEve, method) : (await Assert.ThrowsAsync<RpcException>(() => ofEve.CallAsync(method).Soon())).Error;
        await red.SendAsync(Encoding.UTF8.GetBytes($"[1,\"{method}\",[]]"), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None).Soon();
        string byRed = await NextAsync(red);
        int ranForEve = _ran.All.Count;
        await ofAda.CallAsync(method).Soon();

        Assert.Equal(isOpen ? null : RpcError.Forbidden, byEit);
        Assert.Equal(isOpen ? "[1,true,null]" : $"[1,false,\"You may not call '{method}'.\"]", byRed);
        Assert.Equal((isOpen ? 2 : 0, isOpen ? 3 : 1), (ranForEve, _ran.All.Count));
        string[] said = [.. _logs.Texts.Where(text => text.Contains("CallRefused", StringComparison.Ordinal) && text.Contains(method, StringComparison.Ordinal) && text.Contains("eve", StringComparison.Ordinal))];
        Assert.Equal(isOpen ? 0 : 1, said.Length);                 // One a minute for each user and method.
        Assert.All(said, static text => Assert.Contains("admin", text, StringComparison.Ordinal));
    }

    [Fact]
    public void An_attribute_that_can_not_count_where_it_stands_is_an_error_at_the_start()
    {
        using WebApplication app = Application(authorizes: true);
        using WebApplication without = Application(authorizes: false);

        Assert.Contains("OnMessageAsync", Fails(() => app.MapEit<MarkedMethod>("/a")), StringComparison.Ordinal);
        Assert.Contains("OnConnectAsync", Fails(() => app.MapEitChannels<MarkedRoomMethod>("/b")), StringComparison.Ordinal);
        Assert.Contains("RequireAuthorization", Fails(() => app.MapEitChannels("/c", static events => events.OnMessage([Authorize] (_, _) => default))), StringComparison.Ordinal);
        Assert.Contains("RequireAuthorization", Fails(() => app.MapEitChannels("/d", static events => events.OnConnect([Authorize] (_) => { }))), StringComparison.Ordinal);
        Assert.Contains("AddAuthorization", Fails(() => without.MapEit<AdminHandler>("/e")), StringComparison.Ordinal);
        Assert.Contains("AddAuthorization", Fails(() => without.MapEit("/f", [Authorize] (_, _) => default)), StringComparison.Ordinal);

        static string Fails(Action map) => Assert.Throws<InvalidOperationException>(map).Message;
    }

    [Theory]
    [InlineData("stray")]
    [InlineData("scheme")]
    public async Task A_session_whose_methods_have_attributes_that_can_not_count_is_refused_and_logged(string which)
    {
        await using TestHost host = await TestHost.StartAsync(
            app => app.MapEitRpc("/eit", _ => new RpcSession { Api = which == "stray" ? RpcApi.Of<IMixed>(new Stray(_ran)) : new RpcApi().Add("go", [Authorize(AuthenticationSchemes = "Other")] (_) => RanAsync("go")) }),
            build: builder =>
            {
                builder.Services.AddEitRpc();
                builder.Services.AddSingleton<ILoggerFactory>(_logs);
            });
        using ClientWebSocket socket = Socket("ada", "frame", host);

        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(new Uri($"wss://127.0.0.1:{host.Port}/eit"), CancellationToken.None).Soon());

        Assert.Equal(HttpStatusCode.InternalServerError, socket.HttpStatusCode);
        Assert.Contains(_logs.Texts, text => text.Contains("SessionNotMade", StringComparison.Ordinal) && text.Contains("can't count", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_handler_that_a_delegate_makes_has_no_attributes_that_its_endpoint_does_not_know()
    {
        await using TestHost host = await TestHost.StartAsync(
            app => app.MapEit("/eit", _ => (EitHandler)new AdminHandler(_ran)),
            build: builder => builder.Services.AddSingleton<ILoggerFactory>(_logs));
        await using EitConnection client = host.Client();
        var ends = new Happenings<Protocol.Wire.CloseCode>();
        client.SessionEnded += (_, ended) => ends.Add(ended.Code);

        client.Start();

        Assert.Equal(Protocol.Wire.CloseCode.HandlerFailed, await ends.NextAsync());
        Assert.Contains(_logs.Texts, static text => text.Contains("MapEit<AdminHandler>", StringComparison.Ordinal));
    }

    private static async Task<RpcError?> CallAsync(RpcConnection client, string method)
    {
        await client.CallAsync(method).Soon();
        return null;
    }

    private static WebApplication Application(bool authorizes)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.Services.AddRouting();
        if (authorizes) { builder.Services.AddAuthorization(); }
        builder.Services.AddEit();
        return builder.Build();
    }

    private async Task<HttpStatusCode> DialAsync(string user, string path, string way)
    {
        using ClientWebSocket socket = Socket(user, way);
        try { await socket.ConnectAsync(Address(path), CancellationToken.None).Soon(); }
        catch (WebSocketException) { return socket.HttpStatusCode; }
        return socket.HttpStatusCode;
    }

    private Uri Address(string path) => new($"wss://127.0.0.1:{_host.Port}{path}");

    private ClientWebSocket Socket(string user, string way, TestHost? host = null)
    {
        var socket = new ClientWebSocket();
        if (way != "plain") { socket.Options.AddSubProtocol("eit.v1.json"); }
        if (way == "header")
        {
            string hello = $$$"""{"t":"hello","instance":"{{{Guid.NewGuid():N}}}","epoch":1,"want":"new","why":"first","timeout":5000,"max":1048576,"credit":[1024,1048576]}""";
            socket.Options.SetRequestHeader("Eit-Hello", Convert.ToBase64String(Encoding.UTF8.GetBytes(hello)).TrimEnd('=').Replace('+', '-').Replace('/', '_'));
        }
        socket.Options.SetRequestHeader("Authorization", $"Bearer {(host ?? _host).Token(user)}");
        socket.Options.RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate!.Subject is "CN=localhost";
        socket.Options.CollectHttpResponseDetails = true;
        return socket;
    }

    private static async Task<string> NextAsync(ClientWebSocket socket)
    {
        byte[] buffer = new byte[4096];
        WebSocketReceiveResult got = await socket.ReceiveAsync(buffer, CancellationToken.None).Soon();
        return Encoding.UTF8.GetString(buffer, 0, got.Count);
    }

    private ValueTask RanAsync(string what)
    {
        _ran.Add(what);
        return default;
    }

    /// <summary>Who is an administrator can change while the server runs.</summary>
    private sealed class Roles : IClaimsTransformation
    {
        internal ConcurrentDictionary<string, bool> Admins { get; } = new();

        public Task<ClaimsPrincipal> TransformAsync(ClaimsPrincipal principal)
        {
            var with = new ClaimsPrincipal(principal.Identities);
            if (principal.FindFirst(ClaimTypes.NameIdentifier) is { } user && Admins.ContainsKey(user.Value)) { with.AddIdentity(new ClaimsIdentity([new Claim(ClaimTypes.Role, "admin")])); }
            return Task.FromResult(with);
        }
    }

    [Authorize(Roles = "admin")]
    private sealed class AdminHandler(Happenings<string> ran) : EitHandler
    {
        public override ValueTask OnMessageAsync(EitSession session, string message)
        {
            ran.Add("handler");
            return default;
        }
    }

    [Authorize(Roles = "admin")]
    private sealed class AdminRoom(Happenings<string> ran) : EitChannelHandler
    {
        public override ValueTask OnMessageAsync(EitSession connection, string message)
        {
            ran.Add("room");
            return default;
        }
    }

    [Authorize(Roles = "admin")]
    private sealed class AdminSession : RpcSession;

    private sealed class MarkedMethod : EitHandler
    {
        [Admins]
        public override ValueTask OnMessageAsync(EitSession session, string message) => default;
    }

    private sealed class MarkedRoomMethod : EitChannelHandler
    {
        [Admins]
        public override ValueTask OnConnectAsync(EitSession connection) => default;
    }
}
