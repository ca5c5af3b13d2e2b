using System.Diagnostics;
using System.Globalization;

namespace Eit.Bench;

/// <summary>What an idle connection holds and uses, at each end, server and clients in fresh processes; and what thousands of them do to a busy one.</summary>
internal static class Memory
{
    internal const string ServerHeap = "server heap, B/connection";
    internal const string ServerResident = "server RSS, KiB/connection";
    internal const string ClientHeap = "client heap, B/connection";
    internal const string ClientResident = "client RSS, KiB/connection";
    internal const string Scale = "cost with scale";
    internal const string IdleCpu = "server CPU of an idle connection, at 5,000 of that at 1,000";
    internal const string BusyAmongIdle = "rate of a busy session among 5,000 idle ones, of its rate alone";
    private const int WarmUp = 100;
    private static readonly int[] s_counts = [1_000, 5_000];
    private static readonly TimeSpan s_settling = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_idling = TimeSpan.FromSeconds(5);

    internal static string Name(int connections) => string.Create(CultureInfo.InvariantCulture, $"idle, {connections:N0} connections");

    internal static async Task RunAsync(int rounds, Report report)
    {
        // SignalR without negotiation: that leaves an HTTP connection behind.
        await Rounds.RunAsync([(Stack.Raw, Stack.Raw.Name), (Stack.SignalRSkipping, Stack.SignalR.Name), (Stack.EitBytes, Stack.EitBytes.Name)], warmUps: 0, rounds, (one, _) => MeasureAsync(one.Item1, one.Item2, report));
        foreach (int count in s_counts) { report.Print(Name(count)); }
        report.Print(Scale);
    }

    private static async Task MeasureAsync(Stack stack, string name, Report report)
    {
        await using ServerProcess server = await ServerProcess.StartAsync();
        await using ChildProcess clients = await ChildProcess.StartAsync(hasServerGc: false, firstLine: null, "clients", stack.Name, server.Port.ToString(CultureInfo.InvariantCulture), server.CertificateSha256);
        bool isOurs = stack == Stack.EitBytes;
        await using ClientEnd? busy = isOurs ? await stack.OpenOwnAsync(server) : null;
        double alone = busy is null ? 0 : await BusyAsync(busy);
        await clients.AskAsync($"open {WarmUp}");
        ((long Heap, long Resident) serverBefore, (long Heap, long Resident) clientBefore) = (await AskAsync(server.Process), await AskAsync(clients));
        List<double> cpu = [];
        foreach (int count in s_counts)
        {
            await clients.AskAsync($"open {WarmUp + count}");
            await Task.Delay(s_settling);
            (long Heap, long Resident) atServer = await AskAsync(server.Process);
            (long Heap, long Resident) atClients = await AskAsync(clients);
            report.Add(Name(count), ServerHeap, name, (atServer.Heap - serverBefore.Heap) / (double)count);
            report.Add(Name(count), ServerResident, name, (atServer.Resident - serverBefore.Resident) / 1024.0 / count);
            report.Add(Name(count), ClientHeap, name, (atClients.Heap - clientBefore.Heap) / (double)count);
            report.Add(Name(count), ClientResident, name, (atClients.Resident - clientBefore.Resident) / 1024.0 / count);
            if (isOurs) { cpu.Add(await IdleAsync(server.Process) / (WarmUp + count)); }
        }
        if (busy is null) { return; }
        report.Add(Scale, IdleCpu, name, cpu[^1] / cpu[0]);
        report.Add(Scale, BusyAmongIdle, name, await BusyAsync(busy) / alone);
    }

    private static async Task<(long Heap, long Resident)> AskAsync(ChildProcess process)
    {
        string[] words = (await process.AskAsync("memory")).Split(' ');
        return (long.Parse(words[0], CultureInfo.InvariantCulture), long.Parse(words[1], CultureInfo.InvariantCulture));
    }

    private static async Task<double> IdleAsync(ChildProcess process)
    {
        TimeSpan before = process.ProcessorTime;
        await Task.Delay(s_idling);
        return (process.ProcessorTime - before).TotalMicroseconds;
    }

    /// <summary>The median rate of some runs; the first ones warm up.</summary>
    private static async Task<double> BusyAsync(ClientEnd end)
    {
        List<double> rates = [];
        for (int i = 0; i < 7; i++)
        {
            var watch = Stopwatch.StartNew();
            double messages = await Throughput.SendAsync(end, Message.OfSize(Message.Counted, 100), Throughput.Time);
            if (i >= 4) { rates.Add(messages / watch.Elapsed.TotalSeconds); }
        }
        return new Spread(rates).Median;
    }
}
