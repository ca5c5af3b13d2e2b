namespace Eit.Rpc.Tests;

/// <summary>A class with such an attribute on a method that nobody can call.</summary>
internal sealed class Stray(Happenings<string> ran) : Mixed(ran)
{
    [Admins]
    public Task Helper() => RanAsync("helper");
}
