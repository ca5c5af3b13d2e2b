using Eit.Protocol.Wire;
using Microsoft.Extensions.Logging;

namespace Eit.Link;

public sealed partial class SessionPump
{
    private static partial class Log
    {
        [LoggerMessage(LinkEventIds.TransportEnded, LogLevel.Debug, "Transport {Epoch} of session {SessionId} ended: {Code} {Reason}", EventName = nameof(TransportEnded))]
        public static partial void TransportEnded(ILogger logger, SessionId sessionId, long epoch, int code, string reason);

        [LoggerMessage(LinkEventIds.DeadlineThrew, LogLevel.Critical, "A deadline of session {SessionId} threw: a bug in Eit.", EventName = nameof(DeadlineThrew))]
        public static partial void DeadlineThrew(ILogger logger, Exception failure, SessionId sessionId);

        [LoggerMessage(LinkEventIds.ConsumerSlow, LogLevel.Warning, "The peer of session {SessionId} is a slow consumer: {MessageCount} messages of {ByteCount} bytes wait, the oldest for {OldestMs} ms.", EventName = nameof(ConsumerSlow))]
        public static partial void ConsumerSlow(ILogger logger, SessionId sessionId, int messageCount, long byteCount, double oldestMs);

        [LoggerMessage(LinkEventIds.MutualWait, LogLevel.Warning, "A handler of session {SessionId} has waited {LimitSeconds} s for a send. If the peer's handler does the same, each waits for the other: send without waiting, or outside of the handler.", EventName = nameof(MutualWait))]
        public static partial void MutualWait(ILogger logger, SessionId sessionId, double limitSeconds);

        [LoggerMessage(LinkEventIds.SessionViolated, LogLevel.Warning, "The peer of session {SessionId} broke the protocol: {Code} ({Clause}) {Reason}", EventName = nameof(SessionViolated))]
        public static partial void SessionViolated(ILogger logger, SessionId sessionId, int code, string clause, string reason);

        [LoggerMessage(LinkEventIds.SessionResumed, LogLevel.Information, "Session {SessionId} resumed on transport {Epoch} after {OutageMs} ms; {ReplayedCount} pieces are sent again.", EventName = nameof(SessionResumed))]
        public static partial void SessionResumed(ILogger logger, SessionId sessionId, long epoch, double outageMs, long replayedCount);

        [LoggerMessage(LinkEventIds.HandedOver, LogLevel.Debug, "Session {SessionId} was handed over to transport {Epoch} in {TookMs} ms.", EventName = nameof(HandedOver))]
        public static partial void HandedOver(ILogger logger, SessionId sessionId, long epoch, double tookMs);

        [LoggerMessage(LinkEventIds.OutageBegan, LogLevel.Information, "Session {SessionId} has lost its transport: {Code} {Reason}", EventName = nameof(OutageBegan))]
        public static partial void OutageBegan(ILogger logger, SessionId sessionId, int code, string reason);

        [LoggerMessage(LinkEventIds.SessionEnded, LogLevel.Information, "Session {SessionId} ended: {Code} {Reason}; {UnfinishedCount} messages are not known to be processed.", EventName = nameof(SessionEnded))]
        public static partial void SessionEnded(ILogger logger, SessionId sessionId, int code, string reason, int unfinishedCount);
    }
}
