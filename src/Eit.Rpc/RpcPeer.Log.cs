using Microsoft.Extensions.Logging;

namespace Eit.Rpc;

internal sealed partial class RpcPeer
{
    private static partial class Log
    {
        [LoggerMessage(RpcEventIds.MethodThrew, LogLevel.Error, "The method {Method} threw; its caller was told {CorrelationId}.", EventName = nameof(MethodThrew))]
        public static partial void MethodThrew(ILogger logger, Exception failure, string method, string correlationId);

        [LoggerMessage(RpcEventIds.HandlerThrew, LogLevel.Error, "The handler of an event or an action threw.", EventName = nameof(HandlerThrew))]
        public static partial void HandlerThrew(ILogger logger, Exception failure);

        [LoggerMessage(RpcEventIds.MessageUnreadable, LogLevel.Warning, "A message of {Bytes} bytes is no message of calls; it was dropped.", EventName = nameof(MessageUnreadable))]
        public static partial void MessageUnreadable(ILogger logger, int bytes);

        [LoggerMessage(RpcEventIds.MessageUnknown, LogLevel.Warning, "A message of calls has the type {Type}, which this version does not know; it was dropped. Further ones of this session are only counted.", EventName = nameof(MessageUnknown))]
        public static partial void MessageUnknown(ILogger logger, string type);

        [LoggerMessage(RpcEventIds.MethodHangs, LogLevel.Warning, "A method still runs although its session is over; nobody waits for it any more.", EventName = nameof(MethodHangs))]
        public static partial void MethodHangs(ILogger logger);
    }
}
