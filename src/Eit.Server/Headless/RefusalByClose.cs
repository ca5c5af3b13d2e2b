using System.Globalization;
using System.Net.WebSockets;
using Eit.Link;
using Eit.Protocol.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebSockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Eit.Server;

/// <summary>Tells a client that can't see HTTP answers what the pipeline has answered, whoever in it has: 401, 403, 429 and 503 become one close of a WebSocket that is opened for it (A2.4).</summary>
/// <remarks>What is not encrypted is not upgraded, and a page from an unknown origin learns nothing but that it is refused.</remarks>
internal sealed partial class RefusalByClose(Guard guard, ResumeGuard resumes, HelloWaits waits, IOptions<EitServerOptions> options, TimeProvider time, ILoggerFactory loggers, ILogger<RefusalByClose> logger)
{
    private const int ReadsMax = 64;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(1);

    private int _open;

    /// <summary>Runs the pipeline, and closes in the place of its refusal.</summary>
    internal async Task WatchAsync(HttpContext context, HeadlessClient client, RequestDelegate rest)
    {
        bool isUpgrade = context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } || context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true };
        if (!isUpgrade || guard.SelectionOf(client.Offers) is not { } subprotocol)
        {
            await rest(context).ConfigureAwait(false);
            return;
        }
        IHttpResponseBodyFeature body = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(Stream.Null));   // A body would begin the answer, and the client could not see it.
        try { await rest(context).ConfigureAwait(false); }
        finally { context.Features.Set(body); }
        if (context.Response.HasStarted) { return; }
        context.Response.ContentLength = null;
        if (CodeOf(context) is { } code && guard.IsEncrypted(context)) { await CloseAsync(context, subprotocol, code).ConfigureAwait(false); }
    }

    private CloseCode? CodeOf(HttpContext context) => context.Response.StatusCode switch
    {
        StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden or StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable when !guard.IsKnownOrigin(context) => CloseCode.Forbidden,
        StatusCodes.Status401Unauthorized => CloseCode.Unauthorized,
        StatusCodes.Status403Forbidden => CloseCode.Forbidden,
        StatusCodes.Status429TooManyRequests => CloseCode.TooManyRequests,
        StatusCodes.Status503ServiceUnavailable => CloseCode.Unavailable,
        _ => null,
    };

    private async Task CloseAsync(HttpContext context, string subprotocol, CloseCode code)
    {
        string client = guard.ClientOf(context);
        bool hasRoom = Interlocked.Increment(ref _open) <= options.Value.RefusalsByCloseMax && waits.TryEnter(principal: null, client) is null;
        if (!hasRoom)
        {
            Interlocked.Decrement(ref _open);
            return;
        }
        try
        {
            int status = context.Response.StatusCode;
            bool hasWait = int.TryParse(context.Response.Headers.RetryAfter.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out int seconds);
            string words = context.Features.Get<Refusal>()?.Text ?? $"The request was refused with HTTP {status.ToString(CultureInfo.InvariantCulture)}.";
            string reason = RefusalReason.Of(code == CloseCode.Forbidden && !guard.IsKnownOrigin(context) ? "The origin is not allowed." : words, hasWait ? TimeSpan.FromSeconds(seconds) : null);
            Log.RefusedByClose(logger, status, (int)code, reason);
            if (status == StatusCodes.Status403Forbidden) { resumes.Refused(context); }   // RefusedResumeFilter would see the status of an upgrade.
            context.Response.Clear();
            var webSockets = new WebSocketMiddleware(inner => CloseSocketAsync(inner, status, subprotocol, code, reason), Options.Create(new WebSocketOptions { KeepAliveInterval = TimeSpan.Zero }), loggers);
            await webSockets.Invoke(context).ConfigureAwait(false);
        }
        finally
        {
            waits.Leave(principal: null, client);
            Interlocked.Decrement(ref _open);
        }
    }

    /// <summary>Opens the WebSocket, closes it, and gives the client a moment to close it too; what it sends meanwhile is thrown away.</summary>
    private async Task CloseSocketAsync(HttpContext context, int status, string subprotocol, CloseCode code, string reason)
    {
        var accept = new WebSocketAcceptContext { SubProtocol = subprotocol, KeepAliveInterval = TimeSpan.Zero };
        WebSocket socket;
        try { socket = await context.WebSockets.AcceptWebSocketAsync(accept).ConfigureAwait(false); }
        catch (InvalidOperationException) when (!context.Response.HasStarted)   // Kestrel's MaxConcurrentUpgradedConnections.
        {
            context.Response.Clear();
            context.Response.StatusCode = status;
            return;
        }
        var transport = new WebSocketTransport(socket, context.Abort, context.RequestAborted);
        try
        {
            using var limit = new CancellationTokenSource(s_limit, time);
            await transport.CloseAsync(code, reason, limit.Token).ConfigureAwait(false);
            byte[] unseen = new byte[1024];
            for (int i = 0; i < ReadsMax; i++)
            {
                TransportReceive received = await transport.ReceiveAsync(unseen, limit.Token).ConfigureAwait(false);
                if (received.Kind == TransportReceiveKind.Closed) { return; }
            }
        }
        catch (Exception end) when (end is TransportException or OperationCanceledException)
        {
            // The client has not waited, or closes too slowly: it is over either way.
        }
        finally { await transport.DisposeAsync().ConfigureAwait(false); }
    }

    private static partial class Log
    {
        [LoggerMessage(ServerEventIds.RefusedByClose, LogLevel.Debug, "A client that can't see HTTP {Status} was told {Code}: {Reason}", EventName = nameof(RefusedByClose))]
        public static partial void RefusedByClose(ILogger logger, int status, int code, string reason);
    }
}
