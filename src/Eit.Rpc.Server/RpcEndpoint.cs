using System.Security.Cryptography;
using Eit.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Eit.Rpc;

/// <summary>An endpoint whose clients call.</summary>
internal sealed partial class RpcEndpoint(Func<HttpContext, ValueTask<RpcSession?>> createSession, RpcOptions options, ILogger logger)
{
    private readonly RpcJson _json = new(options.Json);

    internal async Task HandleAsync(TransportEndpoint endpoint, HttpContext context)
    {
        RpcSession? session = null;
        await endpoint.HandleAsync(
            context,
            _ => new MadeHandler(new RpcHandler(session!, options, _json, logger), IsOwned: true),
            async request =>
            {
                try { session = await createSession(request).ConfigureAwait(false); }
                catch (RpcException refused) { return new Refusal(StatusCodes.Status403Forbidden, refused.Message); }
                catch (Exception failure) when (!context.RequestAborted.IsCancellationRequested) { return RefusalOf(failure); }
                return session is null ? new Refusal(StatusCodes.Status401Unauthorized, "The session is refused.") : null;
            }).ConfigureAwait(false);
    }

    private Refusal RefusalOf(Exception failure)
    {
        string correlation = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        Log.SessionNotMade(logger, failure, correlation);
        return new Refusal(StatusCodes.Status500InternalServerError, $"The session could not be made ({correlation}).");
    }
}
