using System.Collections.Concurrent;
using Eit.Rpc;

namespace Eit.Samples.Rpc;

/// <summary>The api of one session.</summary>
internal sealed class ServerApi(RpcSessions sessions, ConcurrentQueue<(string Schema, Record Record)> store) : IServerApi
{
    /// <summary>Gives a value at once, or later, or an error: its message is told to the caller.</summary>
    public async Task<string> Clap(int hands)
    {
        if (hands == 0) { throw new RpcException("Cannot clap without any hands"); }
        if (hands <= 2) { return $"Clap Clap Clap with {hands}"; }
        await Task.Delay(500);
        return hands > 10 ? throw new RpcException("What kind of a monster are you?") : "its difficult to clap with so many hands";
    }

    /// <summary>Dispatches an action at all clients.</summary>
    public Task CreateRecord(string schema, Record record)
    {
        store.Enqueue((schema, record));
        sessions.Dispatch(new StoreAction("schema.insert", schema, record));
        return Task.CompletedTask;
    }

    /// <summary>Streams what is stored, as fast as the client reads.</summary>
    public async IAsyncEnumerable<Record> Records(string schema)
    {
        foreach ((string _, Record record) in store.Where(entry => entry.Schema == schema))
        {
            await Task.Yield();
            yield return record;
        }
    }
}
