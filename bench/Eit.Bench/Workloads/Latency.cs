using System.Diagnostics;

namespace Eit.Bench;

/// <summary>One message to the server and back, again and again; each is sent from where the last one was handled.</summary>
internal static class Latency
{
    internal const string Name = "ping-pong, 100 B";
    internal const string Median = "p50, us";
    internal const string Tail = "p99, us";
    private const int Bytes = 100;
    private const int RoundTrips = 4_000;

    internal static async Task RunAsync(ServerProcess server, int rounds, Report report)
    {
        (ChildProcess Process, int Port)? node = await SocketIoServer.TryStartAsync();
        List<(string Name, ClientEnd End)> ends = [];
        foreach (Stack stack in (Stack[])[Stack.Raw, Stack.SignalR, Stack.SignalRStateful32, Stack.EitBytes, Stack.EitText, Stack.EitJson]) { ends.Add((stack.Name, await stack.OpenOwnAsync(server))); }
        if (node is { } found) { ends.Add((Stack.SocketIo(0).Name, await Stack.SocketIo(found.Port).OpenOwnAsync(server))); }
        await Rounds.RunAsync(ends, warmUps: 2, rounds, async (stack, counts) =>
        {
            long[] times = await stack.End.PingPongAsync(RoundTrips, Bytes);
            Array.Sort(times);
            if (!counts) { return; }
            report.Add(Name, Median, stack.Name, Microseconds(times[times.Length / 2]));
            report.Add(Name, Tail, stack.Name, Microseconds(times[times.Length * 99 / 100]));
        });
        foreach ((_, ClientEnd end) in ends) { await end.DisposeAsync(); }
        if (node is { } started) { await started.Process.DisposeAsync(); }
        report.Print(Name);
    }

    private static double Microseconds(long ticks) => ticks * 1e6 / Stopwatch.Frequency;
}
