using Microsoft.Extensions.Logging;

namespace Eit.Server;

internal sealed partial class TransportEndpoint
{
    private static partial class Log
    {
        [LoggerMessage(ServerEventIds.RequestRefused, LogLevel.Warning, "A request of {Client} for {Path} was refused with {Status}: {Why}", EventName = nameof(RequestRefused))]
        public static partial void RequestRefused(ILogger logger, string client, string path, int status, string why);

        [LoggerMessage(ServerEventIds.RequestGone, LogLevel.Warning,
            "A request of {Client} for {Path} ended before its WebSocket was opened: the client, a proxy or a middleware did not wait for authentication, EitServerOptions.Admits or createSession.",
            EventName = nameof(RequestGone))]
        public static partial void RequestGone(ILogger logger, string client, string path);

        [LoggerMessage(ServerEventIds.HelloRefused, LogLevel.Warning, "A transport of {Client} was refused: {Code} {Reason}", EventName = nameof(HelloRefused))]
        public static partial void HelloRefused(ILogger logger, string client, int code, string reason);
    }
}
