namespace Eit.Server.Tests.Channels;

internal static class Waits
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);

    internal static Task Soon(this Task task) => task.WaitAsync(s_limit);

    internal static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(s_limit);

    internal static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What a handler waits for that fetches something: real time passes.</summary>
    internal static async ValueTask FetchAsync(TimeSpan time)
    {
        TaskCompletionSource fetched = NewSource();
        using ITimer timer = TimeProvider.System.CreateTimer(_ => fetched.TrySetResult(), state: null, time, Timeout.InfiniteTimeSpan);
        await fetched.Task;
    }

    /// <summary>Waits until something is so that only happens on other threads.</summary>
    internal static async Task UntilAsync(Func<bool> isSo)
    {
        using var limit = new CancellationTokenSource(s_limit);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        while (!isSo()) { await timer.WaitForNextTickAsync(limit.Token); }
    }
}
