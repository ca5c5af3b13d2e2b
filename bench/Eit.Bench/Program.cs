using System.Diagnostics;
using System.Globalization;

namespace Eit.Bench;

/// <summary>The command.</summary>
internal static class Program
{
    private const int RoundsNearOne = 3;                           // Times as many rounds, where the goals are near 1.

    private static async Task<int> Main(string[] arguments)
    {
        switch (arguments)
        {
            case ["server", { } port]:
                return await BenchServer.RunAsync(Number(port));
            case ["clients", { } stack, { } port, { } pin]:
                return await IdleClients.RunAsync(stack, Number(port), pin);
            case ["flow"] or ["flow", "handler" or "text" or "binary" or "stalls" or "holes"]:
                await FlowRuns.RunAsync(arguments.ElementAtOrDefault(1));
                return 0;
            case ["idle"]:
                await IdleConnections.RunAsync();
                return 0;
            case ["all" or "latency" or "throughput" or "memory" or "connect" or "broadcast" or "handover" or "recovery" or "storm" or "calls" or "codec" or "core", ..] when TryReadOptions(arguments.AsSpan(1), out int rounds, out string? file):
                await MeasureAsync(arguments[0], rounds, file);
                return 0;
            default:
                Console.Error.WriteLine("usage: Eit.Bench all|latency|throughput|memory|connect|broadcast|handover|recovery|storm|calls|codec|core [--rounds N] [--json FILE] | flow [handler|text|binary|stalls|holes] | idle");
                return 2;
        }
    }

    private static async Task MeasureAsync(string what, int rounds, string? file)
    {
        var watch = Stopwatch.StartNew();
        var report = new Report();
        bool isAll = what is "all";
        if (what is "codec") { CodecPath.Run(rounds); }
        if (what is "core") { CorePath.Run(rounds); }
        if (isAll || what is "throughput") { await Throughput.RunAsync(rounds, report); }
        if (isAll || what is "latency") { await ServeAsync(server => Latency.RunAsync(server, isAll ? rounds * RoundsNearOne : rounds, report)); }
        if (isAll || what is "memory") { await Memory.RunAsync(isAll ? 1 : rounds, report); }
        if (isAll || what is "connect") { await ServeAsync(server => Connect.RunAsync(server, isAll ? rounds * RoundsNearOne : rounds, report)); }
        if (isAll || what is "broadcast")
        {
            await ServeAsync(server => Broadcast.RunAsync(server, rounds, report));
            await ServeAsync(server => Broadcast.RunBlackHoleAsync(server, report));
        }
        if (isAll || what is "handover") { await ServeAsync(server => HandOver.RunAsync(server, rounds, report)); }
        if (isAll || what is "recovery")
        {
            await ServeAsync(server => Recovery.RunAsync(server, rounds, report));
            await ServeAsync(server => Recovery.RunSilentAsync(server, report));
        }
        if (isAll || what is "storm") { await Storm.RunAsync(isAll ? 1 : rounds, report); }
        if (isAll || what is "calls") { await ServeAsync(server => Calls.RunAsync(server, rounds, report)); }
        report.PrintGoals();
        if (file is not null) { report.Write(file); }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{watch.Elapsed.TotalSeconds:N0} s"));
    }

    private static async Task ServeAsync(Func<ServerProcess, Task> run)
    {
        await using ServerProcess server = await ServerProcess.StartAsync();
        await run(server);
    }

    private static bool TryReadOptions(ReadOnlySpan<string> options, out int rounds, out string? file)
    {
        (rounds, file) = (5, null);
        for (; options is [{ } name, { } value, ..]; options = options[2..])
        {
            if (name is "--json") { file = value; }
            else if (name is not "--rounds" || !int.TryParse(value, CultureInfo.InvariantCulture, out rounds) || rounds < 1) { return false; }
        }
        return options.IsEmpty;
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
