using Microsoft.Extensions.Logging;

namespace Eit.Server;

internal sealed partial class MiddlewareRefusals
{
    [LoggerMessage(
        ServerEventIds.RefusedByMiddleware,
        LogLevel.Warning,
        "The application's middleware has answered {User} with {Status} at {Endpoint}. The endpoint asks for {Wanted} ([Authorize] or RequireAuthorization).",
        EventName = "RefusedByMiddleware")]
    private static partial void LogRefused(ILogger logger, string? endpoint, string user, int status, string wanted);
}
