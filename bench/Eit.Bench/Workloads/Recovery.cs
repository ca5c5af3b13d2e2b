using System.Diagnostics;
using System.Globalization;
using Eit.EndToEnd.Tests;

namespace Eit.Bench;

/// <summary>The longest silence at a client that is sent a message every 2 ms when its connection is reset, when the server refuses it for a second besides, and when the network swallows everything.</summary>
internal static class Recovery
{
    internal const string Silence = "longest silence, ms";
    internal const string Lost = "messages lost";
    internal const string Refused = "reset, refused for 1 s";
    internal const string Silent = "silent for ever";
    private const int EveryMs = 2;
    private const int Bytes = 100;
    private static readonly TimeSpan s_before = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan s_refused = TimeSpan.FromSeconds(1);
    private static readonly (Stack Stack, string FanOut)[] s_persistent = [(Stack.SignalR, "signalr"), (Stack.EitText, "eit-at-once")];   // A stateful reconnect tries once.
    private static readonly (Stack Stack, string FanOut)[] s_stacks = [(Stack.SignalR, "signalr"), (Stack.SignalRStateful, "stateful"), (Stack.EitText, "eit-at-once")];

    internal static string Reset(int roundTripMs) => $"reset, round trip {roundTripMs} ms";

    internal static async Task RunAsync(ServerProcess server, int rounds, Report report)
    {
        foreach (int roundTripMs in (int[])[0, 50])
        {
            using DelayRelay? delay = roundTripMs == 0 ? null : new DelayRelay(server.Port, TimeSpan.FromMilliseconds(roundTripMs));
            int port = delay?.Port ?? server.Port;
            await Rounds.RunAsync(s_stacks, warmUps: roundTripMs == 0 ? 3 : 1, rounds, async (one, counts) => Add(counts ? report : new Report(), Reset(roundTripMs), one.Stack, await ResetAsync(server, one.Stack, one.FanOut, port)));
            for (int round = 0; round <= rounds; round++) { (round > 0 ? report : new Report()).Add(Reset(roundTripMs), Silence, Stack.Raw.Name, await SetUpAsync(server, port)); }
            report.Print(Reset(roundTripMs));
        }
        await Rounds.RunAsync(s_persistent, warmUps: 0, rounds, async (one, _) => Add(report, Refused, one.Stack, await MeasureAsync(server, one.Stack, one.FanOut, server.Port, 3_000, RefuseAsync)));
        report.Print(Refused);
    }

    /// <summary>One round: SignalR gives a silent server up after 30 s.</summary>
    internal static async Task RunSilentAsync(ServerProcess server, Report report)
    {
        foreach ((Stack stack, string fanOut) in s_persistent)
        {
            Add(report, Silent, stack, await MeasureAsync(server, stack, fanOut, server.Port, stack == Stack.EitText ? 8_000 : 36_000, static relay =>
            {
                relay.Blacken();
                return Task.CompletedTask;
            }));
        }
        report.Print(Silent);
    }

    internal static Task<Silence> ResetAsync(ServerProcess server, Stack stack, string fanOut, int port) => MeasureAsync(server, stack, fanOut, port, 1_200, static relay =>
    {
        relay.CutAll();
        return Task.CompletedTask;
    });

    private static void Add(Report report, string workload, Stack stack, Silence silence)
    {
        report.Add(workload, Silence, stack.Name, silence.LongestMs);
        report.Add(workload, Lost, stack.Name, silence.Lost);
        if (silence.Again > 0) { throw new InvalidOperationException($"{stack.Name}: {silence.Again} messages came again or out of order."); }
    }

    private static async Task RefuseAsync(FaultRelay relay)
    {
        relay.Refuses = true;
        relay.CutAll();
        await Task.Delay(s_refused);
        relay.Refuses = false;
    }

    private static async Task<Silence> MeasureAsync(ServerProcess server, Stack stack, string fanOut, int port, int lengthMs, Func<FaultRelay, Task> fault)
    {
        var relay = new FaultRelay(port);
        ClientEnd end = await stack.OpenAsync(server.Address, relay.Port);
        await end.AskAsync("count");
        var silence = new Silence();
        end.Silence = silence;
        Task<string> sending = server.Process.AskAsync(string.Create(CultureInfo.InvariantCulture, $"paced {fanOut} {lengthMs} {EveryMs} {Bytes}"));
        await Task.Delay(s_before);
        await fault(relay);
        await sending;
        await end.DisposeAsync();
        await relay.DisposeAsync();
        return silence;
    }

    /// <summary>What a loss costs at least: a bare WebSocket is opened, and a message comes one way.</summary>
    private static async Task<double> SetUpAsync(ServerProcess server, int port)
    {
        var watch = Stopwatch.StartNew();
        await using ClientEnd end = await Stack.Raw.OpenAsync(server.Address, port);
        double open = watch.Elapsed.TotalMilliseconds;
        await end.AskAsync("count");
        return open + ((watch.Elapsed.TotalMilliseconds - open) / 2);
    }
}
