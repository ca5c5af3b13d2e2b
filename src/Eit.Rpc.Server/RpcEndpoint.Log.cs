using Microsoft.Extensions.Logging;

namespace Eit.Rpc;

internal sealed partial class RpcEndpoint
{
    private static partial class Log
    {
        [LoggerMessage(RpcServerEventIds.SessionNotMade, LogLevel.Error, "A session could not be made; its client was told {CorrelationId}.", EventName = nameof(SessionNotMade))]
        public static partial void SessionNotMade(ILogger logger, Exception failure, string correlationId);
    }
}
