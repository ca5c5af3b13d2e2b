namespace Eit.Cli.Tests;

/// <summary>Waits that end with a failure where they would not end at all.</summary>
internal static class Patience
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    internal static Task Soon(this Task task) => task.WaitAsync(s_limit);

    internal static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(s_limit);
}
