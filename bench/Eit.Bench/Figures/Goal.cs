namespace Eit.Bench;

/// <summary>What we want to reach: a metric of ours, alone or against a peer's, at most or at least so much.</summary>
internal sealed record Goal(string Workload, string Metric, string Stack, string? Against, bool AtMost, double Bound)
{
    private const int RoundsForInterval = 15;

    internal static Goal[] All { get; } =
    [
        Most(Latency.Name, Latency.Median, Bench.Stack.EitBytes, Bench.Stack.Raw, 1.10),
        Most(Latency.Name, Latency.Tail, Bench.Stack.EitBytes, Bench.Stack.Raw, 1.20),
        Most(Latency.Name, Latency.Median, Bench.Stack.EitBytes, Bench.Stack.SignalR, 0.70),
        Most(Latency.Name, Latency.Tail, Bench.Stack.EitBytes, Bench.Stack.SignalR, 0.80),
        Least(Throughput.Up(100), Throughput.Rate, Bench.Stack.EitBytes, Bench.Stack.Raw, 20),
        Least(Throughput.Up(100), Throughput.Rate, Bench.Stack.EitBytes, Bench.Stack.Batched, 0.55),
        Least(Throughput.Up(100), Throughput.Rate, Bench.Stack.EitBytes, Bench.Stack.SignalR, 6),
        Least(Throughput.Up(100), Throughput.Rate, Bench.Stack.EitJson, Bench.Stack.SignalR, 2),
        Least(Throughput.Down(100), Throughput.Rate, Bench.Stack.EitBytes, Bench.Stack.Raw, 7),
        Least(Throughput.Down(100), Throughput.Rate, Bench.Stack.EitBytes, Bench.Stack.Batched, 0.55),
        Least(Throughput.Down(100), Throughput.Rate, Bench.Stack.EitBytes, Bench.Stack.SignalR, 3.5),
        Least(Throughput.Down(100), Throughput.Rate, Bench.Stack.EitJson, Bench.Stack.SignalR, 1.5),
        Least(Throughput.Up(1024), Throughput.Rate, Bench.Stack.EitBytes, Bench.Stack.Raw, 3),
        Least(Throughput.Up(1024), Throughput.Rate, Bench.Stack.EitBytes, Bench.Stack.SignalR, 4),
        Least(Throughput.Down(1024), Throughput.Rate, Bench.Stack.EitBytes, Bench.Stack.Raw, 1.4),
        Least(Throughput.Down(1024), Throughput.Rate, Bench.Stack.EitBytes, Bench.Stack.SignalR, 2.2),
        Least(Throughput.Up(100), Throughput.Rate, Bench.Stack.EitBytes, Bench.Stack.SignalRStateful, 1_000),
        Least(Throughput.Up(100), Throughput.Rate, Bench.Stack.EitBytes, Bench.Stack.SignalRStateful32, 20),
        Least(Throughput.Down(100), Throughput.Rate, Bench.Stack.EitBytes, Bench.Stack.SignalRStateful, 1_000),
        Least(Throughput.Down(100), Throughput.Rate, Bench.Stack.EitBytes, Bench.Stack.SignalRStateful32, 20),
        Most(Throughput.Up(100), Throughput.ClientBytes, Bench.Stack.EitBytes, against: null, 4),
        Most(Throughput.Up(100), Throughput.ServerBytes, Bench.Stack.EitBytes, against: null, 4),
        Most(Throughput.Up(100), Throughput.BothBytes, Bench.Stack.EitBytes, Bench.Stack.SignalR, 0.02),
        Most(Throughput.Down(100), Throughput.ClientBytes, Bench.Stack.EitBytes, against: null, 4),
        Most(Throughput.Down(100), Throughput.ServerBytes, Bench.Stack.EitBytes, against: null, 4),
        Most(Throughput.Down(100), Throughput.BothBytes, Bench.Stack.EitBytes, Bench.Stack.SignalR, 0.02),
        Most(Memory.Name(5_000), Memory.ServerHeap, Bench.Stack.EitBytes, Bench.Stack.Raw, 1.20),
        Most(Memory.Name(5_000), Memory.ServerResident, Bench.Stack.EitBytes, Bench.Stack.Raw, 1.06),
        Most(Memory.Name(5_000), Memory.ServerHeap, Bench.Stack.EitBytes, Bench.Stack.SignalR, 0.82),
        Most(Memory.Name(5_000), Memory.ServerResident, Bench.Stack.EitBytes, Bench.Stack.SignalR, 0.91),
        Most(Memory.Name(5_000), Memory.ClientHeap, Bench.Stack.EitBytes, Bench.Stack.SignalR, 1),
        Most(Memory.Name(5_000), Memory.ClientResident, Bench.Stack.EitBytes, Bench.Stack.SignalR, 1),
        Most(Memory.Scale, Memory.IdleCpu, Bench.Stack.EitBytes, against: null, 1.20),
        Least(Memory.Scale, Memory.BusyAmongIdle, Bench.Stack.EitBytes, against: null, 0.85),
        Least(Connect.Name, Connect.Rate, Bench.Stack.EitBytes, Bench.Stack.Raw, 0.95),
        Most(Connect.Name, Connect.Alone, Bench.Stack.EitBytes, Bench.Stack.Raw, 1.10),
        Least(Connect.Name, Connect.Rate, Bench.Stack.EitBytes, Bench.Stack.SignalR, 2.1),
        Most(Connect.Name, Connect.Alone, Bench.Stack.EitBytes, Bench.Stack.SignalR, 0.50),
        Most(Storm.Name, Storm.Most, Bench.Stack.EitBytes, Bench.Stack.Raw, 1.4),
        Most(Storm.Name, Storm.Most, Bench.Stack.EitBytes, Bench.Stack.SignalR, 0.5),
        Most(Storm.Name, Storm.OfOwn, Bench.Stack.EitBytes, against: null, 0.6),
        Least(Broadcast.Name, Broadcast.Rate, Bench.Stack.EitBytes, Bench.Stack.Raw, 12),
        Least(Broadcast.Name, Broadcast.Rate, Bench.Stack.EitBytes, Bench.Stack.SignalR, 4),
        Most(Broadcast.Name, Broadcast.PacedCpu, Bench.Stack.EitBytes, Bench.Stack.Raw, 1.10),
        Most(Broadcast.Name, Broadcast.PacedCpu, Bench.Stack.EitBytes, Bench.Stack.SignalR, 0.95),
        Most(Broadcast.BlackHole, Broadcast.Silence, Bench.Stack.EitText, against: null, 50),
        Most(Broadcast.BlackHole, Broadcast.Silence, Bench.Stack.EitText, Bench.Stack.SignalR, 0.02),
        Most(HandOver.Name(50), HandOver.OfSteady, Bench.Stack.EitText, against: null, 1.25),
        Most(HandOver.Name(0), HandOver.OfSteady, Bench.Stack.EitText, against: null, 3),
        Most(HandOver.Name(50), HandOver.Longest, Bench.Stack.EitText, Bench.Stack.SignalRStateful, 0.05),
        Least(HandOver.Load, HandOver.WorstWindow, Bench.Stack.EitBytes, against: null, 0.85),
        Most(Recovery.Reset(0), Recovery.Silence, Bench.Stack.EitText, Bench.Stack.Raw, 1.15),
        Most(Recovery.Reset(50), Recovery.Silence, Bench.Stack.EitText, Bench.Stack.Raw, 1.15),
        Most(Recovery.Reset(50), Recovery.Silence, Bench.Stack.EitText, Bench.Stack.SignalR, 0.45),
        Most(Recovery.Refused, Recovery.Silence, Bench.Stack.EitText, against: null, 1_300),
        Most(Recovery.Refused, Recovery.Silence, Bench.Stack.EitText, Bench.Stack.SignalR, 0.65),
        Most(Recovery.Silent, Recovery.Silence, Bench.Stack.EitText, against: null, 2_600),
        Most(Recovery.Silent, Recovery.Silence, Bench.Stack.EitText, Bench.Stack.SignalR, 0.32),
    ];

    private bool IsNearOne => Bound is >= 0.8 and <= 1.25;

    internal bool IsMeasuredIn(Report report) => report.Find(Workload, Metric, Stack) is not null && (Against is null || report.Find(Workload, Metric, Against) is not null);

    /// <summary>Says how it stands. A goal near 1 is met when the interval of the median reaches it, others when the median does.</summary>
    internal string RowOf(Report report)
    {
        Series ours = report.Find(Workload, Metric, Stack)!;
        Spread figure = Against is null ? ours.Spread : ours.Against(report.Find(Workload, Metric, Against)!);
        (double low, double high) = IsNearOne && Against is not null ? figure.Interval() : (figure.Median, figure.Median);
        bool isMet = AtMost ? low <= Bound : high >= Bound;
        string interval = low < high ? $"; 95 %: {Spread.Write(low)} to {Spread.Write(high)}" : string.Empty;
        string doubt = IsNearOne && Against is not null && figure.Count < RoundsForInterval ? $" ({figure.Count} rounds are few)" : string.Empty;
        return $"| {Workload} | {Metric}, {Stack} | {figure}{(Against is null ? string.Empty : $" x {Against}")}{interval} | {(AtMost ? "<=" : ">=")} {Spread.Write(Bound)} | {(isMet ? "met" : "**missed**")}{doubt} |";
    }

    private static Goal Most(string workload, string metric, Bench.Stack stack, Bench.Stack? against, double bound) => new(workload, metric, stack.Name, against?.Name, AtMost: true, bound);

    private static Goal Least(string workload, string metric, Bench.Stack stack, Bench.Stack? against, double bound) => new(workload, metric, stack.Name, against?.Name, AtMost: false, bound);
}
