using System.Globalization;
using Eit.Link;
using Eit.Protocol.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Eit.Server;

/// <summary>Turns a request into a transport: guard, upgrade, hello, session.</summary>
internal sealed partial class TransportEndpoint(EitSessions sessions, Guard guard, HelloWaits waits, ResumeGuard resumes, ILogger<TransportEndpoint> logger)
{
    private const string TooMany = "The server is full.";

    private static readonly TimeSpan s_refuseLimit = TimeSpan.FromSeconds(1);

    /// <param name="context">The request.</param>
    /// <param name="makeHandler">Makes the handler of the session that the request may begin.</param>
    /// <param name="admit">A check of the endpoint's own, the last one before the upgrade; null for none.</param>
    /// <returns>Completes when the transport is over.</returns>
    internal Task HandleAsync(HttpContext context, Func<IServiceProvider, MadeHandler> makeHandler, Func<HttpContext, ValueTask<Refusal?>>? admit = null) =>
        OpenAsync(context, makeHandler, admit).Unwrap();           // What opening needs is not kept while the transport lives.

    /// <returns>The task that ends with the transport.</returns>
    private async Task<Task> OpenAsync(HttpContext context, Func<IServiceProvider, MadeHandler> makeHandler, Func<HttpContext, ValueTask<Refusal?>>? admit)
    {
        try { return await CheckAndOpenAsync(context, makeHandler, admit).ConfigureAwait(false); }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested && !context.Response.HasStarted)
        {
            LogGone(context);
            return Task.CompletedTask;
        }
    }

    private async Task<Task> CheckAndOpenAsync(HttpContext context, Func<IServiceProvider, MadeHandler> makeHandler, Func<HttpContext, ValueTask<Refusal?>>? admit)
    {
        Refusal? refusal = sessions.IsDraining
            ? new Refusal(StatusCodes.Status503ServiceUnavailable, "The server is about to stop.") { RetryAfter = TimeSpan.FromSeconds(1), Why = "the host stops." }
            : await guard.CheckAsync(context).ConfigureAwait(false);
        Hello? hello = null;
        if (refusal is null && context.Request.Headers.TryGetValue(WireLimits.HelloHeader, out var header))
        {
            bool isRead = header.Count == 1 && JsonFrameReader.TryReadHelloHeader(header.ToString(), out hello);
            context.Request.Headers.Remove(WireLimits.HelloHeader);   // The request lives as long as the transport; the hello, and the proof in it, has served.
            if (isRead) { context.Response.Headers[WireLimits.HelloHeader] = WireLimits.HelloTaken; }
            else { refusal = new Refusal(StatusCodes.Status400BadRequest, $"The header {WireLimits.HelloHeader} is not a hello.") { Why = "the client and this server do not speak the same protocol, or something on the way has changed the header." }; }
        }
        if (refusal is null && hello is not null && sessions.IsFullFor(hello, context, guard.KeyOf(context.User), guard.PlaceOf(context)))
        {
            refusal = new Refusal(StatusCodes.Status503ServiceUnavailable, TooMany) { RetryAfter = sessions.Spread(), Why = $"there are {sessions.Count} sessions; EitServerOptions.Limits bounds how many there may be, in all and for each principal." };
        }
        if (refusal is null && admit is not null)
        {
            refusal = await admit(context).ConfigureAwait(false);
            if (refusal is { Status: StatusCodes.Status403Forbidden } && hello is not null) { resumes.Refused(context, hello); }
        }
        if (refusal is not null)
        {
            await RefuseAsync(context, refusal).ConfigureAwait(false);
            return Task.CompletedTask;
        }

        if (guard.IsPlain(context))
        {
            return ServePlainAsync(context, makeHandler);
        }
        return hello is null ? await OpenWithoutHelloAsync(context, makeHandler).ConfigureAwait(false) : await OpenAsync(context, hello, makeHandler).ConfigureAwait(false);
    }

    /// <summary>Opens a transport whose hello is its first frame; so many of these as there may be at a time.</summary>
    private async Task<Task> OpenWithoutHelloAsync(HttpContext context, Func<IServiceProvider, MadeHandler> makeHandler)
    {
        (string? principal, string client) = (guard.KeyOf(context.User), guard.ClientOf(context));
        if (waits.TryEnter(principal, client) is { } why)
        {
            await RefuseAsync(context, new Refusal(StatusCodes.Status503ServiceUnavailable, TooMany) { RetryAfter = sessions.Spread(), Why = why }).ConfigureAwait(false);
            return Task.CompletedTask;
        }
        try { return await OpenAsync(context, hello: null, makeHandler).ConfigureAwait(false); }
        finally { waits.Leave(principal, client); }
    }

    private async Task<Task> OpenAsync(HttpContext context, Hello? hello, Func<IServiceProvider, MadeHandler> makeHandler)
    {
        WireEncoding encoding = guard.EncodingOf(context)!.Value;    // The guard has let it pass.
        var accept = new WebSocketAcceptContext { SubProtocol = WireEncodings.SubprotocolOf(encoding), KeepAliveInterval = TimeSpan.Zero };
        if (await TryAcceptAsync(context, accept).ConfigureAwait(false) is not { } socket) { return Task.CompletedTask; }
        var line = new TransportLine(new WebSocketTransport(socket, context.Abort, context.RequestAborted), epoch: 0, WireEncodings.NewReader(encoding), WireEncodings.NewWriter(encoding));
        await GreetAsync(context, line, hello, makeHandler).ConfigureAwait(false);
        return line.Finished;
    }

    /// <summary>Makes the request a WebSocket; refuses it if the server does not take as many.</summary>
    private async Task<System.Net.WebSockets.WebSocket?> TryAcceptAsync(HttpContext context, WebSocketAcceptContext accept)
    {
        context.RequestAborted.ThrowIfCancellationRequested();
        try
        {
            System.Net.WebSockets.WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(accept).ConfigureAwait(false);
            if (context.Features.Get<IHttpMetricsTagsFeature>() is { } metrics) { metrics.MetricsDisabled = true; }   // The life of a WebSocket is not how long a request takes.
            return socket;
        }
        catch (InvalidOperationException full) when (!context.Response.HasStarted)   // Kestrel's MaxConcurrentUpgradedConnections.
        {
            context.Response.Headers.Clear();
            await RefuseAsync(context, new Refusal(StatusCodes.Status503ServiceUnavailable, TooMany) { RetryAfter = sessions.Spread(), Why = $"the server does not upgrade the connection: {full.Message}" }).ConfigureAwait(false);
            return null;
        }
    }

    private async Task ServePlainAsync(HttpContext context, Func<IServiceProvider, MadeHandler> makeHandler)
    {
        TimeSpan timeout = sessions.Options.PlainClientTimeout;
        string? subprotocol = context.WebSockets.WebSocketRequestedProtocols.Count > 0 ? WireLimits.PlainSubprotocol : null;
        var accept = new WebSocketAcceptContext { SubProtocol = subprotocol, KeepAliveInterval = timeout / 3, KeepAliveTimeout = timeout - (timeout / 3) };
        if (await TryAcceptAsync(context, accept).ConfigureAwait(false) is not { } socket) { return; }
        var client = new WebSocketTransport(socket, context.Abort, context.RequestAborted);
        var bridge = new PlainBridge(client, sessions.Options.Session, sessions.Time, sessions.Wheel, new BridgeLogger(sessions.SessionLogger));
        context.Features.Set(bridge);
        Violation? violation = sessions.Admit(bridge.ServerLine, bridge.Hello, context, guard.KeyOf(context.User), guard.PlaceOf(context), Guard.ExpiryOf(context, sessions.Time), makeHandler);
        if (violation is not null) { LogRefused(context, violation.Code, violation.Reason); }
        await (violation is null ? bridge.RunAsync() : bridge.RefuseAsync(violation)).ConfigureAwait(false);
    }

    private async Task RefuseAsync(HttpContext context, Refusal refusal)
    {
        context.Response.Headers.Remove(WireLimits.HelloHeader);
        LogRefused(context, refusal);
        context.Response.StatusCode = refusal.Status;
        context.Features.Set(refusal);
        if (refusal.Status == StatusCodes.Status401Unauthorized) { context.Response.Headers.WWWAuthenticate = "Bearer"; }
        if (refusal.Status == StatusCodes.Status426UpgradeRequired) { context.Response.Headers.Upgrade = "websocket"; }
        if (refusal.RetryAfter is { } wait) { context.Response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture); }
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync(refusal.Text + "\n").ConfigureAwait(false);
    }

    private async Task GreetAsync(HttpContext context, TransportLine line, Hello? hello, Func<IServiceProvider, MadeHandler> makeHandler)
    {
        Violation? violation = null;
        if (hello is null) { (hello, violation) = await ReadHelloAsync(line, context).ConfigureAwait(false); }
        if (hello is not null)
        {
            line.Epoch = hello.Epoch;
            violation = await resumes.CheckAsync(context, hello).ConfigureAwait(false)
                ?? sessions.Admit(line, hello, context, guard.KeyOf(context.User), guard.PlaceOf(context), Guard.ExpiryOf(context, sessions.Time), makeHandler);
            if (violation is null) { return; }
        }
        if (violation is not null)
        {
            LogRefused(context, violation.Code, violation.Reason);
            await line.RefuseAsync(violation.Code, violation.Reason, s_refuseLimit).ConfigureAwait(false);
        }
        await line.ReleaseAsync().ConfigureAwait(false);
    }

    private async Task<(Hello? Hello, Violation? Violation)> ReadHelloAsync(TransportLine line, HttpContext context)
    {
        Task<LineRead> reading = line.ReadMessageAsync().AsTask();
        try
        {
            LineRead read = await reading.WaitAsync(sessions.Options.HelloLimit, sessions.Time).ConfigureAwait(false);
            if (read.CloseCode is not null) { return (null, null); }
            if (read.Violation is not null) { return (null, read.Violation); }
            ref readonly Frame first = ref line.Frames[0];
            return first.Body is Hello hello ? (hello, null) : (null, new Violation(CloseCode.BadState, "S1.1", $"The first frame is {first.Type}, not hello."));
        }
        catch (TransportException) { return (null, null); }
        catch (TimeoutException)
        {
            await RefuseSilentAsync(line, reading).ConfigureAwait(false);
            LogRefused(context, CloseCode.HelloTimeout, "The client did not say hello in time.");
            return (null, null);
        }
    }

    private void LogRefused(HttpContext context, Refusal refusal)
    {
        string client = guard.ClientOf(context);
        if (!sessions.Wheel.LimitedLog.MayWrite(logger, LogLevel.Warning, $"{nameof(Log.RequestRefused)} {refusal.Status}", client)) { return; }
        string why = refusal.Why is null ? refusal.Text : $"{refusal.Text} For the operator: {refusal.Why}";
        Log.RequestRefused(logger, client, PeerText.Harmless(context.Request.Path), refusal.Status, PeerText.Harmless(why));
    }

    private void LogGone(HttpContext context)
    {
        string client = guard.ClientOf(context);
        if (sessions.Wheel.LimitedLog.MayWrite(logger, LogLevel.Warning, nameof(Log.RequestGone), client)) { Log.RequestGone(logger, client, PeerText.Harmless(context.Request.Path)); }
    }

    private void LogRefused(HttpContext context, CloseCode code, string reason)
    {
        string client = guard.ClientOf(context);
        if (sessions.Wheel.LimitedLog.MayWrite(logger, LogLevel.Warning, $"{nameof(Log.HelloRefused)} {(int)code}", client)) { Log.HelloRefused(logger, client, (int)code, PeerText.Harmless(reason)); }
    }

    /// <summary>Closes a transport whose client has not said hello, and gives the read that waits for it a moment to find the client's close. The read is over afterwards: its buffer is free.</summary>
    private async Task RefuseSilentAsync(TransportLine line, Task<LineRead> reading)
    {
        using var limit = new CancellationTokenSource(s_refuseLimit, sessions.Time);
        using CancellationTokenRegistration abort = limit.Token.UnsafeRegister(static state => ((ITransport)state!).Abort(), line.Transport);
        try
        {
            await line.Transport.CloseAsync(CloseCode.HelloTimeout, "The client did not say hello in time.", CancellationToken.None).ConfigureAwait(false);
            await reading.ConfigureAwait(false);
        }
        catch (TransportException)
        {
            // Either way the transport is given up.
        }
    }
}
