using Microsoft.Extensions.Logging;

namespace Eit.Server.Channels;

public sealed partial class EitChannels
{
    private static partial class Log
    {
        [LoggerMessage(ServerEventIds.ChannelHandlerThrew, LogLevel.Error, "The handler of channel {Path} threw at {Call}; the channel goes on.", EventName = nameof(ChannelHandlerThrew))]
        public static partial void ChannelHandlerThrew(ILogger logger, Exception failure, string path, ChannelCall call);

        [LoggerMessage(ServerEventIds.ChannelHandlerHangs, LogLevel.Warning, "The handler of channel {Path} has not finished with {Call} within {Limit}; the channel waits for it.", EventName = nameof(ChannelHandlerHangs))]
        public static partial void ChannelHandlerHangs(ILogger logger, string path, ChannelCall call, TimeSpan limit);

        [LoggerMessage(ServerEventIds.ChannelRefused, LogLevel.Information, "Session {SessionId} was refused at channel {Path}: {Reason}", EventName = nameof(ChannelRefused))]
        public static partial void ChannelRefused(ILogger logger, Eit.Protocol.Wire.SessionId sessionId, string path, string reason);
    }
}
