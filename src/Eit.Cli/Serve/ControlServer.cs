using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Eit.Cli.Serve;

/// <summary>What a running server is steered by: HTTP and JSON at a socket of this machine.</summary>
internal sealed class ControlServer : IAsyncDisposable
{
    private const int IdCharsMin = 4;
    private const int AgentsMax = 50;

    private static readonly TimeSpan s_closeLimit = TimeSpan.FromSeconds(5);
    private static readonly SendOptions s_now = new() { CompleteWhen = CompleteWhen.Accepted, AcceptWithin = TimeSpan.Zero };
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ServeHost _host;
    private readonly TimeProvider _time;
    private readonly Action _drain;
    private readonly Func<ServeReload> _reload;
    private readonly long _began;
    private readonly ControlSocket _socket;
    private readonly WebApplication _app;

    /// <summary>Makes a control for a server; it owns the socket.</summary>
    internal ControlServer(ServeHost host, ControlSocket socket, TimeProvider time, Action drain, Func<ServeReload> reload)
    {
        (_host, _socket, _time, _drain, _reload, _began) = (host, socket, time, drain, reload, time.GetTimestamp());
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = Environments.Production });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = host.Config.MessageBytesMax;
            kestrel.ListenUnixSocket(socket.Path);
        });
        builder.Services.AddSingleton<IHostLifetime, CommandLineLifetime>();
        builder.Services.AddRouting();
        _app = builder.Build();
        Map();
    }

    internal Task StartAsync(CancellationToken cancellationToken) => _app.StartAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _socket.Dispose();
    }

    private void Map()
    {
        _app.MapGet("/status", context => AnswerAsync(context, Status()));
        _app.MapGet("/stats", context => AnswerAsync(context, Stats()));
        _app.MapGet("/channels", context => AnswerAsync(context, Channels()));
        _app.MapGet("/agents", context => AnswerAsync(context, Agents()));
        _app.MapGet("/connections", context => AnswerAsync(context, new JsonArray([.. Chosen(context).Select(static session => Describe(session))])));
        _app.MapGet("/connections/{id}", context => Find(context, out string fault) is { } session ? AnswerAsync(context, Details(session)) : RefuseAsync(context, StatusCodes.Status404NotFound, fault));
        _app.MapPost("/connections/{id}/messages", SendAsync);
        _app.MapDelete("/connections/{id}", CloseAsync);
        _app.MapPost("/messages", BroadcastAsync);
        _app.MapPost("/reload", ReloadAsync);
        _app.MapGet("/metrics", context =>
        {
            context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
            return context.Response.WriteAsync(ServeMetrics.Write(_host), context.RequestAborted);
        });
        _app.MapPost("/drain", async context =>
        {
            context.Response.StatusCode = StatusCodes.Status202Accepted;
            await AnswerAsync(context, new JsonObject { ["draining"] = _host.Sessions.Count });
            _drain();
        });
        _app.MapFallback(static context => RefuseAsync(context, StatusCodes.Status404NotFound, "There are /status, /stats, /channels, /agents, /connections, /connections/{id}, /connections/{id}/messages, /messages, /reload, /drain and /metrics."));
    }

    private JsonObject Status() => new()
    {
        ["name"] = _host.Config.ServerName,
        ["version"] = typeof(ControlServer).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion,
        ["processId"] = Environment.ProcessId,
        ["state"] = _host.Sessions.IsDraining ? "draining" : "running",
        ["uptimeSeconds"] = Uptime,
        ["connections"] = _host.Sessions.Count,
        ["away"] = _host.Sessions.DetachedCount,
        ["listen"] = ListOf(_host.Addresses),
        ["endpoints"] = ListOf(_host.Config.Endpoints.Select(static endpoint => endpoint.ToString())),
    };

    private JsonObject Stats() => new()
    {
        ["uptimeSeconds"] = Uptime,
        ["connections"] = _host.Sessions.Count,
        ["away"] = _host.Sessions.DetachedCount,
        ["plain"] = _host.Sessions.List().Count(static session => session.IsPlain),
        ["messagesReceived"] = _host.Counters.MessagesReceived,
        ["outboxMessages"] = _host.Sessions.List().Sum(static session => (long)session.OutboxMessages),
        ["execStarts"] = _host.Counters.ExecStarts,
        ["slowConsumers"] = _host.Sessions.SlowConsumers,
        ["memoryBytes"] = Environment.WorkingSet,
    };

    private JsonArray Channels() => new([.. _host.Sessions.List().GroupBy(ChannelOf).OrderBy(static channel => channel.Key, StringComparer.Ordinal)
        .Select(static channel => new JsonObject { ["channel"] = channel.Key, ["connections"] = channel.Count() })]);

    /// <summary>Clients call themselves what they like: of many names the rarest are counted together.</summary>
    private JsonArray Agents()
    {
        (string Agent, int Count)[] all = [.. _host.Sessions.List().GroupBy(static session => session.IsPlain ? "(plain)" : session.Agent ?? "(unnamed)", StringComparer.Ordinal)
            .Select(static agent => (agent.Key, agent.Count())).OrderByDescending(static agent => agent.Item2).ThenBy(static agent => agent.Key, StringComparer.Ordinal)];
        IEnumerable<(string Agent, int Count)> shown = all.Take(AgentsMax);
        if (all.Length > AgentsMax) { shown = shown.Append(($"({all.Length - AgentsMax} others)", all.Skip(AgentsMax).Sum(static agent => agent.Count))); }
        return new([.. shown.Select(static agent => new JsonObject { ["agent"] = agent.Agent, ["connections"] = agent.Count })]);
    }

    private double Uptime => Math.Round(_time.GetElapsedTime(_began).TotalSeconds, 1);

    private static string ChannelOf(EitSession session) => session.Path.TrimEnd('/');

    private static JsonObject Describe(EitSession session) => new()
    {
        ["id"] = session.Id.ToString(),
        ["user"] = session.User,
        ["channel"] = ChannelOf(session),
        ["client"] = session.IsPlain ? "plain" : "eit",
        ["state"] = session.IsClosing ? "closing" : session.IsConnected ? "connected" : "away",
        ["outbox"] = session.OutboxMessages,
        ["agent"] = session.Agent,
    };

    private static JsonObject Details(EitSession session)
    {
        JsonObject all = Describe(session);
        all["instance"] = session.Instance.ToString();
        all["roundTripMs"] = session.RoundTripTime is { } roundTrip ? Math.Round(roundTrip.TotalMilliseconds, 2) : null;
        all["lastHeardMs"] = session.LastHeard is { } heard ? Math.Round(heard.TotalMilliseconds) : null;
        DropCounts dropped = session.Dropped;
        (all["replaced"], all["expired"], all["notSent"], all["failed"]) = (dropped.Replaced, dropped.Expired, dropped.NotSent, dropped.Failed);
        return all;
    }

    private IEnumerable<EitSession> Chosen(HttpContext context)
    {
        string? channel = context.Request.Query["channel"].FirstOrDefault()?.TrimEnd('/');
        string? user = context.Request.Query["user"].FirstOrDefault();
        return _host.Sessions.List().Where(session => (channel is null || ChannelOf(session) == channel) && (user is null || session.User == user));
    }

    /// <summary>Finds a connection by its id, or by what the id begins with.</summary>
    private EitSession? Find(HttpContext context, out string fault)
    {
        string id = (string)context.Request.RouteValues["id"]!;
        fault = $"There is no connection '{id}'.";
        if (SessionId.TryParse(id, out SessionId whole)) { return _host.Sessions.Find(whole); }
        EitSession[] found = id.Length < IdCharsMin ? [] : [.. _host.Sessions.List().Where(session => session.Id.ToString().StartsWith(id, StringComparison.Ordinal)).Take(2)];
        if (found.Length > 1) { fault = $"The ids of several connections begin with '{id}'."; }
        return found.Length == 1 ? found[0] : null;
    }

    private async Task SendAsync(HttpContext context)
    {
        if (Find(context, out string fault) is not { } session) { await RefuseAsync(context, StatusCodes.Status404NotFound, fault); }
        else if (await ReadTextAsync(context) is { } text)
        {
            SendOutcome outcome = await session.SendAsync(text, s_now, context.RequestAborted);
            if (outcome == SendOutcome.Accepted) { await AnswerAsync(context, new JsonObject { ["sent"] = session.Id.ToString() }); }
            else if (outcome == SendOutcome.TooLarge) { await RefuseAsync(context, StatusCodes.Status413PayloadTooLarge, "The message is larger than the peer takes."); }
            else { await RefuseAsync(context, StatusCodes.Status409Conflict, "The connection closes, or its outbox is full."); }
        }
    }

    private async Task BroadcastAsync(HttpContext context)
    {
        if (await ReadTextAsync(context) is not { } text) { return; }
        BroadcastResult result = _host.Sessions.Broadcast(text, Chosen(context));
        await AnswerAsync(context, new JsonObject { ["accepted"] = result.Accepted, ["refused"] = result.Refused.Count });
    }

    private async Task CloseAsync(HttpContext context)
    {
        if (Find(context, out string fault) is not { } session)
        {
            await RefuseAsync(context, StatusCodes.Status404NotFound, fault);
            return;
        }
        string reason = context.Request.Query["reason"].FirstOrDefault() ?? "The server's operator has closed the connection.";
        await session.CloseAsync(CloseCode.Closed, CloseCodes.ToReason(reason), s_closeLimit, context.RequestAborted);
        await AnswerAsync(context, new JsonObject { ["closed"] = session.Id.ToString() });
    }

    private async Task ReloadAsync(HttpContext context)
    {
        try
        {
            ServeReload reload = _reload();
            await AnswerAsync(context, new JsonObject { ["reloaded"] = ListOf(reload.Taken), ["needsRestart"] = ListOf(reload.NeedsRestart) });
        }
        catch (FormatException wrong) { await RefuseAsync(context, StatusCodes.Status409Conflict, wrong.Message); }
    }

    private static JsonArray ListOf(IEnumerable<string> texts) => new([.. texts.Select(static text => (JsonNode)text)]);

    /// <summary>Reads the message of a request; answers it and gives null if there is none.</summary>
    private static async Task<string?> ReadTextAsync(HttpContext context)
    {
        try
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            return s_strict.GetString(body.GetBuffer(), 0, (int)body.Length);
        }
        catch (DecoderFallbackException) { await RefuseAsync(context, StatusCodes.Status400BadRequest, "The message is not UTF-8."); }
        catch (BadHttpRequestException wrong) { await RefuseAsync(context, wrong.StatusCode, wrong.Message); }
        return null;
    }

    private static Task RefuseAsync(HttpContext context, int status, string why)
    {
        context.Response.StatusCode = status;
        return AnswerAsync(context, new JsonObject { ["error"] = why });
    }

    private static Task AnswerAsync(HttpContext context, JsonNode body)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body.ToJsonString() + "\n", context.RequestAborted);
    }
}
