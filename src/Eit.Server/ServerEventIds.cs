namespace Eit.Server;

/// <summary>The ids of the log events of this assembly; none is ever used again for something else.</summary>
internal static class ServerEventIds
{
    internal const int RequestRefused = 300;
    internal const int HelloRefused = 301;
    internal const int SessionBegan = 302;
    internal const int DrainBegan = 303;
    internal const int DrainEnded = 304;
    internal const int SessionEvicted = 305;
    internal const int HandlerCouldNotBeMade = 306;
    internal const int ServingThrew = 307;
    internal const int RefusedByClose = 308;
    internal const int SessionGivenUp = 310;
    internal const int ServerFull = 311;
    internal const int RequestGone = 312;
    internal const int DrainAlone = 313;
    internal const int ChannelHandlerThrew = 320;
    internal const int ChannelHandlerHangs = 321;
    internal const int ChannelRefused = 322;
    internal const int ChannelsUnfinished = 323;
    internal const int RefusedByMiddleware = 340;
    internal const int MayResumeFailed = 341;
    internal const int ResumeForbidden = 342;
}
