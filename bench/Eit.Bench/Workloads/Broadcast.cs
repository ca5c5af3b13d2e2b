using System.Diagnostics;
using System.Globalization;
using Eit.EndToEnd.Tests;

namespace Eit.Bench;

/// <summary>One message to a thousand clients: as fast as it goes, at a steady pace, and with one client whose network has died.</summary>
internal static class Broadcast
{
    internal const string Name = "broadcast 100 B to 1,000";
    internal const string Rate = "deliveries/s, flat out";
    internal const string FlatCpu = "server CPU flat out, us/delivery";
    internal const string PacedCpu = "server CPU at 20/s, us/delivery";
    internal const string BlackHole = "broadcast 8 KiB every 10 ms to 21, one of them a black hole";
    internal const string Silence = "longest silence at the others, ms";
    private const int Receivers = 1_000;
    private const int Bytes = 100;
    private const int Others = 20;
    private const int FlatMs = 700;
    private const int PacedMs = 1_500;
    private const int BlackMs = 13_000;                            // SignalR gives a send up after 10 s.
    private const int BlackOursMs = 4_000;
    private static readonly TimeSpan s_beforeHole = TimeSpan.FromSeconds(1);

    internal static async Task RunAsync(ServerProcess server, int rounds, Report report)
    {
        Group[] groups = [await OpenAsync(server, Stack.Raw, "raw"), await OpenAsync(server, Stack.SignalRSkipping, "signalr", Stack.SignalR.Name), await OpenAsync(server, Stack.EitBytes, "eit")];
        Group[] all = [.. groups, groups[^1] with { Name = Stack.EitText.Name, FanOut = "eit-text" }];
        await Rounds.RunAsync(all, warmUps: 1, rounds, (group, counts) => MeasureAsync(server, group, counts ? report : new Report()));
        foreach (Group group in groups) { await Connect.CloseAsync(group.Ends); }
        report.Print(Name);
    }

    /// <summary>One round: it takes as long as SignalR holds everybody up.</summary>
    internal static async Task RunBlackHoleAsync(ServerProcess server, Report report)
    {
        foreach ((Stack stack, string fanOut) in ((Stack, string)[])[(Stack.SignalR, "signalr"), (Stack.SignalRStateful, "stateful"), (Stack.EitText, "eit-at-once")])
        {
            report.Add(BlackHole, Silence, stack.Name, await MeasureBlackHoleAsync(server, stack, fanOut));
        }
        report.Print(BlackHole);
    }

    private static async Task<Group> OpenAsync(ServerProcess server, Stack stack, string fanOut, string? name = null) => new(name ?? stack.Name, fanOut, await Connect.OpenAsync(stack, server, Receivers));

    private static async Task MeasureAsync(ServerProcess server, Group group, Report report)
    {
        (double flat, double seconds, double cpu) = await SendAsync(server, group, string.Create(CultureInfo.InvariantCulture, $"flat {group.FanOut} {FlatMs} {Bytes}"));
        report.Add(Name, Rate, group.Name, flat / seconds);
        report.Add(Name, FlatCpu, group.Name, cpu / flat);
        (double paced, _, double pacedCpu) = await SendAsync(server, group, string.Create(CultureInfo.InvariantCulture, $"paced {group.FanOut} {PacedMs} 50 {Bytes}"));
        report.Add(Name, PacedCpu, group.Name, pacedCpu / paced);
    }

    private static async Task<(double Deliveries, double Seconds, double ServerCpu)> SendAsync(ServerProcess server, Group group, string command)
    {
        long before = group.Ends.Sum(static end => end.Received);
        Task<long>[] answers = [.. group.Ends.Select(static end => end.AnswerAsync())];
        TimeSpan cpu = server.Process.ProcessorTime;
        var watch = Stopwatch.StartNew();
        long sent = long.Parse(await server.Process.AskAsync(command), CultureInfo.InvariantCulture);
        await Task.WhenAll(answers);
        double seconds = watch.Elapsed.TotalSeconds;
        cpu = server.Process.ProcessorTime - cpu;
        long came = group.Ends.Sum(static end => end.Received) - before;
        return came == sent * Receivers ? (came, seconds, cpu.TotalMicroseconds) : throw new InvalidOperationException($"{sent} were sent to {Receivers}, and {came} came.");
    }

    private static async Task<double> MeasureBlackHoleAsync(ServerProcess server, Stack stack, string fanOut)
    {
        ClientEnd[] ends = await Connect.OpenAsync(stack, server, Others);
        var relay = new FaultRelay(server.Port);
        ClientEnd dark = await stack.OpenAsync(server.Address, relay.Port);
        await dark.AskAsync("count");
        Task<string> sending = server.Process.AskAsync(string.Create(CultureInfo.InvariantCulture, $"paced {fanOut} {(stack == Stack.EitText ? BlackOursMs : BlackMs)} 10 8192"));
        await Task.Delay(s_beforeHole);
        foreach (ClientEnd end in ends) { end.Silence = new Silence(); }
        relay.Freeze();
        await sending;
        double longest = ends.Max(static end => end.Silence!.LongestMs);
        await relay.DisposeAsync();
        await dark.DisposeAsync();
        await Connect.CloseAsync(ends);
        return longest;
    }

    private sealed record Group(string Name, string FanOut, ClientEnd[] Ends);
}
