namespace Eit.Faults.Tests;

/// <summary>Waits that end with a failure where they would not end at all.</summary>
internal static class Patience
{
    /// <summary>Longer than any bound, so that a scenario that misses its bound says by how much.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    internal static Task Soon(this Task task) => task.WaitAsync(s_limit);

    internal static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(s_limit);

    /// <summary>Lets time pass: how long a fault lasts is a part of it.</summary>
    internal static async Task LastAsync(TimeSpan time)
    {
        if (time == TimeSpan.Zero) { return; }
        using var timer = new PeriodicTimer(time);
        await timer.WaitForNextTickAsync();
    }

    /// <summary>Looks again and again until something is so.</summary>
    internal static async Task UntilAsync(Func<bool> isSo)
    {
        using var limit = new CancellationTokenSource(s_limit);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!isSo()) { await timer.WaitForNextTickAsync(limit.Token); }
    }
}
