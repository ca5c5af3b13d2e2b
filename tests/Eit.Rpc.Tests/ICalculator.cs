namespace Eit.Rpc.Tests;

[RpcContract]
internal interface ICalculator
{
    Task<int> AddAsync(int one, int two, int three = 0);

    ValueTask<string> Echo(string text);

    ValueTask Nothing();

    Task WaitAsync(CancellationToken cancellationToken);

    [RpcMethod("numbers")]
    IAsyncEnumerable<int> CountAsync(int to, CancellationToken cancellationToken);
}
