using Eit.Protocol.Wire;
using Microsoft.Extensions.Logging;

namespace Eit.Connection;

public sealed partial class EitConnection
{
    private static partial class Log
    {
        [LoggerMessage(ConnectionEventIds.StateChanged, LogLevel.Information, "The connection was {Previous} and is {Current}: {Reason}", EventName = nameof(StateChanged))]
        public static partial void StateChanged(ILogger logger, EitConnectionState previous, EitConnectionState current, string reason);

        [LoggerMessage(ConnectionEventIds.DialFailed, LogLevel.Debug, "A dial failed at {Kind}: {Reason}", EventName = nameof(DialFailed))]
        public static partial void DialFailed(ILogger logger, Protocol.Session.DialFailureKind kind, string reason);

        [LoggerMessage(ConnectionEventIds.CycleFailed, LogLevel.Debug, "A planned cycle failed and changed nothing: {Reason}", EventName = nameof(CycleFailed))]
        public static partial void CycleFailed(ILogger logger, string reason);

        [LoggerMessage(ConnectionEventIds.RedialGivenUp, LogLevel.Warning, "The application's redial pipeline has given up.", EventName = nameof(RedialGivenUp))]
        public static partial void RedialGivenUp(ILogger logger, Exception failure);

        [LoggerMessage(ConnectionEventIds.NetworkChanged, LogLevel.Debug, "The network of the machine has changed.", EventName = nameof(NetworkChanged))]
        public static partial void NetworkChanged(ILogger logger);

        [LoggerMessage(ConnectionEventIds.SessionBegan, LogLevel.Debug, "Session {SessionId} began; the server is {Agent}.", EventName = nameof(SessionBegan))]
        public static partial void SessionBegan(ILogger logger, SessionId sessionId, string agent);
    }
}
