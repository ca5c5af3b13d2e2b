using Microsoft.Extensions.Logging;

namespace Eit.Server;

internal sealed partial class TransportEndpoint
{
    private static partial class Log
    {
        [LoggerMessage(ServerEventIds.HelloRefused, LogLevel.Information, "A transport was refused: {Code} {Reason}", EventName = nameof(HelloRefused))]
        public static partial void HelloRefused(ILogger logger, int code, string reason);
    }
}
