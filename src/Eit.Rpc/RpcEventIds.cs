namespace Eit.Rpc;

/// <summary>The ids of the log events of this assembly; none is ever used again for something else.</summary>
internal static class RpcEventIds
{
    internal const int MethodThrew = 500;
    internal const int HandlerThrew = 501;
    internal const int MessageUnreadable = 502;
    internal const int MethodHangs = 503;
    internal const int MessageUnknown = 504;
}
