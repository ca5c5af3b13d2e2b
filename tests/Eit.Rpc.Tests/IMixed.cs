using Microsoft.AspNetCore.Authorization;

namespace Eit.Rpc.Tests;

[RpcContract]
internal interface IMixed
{
    [Authorize(Roles = "admin")]
    Task DeleteAsync();

    Task Erase();

    Task List();
}
