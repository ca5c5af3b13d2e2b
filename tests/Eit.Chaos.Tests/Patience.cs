namespace Eit.Chaos.Tests;

/// <summary>Waits that end with a failure where they would not end at all.</summary>
internal static class Patience
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);

    internal static Task Soon(this Task task) => task.WaitAsync(s_limit);

    internal static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(s_limit);

    internal static Task Soon(this ValueTask task) => task.AsTask().WaitAsync(s_limit);

    internal static Task<T> Soon<T>(this ValueTask<T> task) => task.AsTask().WaitAsync(s_limit);

    /// <summary>Looks again and again until something is so.</summary>
    internal static async Task UntilAsync(Func<bool> isSo)
    {
        using var limit = new CancellationTokenSource(s_limit);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        while (!isSo()) { await timer.WaitForNextTickAsync(limit.Token); }
    }
}
