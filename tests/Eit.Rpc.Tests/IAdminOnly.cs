using Microsoft.AspNetCore.Authorization;

namespace Eit.Rpc.Tests;

[RpcContract]
internal interface IAdminOnly
{
    Task Wipe();

    [AllowAnonymous]
    Task Open();
}
