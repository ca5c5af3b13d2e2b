using System.Collections.Concurrent;
using Eit.Rpc;
using Eit.Server.Channels;
using Store.Shared;

namespace Store.Server;

/// <summary>The lists. Whatever happens to one happens in the turn of its path, so no lock is held while anything is sent.</summary>
internal sealed class Lists(RpcSessions sessions, EitChannels channels)
{
    internal const int ItemsMax = 1_000;
    private const int ListsMax = 100;
    private const int TextCharsMax = 200;

    private readonly ConcurrentDictionary<string, ListState> _lists = new();

    /// <summary>Whether a client may use a list: the path has one, or there is room for one more.</summary>
    internal bool Has(string path) => _lists.ContainsKey(path) || _lists.Count < ListsMax;

    internal async Task<RpcJoined> JoinAsync(string path, RpcSession session, RpcPosition? after)
    {
        RpcJoined joined = null!;
        await channels.RunAsync(path, () =>
        {
            joined = sessions.Group(path).Join(session, after);
            if (joined.Outcome == RpcJoinOutcome.MustReload) { session.Dispatch(new ListAction("set", Items: Of(path).Items), joined.Position); }
            return default;
        });
        return joined;
    }

    internal Task DoAsync(string path, ListAction action) => channels.RunAsync(path, () =>
    {
        if (action.Item is not { Id: { Length: > 0 and <= 40 }, Text: { Length: > 0 and <= TextCharsMax } }) { throw new RpcException($"An item has an id and a text of up to {TextCharsMax} characters."); }
        ListState next = Of(path).After(action);
        if (next.Items.Count > ItemsMax) { throw new RpcException($"A list has up to {ItemsMax} items."); }
        _lists[path] = next;
        sessions.Group(path).Dispatch(action);
        return default;
    });

    private ListState Of(string path) => _lists.GetValueOrDefault(path, ListState.Empty);
}
