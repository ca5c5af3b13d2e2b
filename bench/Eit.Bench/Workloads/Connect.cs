using System.Diagnostics;

namespace Eit.Bench;

/// <summary>Connections to the first message: many at once, and one at a time.</summary>
internal static class Connect
{
    internal const string Name = "connect to the first message";
    internal const string Rate = "connections/s, 32 at once";
    internal const string Alone = "one at a time, p50 ms";
    private const int AtOnce = 32;
    private const int Many = 128;
    private const int OneByOne = 20;

    internal static async Task RunAsync(ServerProcess server, int rounds, Report report)
    {
        await Rounds.RunAsync([Stack.Raw, Stack.SignalR, Stack.SignalRSkipping, Stack.EitBytes], warmUps: 1, rounds, async (stack, counts) =>
        {
            double rate = await ManyAsync(stack, server);
            double alone = await OneByOneAsync(stack, server);
            if (!counts) { return; }
            report.Add(Name, Rate, stack.Name, rate);
            report.Add(Name, Alone, stack.Name, alone);
        });
        report.Print(Name);
    }

    /// <summary>Opens connections, so many at once.</summary>
    internal static async Task<ClientEnd[]> OpenAsync(Stack stack, ServerProcess server, int count)
    {
        var ends = new ClientEnd[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (i, _) => ends[i] = await OpenAsync(stack, server));
        return ends;
    }

    internal static async Task CloseAsync(IEnumerable<ClientEnd> ends) =>
        await Parallel.ForEachAsync(ends, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, static (end, _) => end.DisposeAsync());

    private static async Task<double> ManyAsync(Stack stack, ServerProcess server)
    {
        var watch = Stopwatch.StartNew();
        ClientEnd[] ends = await OpenAsync(stack, server, Many);
        double seconds = watch.Elapsed.TotalSeconds;
        await CloseAsync(ends);
        return Many / seconds;
    }

    private static async Task<double> OneByOneAsync(Stack stack, ServerProcess server)
    {
        double[] times = new double[OneByOne];
        for (int i = 0; i < OneByOne; i++)
        {
            var watch = Stopwatch.StartNew();
            ClientEnd end = await OpenAsync(stack, server);
            times[i] = watch.Elapsed.TotalMilliseconds;
            await end.DisposeAsync();
        }
        Array.Sort(times);
        return times[OneByOne / 2];
    }

    private static async Task<ClientEnd> OpenAsync(Stack stack, ServerProcess server)
    {
        ClientEnd end = await stack.OpenOwnAsync(server);
        await end.AskAsync("count");
        return end;
    }
}
