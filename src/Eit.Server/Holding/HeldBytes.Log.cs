using Eit.Protocol.Wire;
using Microsoft.Extensions.Logging;

namespace Eit.Server;

internal sealed partial class HeldBytes
{
    private static partial class Log
    {
        [LoggerMessage(ServerEventIds.SessionGivenUp, LogLevel.Warning, "Session {SessionId} of owner '{Owner}' ends: it holds {Bytes} bytes, and more is held than {Limit} ({Value}) allows.", EventName = nameof(SessionGivenUp))]
        public static partial void SessionGivenUp(ILogger logger, SessionId sessionId, string owner, long bytes, string limit, long value);
    }
}
