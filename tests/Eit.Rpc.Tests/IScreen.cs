namespace Eit.Rpc.Tests;

[RpcContract]
internal interface IScreen
{
    Task Show(string color, Record record);
}
