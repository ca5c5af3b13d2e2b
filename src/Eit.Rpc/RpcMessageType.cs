namespace Eit.Rpc;

/// <summary>What a message of calls is (docs/RPC.md, M).</summary>
internal enum RpcMessageType
{
    Unreadable,
    Call,
    Result,
    Error,
    Item,
    Cancel,
    More,
    Event,
    Dispatch,
    Unknown,
}
