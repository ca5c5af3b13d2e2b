namespace Eit.Server.Tests.Channels;

internal static class Waits
{
    internal static Task Soon(this Task task) => task.WaitAsync(TimeSpan.FromSeconds(30));

    internal static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(TimeSpan.FromSeconds(30));

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
        long beganAt = TimeProvider.System.GetTimestamp();
        while (!isSo())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(beganAt) < TimeSpan.FromSeconds(30), "It has not happened.");
            await Task.Yield();
        }
    }
}
