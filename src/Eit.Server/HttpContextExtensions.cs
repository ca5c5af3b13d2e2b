using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebSockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Eit.Server;

/// <summary>Opens sessions by hand, for who has a request and no endpoint.</summary>
public static class HttpContextExtensions
{
    /// <summary>Makes a request a transport: behind the same guard as an endpoint's, of a new session or of the one that its client resumes.</summary>
    /// <param name="context">The request; answered here if it is refused.</param>
    /// <param name="serve">Serves a new session: reads <see cref="EitSession.Incoming"/>, sends, and returns when that has ended. It runs on a pool thread of its own and outlives this
    /// transport. When it returns earlier the session closes as after <see cref="EitSession.InitiateClose()"/>, and what it has not read is dropped; what it throws is logged at once and
    /// ends the session (<see cref="Protocol.Wire.CloseCode.HandlerFailed"/>).</param>
    /// <param name="admitsPlainClients">Whether WebSocket clients that do not speak Eit are let in.</param>
    /// <returns>Completes when this transport is over.</returns>
    /// <exception cref="InvalidOperationException">Eit is not among the application's services.</exception>
    public static Task UpgradeEitAsync(this HttpContext context, Func<EitSession, Task> serve, bool admitsPlainClients = false)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(serve);
        HandlerAttributes.Refuse(serve);
        TransportEndpoint endpoint = context.RequestServices.GetService<TransportEndpoint>() ?? throw new InvalidOperationException("Call services.AddEit() before UpgradeEitAsync.");
        if (admitsPlainClients) { context.Features.Set(new PlainClientPolicy(QueryToken: null)); }
        ILogger<ReadingHandler> logger = context.RequestServices.GetRequiredService<ILogger<ReadingHandler>>();
        var webSockets = new WebSocketMiddleware(
            inner => endpoint.HandleAsync(inner, _ => new MadeHandler(new ReadingHandler(serve, logger), IsOwned: true)),
            Options.Create(new WebSocketOptions { KeepAliveInterval = TimeSpan.Zero }),
            context.RequestServices.GetRequiredService<ILoggerFactory>());
        return webSockets.Invoke(context);
    }
}
