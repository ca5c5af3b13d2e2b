using Eit.Protocol.Wire;
using Microsoft.Extensions.Logging;

namespace Eit.Server;

public sealed partial class EitSessions
{
    private static partial class Log
    {
        [LoggerMessage(ServerEventIds.SessionBegan, LogLevel.Debug, "Session {SessionId} began for instance {Instance} at {Path}; the client is {Agent}.", EventName = nameof(SessionBegan))]
        public static partial void SessionBegan(ILogger logger, SessionId sessionId, InstanceId instance, string path, string agent);

        [LoggerMessage(ServerEventIds.SessionEvicted, LogLevel.Warning, "Session {SessionId} of owner '{Owner}' ends: more sessions wait for their client than {Limit} ({Value}) allows.", EventName = nameof(SessionEvicted))]
        public static partial void SessionEvicted(ILogger logger, SessionId sessionId, string owner, string limit, long value);

        [LoggerMessage(ServerEventIds.ServerFull, LogLevel.Warning, "A client of owner '{Owner}' is refused: {Reason}", EventName = nameof(ServerFull))]
        public static partial void ServerFull(ILogger logger, string owner, string reason);
    }
}
