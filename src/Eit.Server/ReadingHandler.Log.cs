using Eit.Protocol.Wire;
using Microsoft.Extensions.Logging;

namespace Eit.Server;

internal sealed partial class ReadingHandler
{
    private static partial class Log
    {
        [LoggerMessage(ServerEventIds.ServingThrew, LogLevel.Error, "The code that serves session {SessionId} threw; the session ends.", EventName = nameof(ServingThrew))]
        public static partial void ServingThrew(ILogger logger, Exception failure, SessionId sessionId);
    }
}
