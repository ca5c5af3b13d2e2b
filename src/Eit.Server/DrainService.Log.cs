using Microsoft.Extensions.Logging;

namespace Eit.Server;

internal sealed partial class DrainService
{
    private static partial class Log
    {
        [LoggerMessage(ServerEventIds.DrainBegan, LogLevel.Information, "The host stops: {SessionCount} sessions are told, over {Spread}; who can move has {Window}.", EventName = nameof(DrainBegan))]
        public static partial void DrainBegan(ILogger logger, int sessionCount, TimeSpan spread, TimeSpan window);

        [LoggerMessage(ServerEventIds.DrainAlone, LogLevel.Information, "{ReturnCount} clients that were to go elsewhere came back to this server, and none has found another: the rest is closed now.", EventName = nameof(DrainAlone))]
        public static partial void DrainAlone(ILogger logger, int returnCount);

        [LoggerMessage(ServerEventIds.DrainEnded, LogLevel.Information, "The drain is over; {ClosedCount} sessions had to be closed.", EventName = nameof(DrainEnded))]
        public static partial void DrainEnded(ILogger logger, int closedCount);

        [LoggerMessage(ServerEventIds.ChannelsUnfinished, LogLevel.Warning, "The host's time to stop is over, and the handlers of {ChannelCount} channels have not finished.", EventName = nameof(ChannelsUnfinished))]
        public static partial void ChannelsUnfinished(ILogger logger, int channelCount);
    }
}
