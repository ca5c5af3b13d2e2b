using System.Diagnostics;
using System.Globalization;
using Eit.Connection;
using Eit.EndToEnd.Tests;

namespace Eit.Bench;

/// <summary>The longest silence at a client that is sent a message a millisecond, steady and around planned cycles; and what cycles do to a client that is sent as much as it takes.</summary>
internal static class HandOver
{
    internal const string Steady = "longest silence without a cycle, ms";
    internal const string Longest = "longest silence with 3 cycles, ms";
    internal const string OfSteady = "longest silence with cycles, of that without";
    internal const string Wrong = "lost, twice or out of order; IsConnected turned false";
    internal const string Load = "hand-over under full load, 100 B";
    internal const string WorstWindow = "worst 100 ms with cycles, of the steady median";
    private const string SteadyWindow = "worst 100 ms without, of the steady median";
    private const int StreamMs = 2_000;
    private const int LoadMs = 4_000;
    private const int Cycles = 3;
    private static readonly TimeSpan s_between = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan s_window = TimeSpan.FromMilliseconds(100);

    internal static string Name(int roundTripMs) => $"hand-over, a message a millisecond, round trip {roundTripMs} ms";

    internal static async Task RunAsync(ServerProcess server, int rounds, Report report)
    {
        foreach (int roundTripMs in (int[])[0, 50])
        {
            using DelayRelay? relay = roundTripMs == 0 ? null : new DelayRelay(server.Port, TimeSpan.FromMilliseconds(roundTripMs));
            for (int round = 0; round <= rounds; round++)
            {
                await MeasureAsync(server, relay?.Port ?? server.Port, Name(roundTripMs), round > 0 ? report : new Report());
            }
            report.Print(Name(roundTripMs));
        }
        for (int round = 0; round <= rounds; round++) { await LoadAsync(server, round > 0 ? report : new Report()); }
        report.Print(Load);
    }

    private static async Task MeasureAsync(ServerProcess server, int port, string name, Report report)
    {
        (double steady, long steadyWrong) = await StreamAsync(server, port, cycles: 0);
        (double cycled, long cycledWrong) = await StreamAsync(server, port, Cycles);
        report.Add(name, Steady, Stack.EitText.Name, steady);
        report.Add(name, Longest, Stack.EitText.Name, cycled);
        report.Add(name, OfSteady, Stack.EitText.Name, cycled / steady);
        report.Add(name, Wrong, Stack.EitText.Name, steadyWrong + cycledWrong);
        Silence reset = await Recovery.ResetAsync(server, Stack.SignalRStateful, "stateful", port);
        report.Add(name, Longest, Stack.SignalRStateful.Name, reset.LongestMs);
    }

    private static async Task<(double Longest, long Wrong)> StreamAsync(ServerProcess server, int port, int cycles)
    {
        await using ClientEnd end = await Stack.EitText.OpenAsync(server.Address, port);
        EitConnection connection = ((EitClientLine)end.Line).Connection;
        int falls = 0;
        connection.StateChanged += (_, change) => falls += change.Previous == EitConnectionState.Connected && change.Current != EitConnectionState.Closed ? 1 : 0;
        await end.AskAsync("count");
        var silence = new Silence();
        end.Silence = silence;
        Task<long> done = end.AnswerAsync();
        Task<string> sending = server.Process.AskAsync(string.Create(CultureInfo.InvariantCulture, $"paced eit-text {StreamMs} 1 20"));
        for (int i = 0; i < cycles; i++)
        {
            await Task.Delay(s_between);
            await connection.CycleAsync();
        }
        await sending;
        long sent = await done;
        return (silence.LongestMs, silence.Lost + silence.Again + Math.Abs(sent - end.Received) + falls);
    }

    /// <summary>The first half of the time steady, the second with cycles.</summary>
    private static async Task LoadAsync(ServerProcess server, Report report)
    {
        await using ClientEnd end = await Stack.EitBytes.OpenOwnAsync(server);
        Task<long> done = end.AskAsync(string.Create(CultureInfo.InvariantCulture, $"push {LoadMs} 100"));
        await Task.Delay(s_between);
        var watch = Stopwatch.StartNew();
        List<double> steady = await WindowsAsync(end, watch, TimeSpan.FromMilliseconds(LoadMs / 2));
        Task cycling = CycleAsync(((EitClientLine)end.Line).Connection);
        List<double> cycled = await WindowsAsync(end, watch, TimeSpan.FromMilliseconds(LoadMs) - (2 * s_between));
        await cycling;
        await done;
        double median = new Spread(steady).Median;
        report.Add(Load, SteadyWindow, Stack.EitBytes.Name, steady.Min() / median);
        report.Add(Load, WorstWindow, Stack.EitBytes.Name, cycled.Min() / median);
    }

    private static async Task<List<double>> WindowsAsync(ClientEnd end, Stopwatch watch, TimeSpan until)
    {
        List<double> rates = [];
        (long came, TimeSpan at) = (end.Received, watch.Elapsed);
        while (at < until)
        {
            await Task.Delay(s_window);
            (long came2, TimeSpan at2) = (end.Received, watch.Elapsed);
            rates.Add((came2 - came) / (at2 - at).TotalSeconds);
            (came, at) = (came2, at2);
        }
        return rates;
    }

    private static async Task CycleAsync(EitConnection connection)
    {
        for (int i = 0; i < Cycles; i++)
        {
            await connection.CycleAsync();
            await Task.Delay(s_between);
        }
    }
}
