using System.Security.Cryptography;
using Eit.Link;
using Eit.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Eit.Rpc;

/// <summary>An endpoint whose clients call.</summary>
/// <param name="createSession">Makes the session of a client.</param>
/// <param name="makeOwn">Makes who handles what is no call; null for the session's own handler.</param>
/// <param name="sessions">The sessions of this server.</param>
/// <param name="authorization">Who decides what attributes leave open.</param>
/// <param name="options">How.</param>
/// <param name="logger">Where it logs.</param>
internal sealed partial class RpcEndpoint(Func<HttpContext, ValueTask<RpcSession?>> createSession, Func<IServiceProvider, EitHandler>? makeOwn, RpcSessions sessions, CallAuthorization authorization, RpcOptions options, ILogger logger)
{
    private readonly RpcJson _json = new(options.Json ?? sessions.Options.Json);

    internal async Task HandleAsync(TransportEndpoint endpoint, HttpContext context)
    {
        RpcSession? session = null;
        await endpoint.HandleAsync(
            context,
            services => new MadeHandler(new RpcHandler(session!, makeOwn is null ? session!.Handler : makeOwn(services), sessions, authorization, options, _json, logger), IsOwned: true),
            async request =>
            {
                try
                {
                    session = await createSession(request).ConfigureAwait(false);
                    if (session is null) { return new Refusal(StatusCodes.Status401Unauthorized, "The session is refused."); }
                    authorization.Check(session);
                    return await authorization.MayOpenAsync(session, request).ConfigureAwait(false) ? null : new Refusal(StatusCodes.Status403Forbidden, "This client is not allowed here.");
                }
                catch (RpcException refused) { return new Refusal(StatusCodes.Status403Forbidden, refused.Message); }
                catch (Exception failure) when (!context.RequestAborted.IsCancellationRequested) { return RefusalOf(failure); }
            }).ConfigureAwait(false);
    }

    private Refusal RefusalOf(Exception failure)
    {
        string correlation = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        bool mayWrite = DeadlineWheel.Shared.LimitedLog.MayWrite(logger, LogLevel.Error, nameof(Log.SessionNotMade), $"{failure.GetType().Name}, {failure.Message}");
        if (mayWrite) { Log.SessionNotMade(logger, failure, correlation); }
        return new Refusal(StatusCodes.Status500InternalServerError, $"The session could not be made ({correlation}).");
    }
}
