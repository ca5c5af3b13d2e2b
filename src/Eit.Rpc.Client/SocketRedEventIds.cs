namespace Eit.Rpc;

/// <summary>The ids of the log events of this assembly; none is ever used again for something else.</summary>
internal static class SocketRedEventIds
{
    internal const int HandlerThrew = 540;
    internal const int MessageUnreadable = 541;
    internal const int TooManyEvents = 542;
}
