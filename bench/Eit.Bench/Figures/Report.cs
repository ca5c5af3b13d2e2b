using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Eit.Bench;

/// <summary>All figures of a run: printed by workload, compared with the goals, written to a file.</summary>
internal sealed class Report
{
    private const double AlmostNothing = 0.05;                     // A ratio to that says nothing.
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals };
    private readonly List<Series> _series = [];

    /// <summary>Notes the value of a round; the rounds of all stacks come in the same order.</summary>
    internal void Add(string workload, string metric, string stack, double value)
    {
        Series? series = Find(workload, metric, stack);
        if (series is null) { _series.Add(series = new Series(workload, metric, stack)); }
        series.Values.Add(value);
    }

    internal Series? Find(string workload, string metric, string stack) => _series.Find(series => series.Workload == workload && series.Metric == metric && series.Stack == stack);

    /// <summary>Prints a workload: of each metric the median, the lowest and the highest of the rounds, and the ratios to raw and to SignalR.</summary>
    internal void Print(string workload)
    {
        foreach (IGrouping<string, Series> metric in _series.Where(series => series.Workload == workload).GroupBy(static series => series.Metric))
        {
            Series? raw = metric.FirstOrDefault(static series => series.Stack == Stack.Raw.Name);
            Series? signalR = metric.FirstOrDefault(static series => series.Stack == Stack.SignalR.Name);
            Console.WriteLine();
            Console.WriteLine($"== {workload}: {metric.Key}; median (lowest to highest) of {metric.First().Values.Count}");
            Console.WriteLine($"{"",-26} {metric.Key,36} {"x raw",26} {"x SignalR",26}");
            foreach (Series series in metric) { Console.WriteLine($"{series.Stack,-26} {series.Spread,36} {Ratio(series, raw),26} {Ratio(series, signalR),26}"); }
        }
    }

    /// <summary>Prints which of the goals are met, as Markdown.</summary>
    internal void PrintGoals()
    {
        Goal[] measured = [.. Goal.All.Where(goal => goal.IsMeasuredIn(this))];
        if (measured.Length == 0) { return; }
        Console.WriteLine();
        Console.WriteLine("| workload | ours | figure | goal | |");
        Console.WriteLine("| --- | --- | --- | --- | --- |");
        foreach (Goal goal in measured) { Console.WriteLine(goal.RowOf(this)); }
    }

    /// <summary>Writes everything as JSON.</summary>
    internal void Write(string path)
    {
        var figures = _series.Select(series => new
        {
            series.Workload,
            series.Metric,
            series.Stack,
            Rounds = series.Values,
            series.Spread.Median,
            series.Spread.Min,
            series.Spread.Max,
            TimesRaw = Find(series.Workload, series.Metric, Stack.Raw.Name) is { } raw ? series.Against(raw).Median : (double?)null,
            TimesSignalR = Find(series.Workload, series.Metric, Stack.SignalR.Name) is { } signalR ? series.Against(signalR).Median : (double?)null,
        });
        var all = new
        {
            At = DateTimeOffset.UtcNow,
            Cores = Environment.ProcessorCount,
            MemoryMiB = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20,
            System = RuntimeInformation.OSDescription,
            Runtime = RuntimeInformation.FrameworkDescription,
            Figures = figures,
        };
        File.WriteAllText(path, JsonSerializer.Serialize(all, s_json));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_series.Count} series in {path}"));
    }

    private static string Ratio(Series series, Series? baseline)
    {
        bool saysSomething = baseline is not null && baseline.Values.Count == series.Values.Count && baseline.Spread.Median > AlmostNothing;
        return !saysSomething ? string.Empty : ReferenceEquals(series, baseline) ? "1" : series.Against(baseline!).ToString();
    }
}
