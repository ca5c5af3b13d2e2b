using Microsoft.Extensions.Logging;

namespace Eit.Link;

public abstract partial class PumpHost
{
    private static partial class Log
    {
        [LoggerMessage(LinkEventIds.HandlerThrew, LogLevel.Error, "A handler of a {What} threw; the message counts as processed and the session goes on.", EventName = nameof(HandlerThrew))]
        public static partial void HandlerThrew(ILogger logger, Exception failure, string what);
    }
}
