using Eit.Rpc;

namespace Store.Shared;

/// <summary>What a client can do with its list.</summary>
[RpcContract]
internal interface IListApi
{
    /// <summary>From now on every action comes. What the client has missed after the position comes first; where that is no longer known, an action <c>set</c> comes in its place.</summary>
    Task<RpcJoined> Follow(RpcPosition? after);

    /// <summary>Adds an item or changes it. Doing so twice is doing so once.</summary>
    Task Put(Item item);

    /// <summary>Removes an item, if it is there.</summary>
    Task Remove(Item item);
}
