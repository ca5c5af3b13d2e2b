namespace Eit.Rpc.Tests;

internal static class Waits
{
    /// <summary>Looks again and again until something is so that nobody tells.</summary>
    internal static async Task UntilAsync(Func<bool> isSo)
    {
        using var limit = new CancellationTokenSource(Patience.Guard);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        while (!isSo()) { await timer.WaitForNextTickAsync(limit.Token); }
    }
}
