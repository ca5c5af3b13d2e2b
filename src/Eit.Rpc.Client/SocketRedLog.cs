using Microsoft.Extensions.Logging;

namespace Eit.Rpc;

/// <summary>What a client of socket.red logs.</summary>
internal static partial class SocketRedLog
{
    [LoggerMessage(SocketRedEventIds.HandlerThrew, LogLevel.Error, "The handler of an event or an action threw.", EventName = nameof(HandlerThrew))]
    public static partial void HandlerThrew(ILogger logger, Exception failure);

    [LoggerMessage(SocketRedEventIds.MessageUnreadable, LogLevel.Warning, "A message of {Bytes} bytes is none of socket.red's; it was dropped.", EventName = nameof(MessageUnreadable))]
    public static partial void MessageUnreadable(ILogger logger, int bytes);

    [LoggerMessage(
        SocketRedEventIds.TooManyEvents,
        LogLevel.Warning,
        "More than {EventsWaitingMax} events or {EventBytesWaitingMax} bytes of them (RpcOptions) wait for their handlers; the connection is closed.",
        EventName = nameof(TooManyEvents))]
    public static partial void TooManyEvents(ILogger logger, int eventsWaitingMax, long eventBytesWaitingMax);
}
