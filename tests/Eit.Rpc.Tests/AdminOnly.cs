using Microsoft.AspNetCore.Authorization;

namespace Eit.Rpc.Tests;

[Authorize(Roles = "admin")]
internal sealed class AdminOnly(Happenings<string> ran) : IAdminOnly
{
    Task IAdminOnly.Wipe() => RanAsync("wipe");

    public Task Open() => RanAsync("open");

    private Task RanAsync(string what)
    {
        ran.Add(what);
        return Task.CompletedTask;
    }
}
