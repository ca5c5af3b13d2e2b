namespace Eit.Rpc;

/// <summary>The ids of the log events of this assembly; none is ever used again for something else.</summary>
internal static class RpcServerEventIds
{
    internal const int SessionNotMade = 520;
    internal const int CallRefused = 521;
    internal const int SessionRefused = 522;
}
