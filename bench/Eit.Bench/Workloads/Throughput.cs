using System.Diagnostics;

namespace Eit.Bench;

/// <summary>One-way messages as fast as they go, through the call for one message; the receiving handler counts them all. Also what a message allocates and what processor time it takes at each end.</summary>
internal static class Throughput
{
    internal const string Rate = "messages/s";
    internal const string ClientBytes = "client allocates, B/message";
    internal const string ServerBytes = "server allocates, B/message";
    internal const string BothBytes = "both allocate, B/message";
    internal const string ClientCpu = "client CPU, us/message";
    internal const string ServerCpu = "server CPU, us/message";
    private const int SendsPerLook = 16;                           // At the clock.
    private static readonly TimeSpan s_warmUp = TimeSpan.FromMilliseconds(200);

    /// <summary>Gets how long one run lasts.</summary>
    internal static TimeSpan Time { get; } = TimeSpan.FromMilliseconds(500);

    internal static string Up(int bytes) => $"client to server, {bytes} B";

    internal static string Down(int bytes) => $"server to client, {bytes} B";

    /// <summary>Each stack has a server process of its own: what one keeps in its heap, and teaches its compiler, is nothing to another.</summary>
    internal static async Task RunAsync(int rounds, Report report)
    {
        List<Contestant> contestants = [];
        Stack[] stacks = [Stack.Raw, Stack.Batched, Stack.SignalR, Stack.SignalRStateful, Stack.SignalRStateful32, Stack.EitBytes, Stack.EitText, Stack.EitJson];
        foreach (Stack stack in stacks)
        {
            ServerProcess server = await ServerProcess.StartAsync();
            contestants.Add(new Contestant(stack.Name, await stack.OpenOwnAsync(server), server.Process, server));
        }
        if (await SocketIoServer.TryStartAsync() is { } node) { contestants.Add(new Contestant(Stack.SocketIo(0).Name, await Stack.SocketIo(node.Port).OpenAsync(null!, node.Port), node.Process, Server: null)); }
        foreach (int bytes in (int[])[100, 1024])
        {
            bool isFirst = bytes == 100;
            List<Contestant> these = isFirst ? contestants : contestants.FindAll(static contestant => !contestant.Name.StartsWith(Stack.SignalRStateful.Name, StringComparison.Ordinal));
            await Rounds.RunAsync(these, warmUps: isFirst ? 2 : 1, rounds, async (contestant, counts) =>
            {
                Report kept = counts ? report : new Report();
                await MeasureAsync(contestant, kept, Up(bytes), time => SendAsync(contestant.End, Message.OfSize(Message.Counted, bytes), time));
                await MeasureAsync(contestant, kept, Down(bytes), time => ReceiveAsync(contestant.End, bytes, time));
            });
            report.Print(Up(bytes));
            report.Print(Down(bytes));
        }
        foreach (Contestant contestant in contestants)
        {
            await contestant.End.DisposeAsync();
            await contestant.Process.DisposeAsync();
        }
    }

    /// <summary>Sends for the time, then asks for the count.</summary>
    internal static async Task<long> SendAsync(ClientEnd end, Message message, TimeSpan time)
    {
        long sent = 0;
        var watch = Stopwatch.StartNew();
        do
        {
            for (int i = 0; i < SendsPerLook; i++) { await end.Line.SendAsync(message); }
            sent += SendsPerLook * end.Line.PerSend(message);
        }
        while (watch.Elapsed < time);
        long counted = await end.AskAsync("count");
        return counted == sent ? counted : throw new InvalidOperationException($"{sent} were sent and {counted} handled.");
    }

    private static async Task<long> ReceiveAsync(ClientEnd end, int bytes, TimeSpan time)
    {
        long before = end.Received;
        long sent = await end.AskAsync($"push {time.TotalMilliseconds} {bytes}");
        long counted = end.Received - before;
        return counted == sent ? counted : throw new InvalidOperationException($"{sent} were sent and {counted} handled.");
    }

    private static async Task MeasureAsync(Contestant contestant, Report report, string workload, Func<TimeSpan, Task<long>> run)
    {
        await run(s_warmUp);                                       // What an idle connection has let go it takes again.
        double serverBytes = contestant.Server is { } server ? await server.AllocatedAsync() : double.NaN;
        long clientBytes = GC.GetTotalAllocatedBytes(precise: true);
        (TimeSpan clientCpu, TimeSpan serverCpu) = (Environment.CpuUsage.TotalTime, contestant.Process.ProcessorTime);
        var watch = Stopwatch.StartNew();
        double messages = await run(Time);
        double seconds = watch.Elapsed.TotalSeconds;
        (clientCpu, serverCpu) = (Environment.CpuUsage.TotalTime - clientCpu, contestant.Process.ProcessorTime - serverCpu);
        clientBytes = GC.GetTotalAllocatedBytes(precise: true) - clientBytes;
        serverBytes = contestant.Server is { } same ? await same.AllocatedAsync() - serverBytes : double.NaN;
        report.Add(workload, Rate, contestant.Name, messages / seconds);
        report.Add(workload, ClientBytes, contestant.Name, clientBytes / messages);
        report.Add(workload, ServerBytes, contestant.Name, serverBytes / messages);
        report.Add(workload, BothBytes, contestant.Name, (clientBytes + serverBytes) / messages);
        report.Add(workload, ClientCpu, contestant.Name, clientCpu.TotalMicroseconds / messages);
        report.Add(workload, ServerCpu, contestant.Name, serverCpu.TotalMicroseconds / messages);
    }

    private sealed record Contestant(string Name, ClientEnd End, ChildProcess Process, ServerProcess? Server);
}
