namespace Eit.Link.Tests;

/// <summary>Measures what a step allocates on this thread.</summary>
internal static class AssertAllocation
{
    private const int Runs = 1_000;

    /// <summary>Fails if a step still allocates after it has been warmed up.</summary>
    public static void None(Func<int> step)
    {
        long sum = Run(step);
        long before = GC.GetAllocatedBytesForCurrentThread();
        sum += Run(step);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.True(allocated == 0, $"{Runs} runs allocated {allocated} bytes (their sum is {sum}).");
    }

    /// <summary>Takes the result of what had no need to wait.</summary>
    public static T ResultOf<T>(ValueTask<T> task) =>
        task.IsCompletedSuccessfully ? task.Result : throw new InvalidOperationException("It waits, or has failed.");

    /// <summary>Takes note of what had no need to wait.</summary>
    public static void IsDone(ValueTask task) => Assert.True(task.IsCompletedSuccessfully);

    private static long Run(Func<int> step)
    {
        long sum = 0;
        for (int run = 0; run < Runs; run++) { sum += step(); }
        return sum;
    }
}
