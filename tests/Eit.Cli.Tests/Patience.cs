namespace Eit.Cli.Tests;

/// <summary>Waits that end with a failure where they would not end at all.</summary>
internal static class Patience
{
    /// <summary>So long that also a busy machine has done it by then: it says nothing about how fast anything is.</summary>
    internal static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    internal static Task Soon(this Task task) => task.WaitAsync(Limit);

    internal static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(Limit);
}
