using Eit.Rpc;
using Store.Shared;

namespace Store.Server;

/// <summary>What one client can do.</summary>
internal sealed class ListApi(Lists lists, string path, RpcSession session) : IListApi
{
    public Task<RpcJoined> Follow(RpcPosition? after) => lists.JoinAsync(path, session, after);

    public Task Put(Item item) => lists.DoAsync(path, new ListAction("put", item));

    public Task Remove(Item item) => lists.DoAsync(path, new ListAction("remove", item));
}
