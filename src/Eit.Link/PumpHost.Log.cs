using Eit.Protocol.Wire;
using Microsoft.Extensions.Logging;

namespace Eit.Link;

public abstract partial class PumpHost
{
    private static partial class Log
    {
        [LoggerMessage(LinkEventIds.HandlerThrew, LogLevel.Error, "A handler of a {What} threw; the session goes on, and the sender of a message is told that it has failed.", EventName = nameof(HandlerThrew))]
        public static partial void HandlerThrew(ILogger logger, Exception failure, string what);

        [LoggerMessage(LinkEventIds.NoHandler, LogLevel.Warning, "There is no handler for a message of session {SessionId} ({What}): its sender is told that it has failed.", EventName = nameof(NoHandler))]
        public static partial void NoHandler(ILogger logger, SessionId sessionId, string what);

        [LoggerMessage(LinkEventIds.HandlerHangs, LogLevel.Warning, "A handler has not finished within the time that closing may take; nothing waits for it any more.", EventName = nameof(HandlerHangs))]
        public static partial void HandlerHangs(ILogger logger);
    }
}
