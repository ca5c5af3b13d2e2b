using Microsoft.AspNetCore.Authorization;

namespace Eit.Rpc.Tests;

internal class Mixed(Happenings<string> ran) : IMixed
{
    public Task DeleteAsync() => RanAsync("delete");

    [Authorize(Roles = "admin")]
    public virtual Task Erase() => RanAsync("erase");

    public Task List() => RanAsync("list");

    protected Task RanAsync(string what)
    {
        ran.Add(what);
        return Task.CompletedTask;
    }
}
