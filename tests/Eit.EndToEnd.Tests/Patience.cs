namespace Eit.EndToEnd.Tests;

/// <summary>Waits for what has to happen, and fails when it does not.</summary>
internal static class Patience
{
    internal static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);

    internal static Task Soon(this Task task) => task.WaitAsync(Guard);

    internal static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(Guard);

    internal static Task Soon(this ValueTask task) => task.AsTask().WaitAsync(Guard);

    internal static Task<T> Soon<T>(this ValueTask<T> task) => task.AsTask().WaitAsync(Guard);

    internal static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal static TaskCompletionSource<T> NewSource<T>() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
