using Eit.Rpc;

namespace Eit.Samples.Rpc;

/// <summary>What a client can call.</summary>
[RpcContract]
internal interface IServerApi
{
    Task<string> Clap(int hands);

    Task CreateRecord(string schema, Record record);

    IAsyncEnumerable<Record> Records(string schema);
}
