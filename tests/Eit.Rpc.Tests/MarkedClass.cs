using Microsoft.AspNetCore.Authorization;

namespace Eit.Rpc.Tests;

[Authorize(Roles = "admin")]
internal sealed class MarkedClass(Happenings<string> ran)
{
    [RpcMethod]
    public void Format() => ran.Add("format");

    [RpcMethod, AllowAnonymous]
    public void Free() => ran.Add("free");
}
