namespace Eit.EndToEnd.Tests;

/// <summary>Waits for what has to happen, and fails when it does not.</summary>
internal static class Patience
{
    /// <summary>It only catches what hangs: it decides nothing, on the slowest machine neither.</summary>
    internal static readonly TimeSpan Guard = TimeSpan.FromMinutes(5);

    internal static Task Soon(this Task task) => task.WaitAsync(Guard);

    internal static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(Guard);

    internal static Task Soon(this ValueTask task) => task.AsTask().WaitAsync(Guard);

    internal static Task<T> Soon<T>(this ValueTask<T> task) => task.AsTask().WaitAsync(Guard);

    /// <summary>Waits until something is so that tells nobody when it becomes so.</summary>
    internal static async Task UntilAsync(Func<bool> isSo)
    {
        using var looks = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        long beganAt = TimeProvider.System.GetTimestamp();
        while (!isSo())
        {
            if (TimeProvider.System.GetElapsedTime(beganAt) > Guard) { throw new TimeoutException("It has not happened."); }
            await looks.WaitForNextTickAsync();
        }
    }

    internal static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal static TaskCompletionSource<T> NewSource<T>() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
