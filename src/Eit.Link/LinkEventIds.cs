namespace Eit.Link;

/// <summary>The ids of the log events of this assembly; none is ever used again for something else.</summary>
internal static class LinkEventIds
{
    internal const int HandlerThrew = 100;
    internal const int TransportEnded = 101;
    internal const int SessionViolated = 102;
    internal const int SessionResumed = 103;
    internal const int HandedOver = 104;
    internal const int OutageBegan = 105;
    internal const int SessionEnded = 106;
    internal const int DeadlineThrew = 107;
    internal const int HandlerHangs = 108;
    internal const int MutualWait = 109;
    internal const int ConsumerSlow = 110;
    internal const int Repeated = 111;
    internal const int NoHandler = 112;
}
