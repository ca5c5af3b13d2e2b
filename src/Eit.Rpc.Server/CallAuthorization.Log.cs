using Microsoft.Extensions.Logging;

namespace Eit.Rpc;

internal sealed partial class CallAuthorization
{
    private static partial class Log
    {
        [LoggerMessage(RpcServerEventIds.CallRefused, LogLevel.Warning, "The call of {Method} by {User} in session {SessionId} is refused, as [Authorize] says: {Why}", EventName = nameof(CallRefused))]
        public static partial void CallRefused(ILogger logger, string method, string user, string sessionId, string why);

        [LoggerMessage(RpcServerEventIds.SessionRefused, LogLevel.Warning, "A session of {Session} is refused to {User}, as [Authorize] says: {Why}", EventName = nameof(SessionRefused))]
        public static partial void SessionRefused(ILogger logger, string session, string user, string why);
    }
}
