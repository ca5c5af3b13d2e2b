using Microsoft.Extensions.Logging;

namespace Eit.Link;

public abstract partial class PumpHost
{
    private static partial class Log
    {
        [LoggerMessage(LinkEventIds.HandlerThrew, LogLevel.Error, "A handler of a {What} threw; the message counts as processed and the session goes on.", EventName = nameof(HandlerThrew))]
        public static partial void HandlerThrew(ILogger logger, Exception failure, string what);

        [LoggerMessage(LinkEventIds.HandlerHangs, LogLevel.Warning, "A handler has not finished within the time that closing may take; nothing waits for it any more.", EventName = nameof(HandlerHangs))]
        public static partial void HandlerHangs(ILogger logger);
    }
}
