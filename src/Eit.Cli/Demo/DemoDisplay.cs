using System.Globalization;
using Spectre.Console;

namespace Eit.Cli.Demo;

/// <summary>Shows a demo while it runs, and what it has found: a live table on a terminal, else a line each second.</summary>
internal sealed class DemoDisplay(DemoOptions options, TextWriter output, bool isTerminal)
{
    private static readonly TimeSpan s_frame = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_line = TimeSpan.FromSeconds(1);

    /// <summary>Shows the demo until it has ended.</summary>
    internal async Task FollowAsync(Task run, Func<DemoStatus> status)
    {
        await output.WriteLineAsync("One conversation over TLS, through a relay that cuts, refuses and swallows its connections.");
        await output.WriteLineAsync(Text($"{Count(options.Messages)} messages each way, {Count(options.Rate)} a second; {options.Cuts} cuts, {options.BlackHoles} black holes, {options.Cycles} cycles; seed {options.Seed}."));
        await output.WriteLineAsync();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
        if (isTerminal && console.Profile.Capabilities.Ansi)
        {
            await console.Live(TableOf(status())).StartAsync(live => EachFrameAsync(run, () => live.UpdateTarget(TableOf(status()))));
        }
        else
        {
            await EachSecondAsync(run, () => output.WriteLine(LineOf(status())));
        }
        await output.WriteLineAsync();
    }

    /// <summary>Shows what the demo has found.</summary>
    internal void Show(DemoReport report)
    {
        output.WriteLine("                      sent  received  lost  duplicated  reordered");
        ShowTally("client to server", report.Up);
        ShowTally("server to client", report.Down);
        output.WriteLine();
        output.WriteLine(Text($"Cuts {report.Cuts}, black holes {report.BlackHoles}, failed dials {report.FailedDials}, resumes {report.Resumes}, cycles {report.Cycles}."));
        output.WriteLine(Text($"The longest gap between two arrivals was {Count(report.LongestGapMs)} ms; the whole took {report.Seconds:0.0} s. The same faults again: --seed {report.Seed}"));
        foreach (string problem in report.Problems) { output.WriteLine(problem); }
        bool isPerfect = report.Up.IsPerfect && report.Down.IsPerfect;
        output.WriteLine(isPerfect ? $"Nothing was lost, duplicated or reordered{(report.Ok ? "." : ", but not all was done that was asked for.")}" : "FAILED: not every message arrived once, in order and unaltered.");
    }

    /// <summary>Shows something ten times a second until a run has ended.</summary>
    internal static Task EachFrameAsync(Task run, Action show) => EachAsync(s_frame, run, show);

    /// <summary>Shows something each second until a run has ended.</summary>
    internal static Task EachSecondAsync(Task run, Action show) => EachAsync(s_line, run, () =>
    {
        if (!run.IsCompleted) { show(); }
    });

    private static async Task EachAsync(TimeSpan period, Task run, Action show)
    {
        using var timer = new PeriodicTimer(period);
        while (!run.IsCompleted)
        {
            await Task.WhenAny(run, timer.WaitForNextTickAsync().AsTask());
            show();
        }
    }

    private Table TableOf(DemoStatus status)
    {
        Table table = new Table().Border(TableBorder.Rounded).AddColumn("connection").AddColumn(new TableColumn(Text($"{status.State}, epoch {status.Epoch}")).Width(40));
        table.AddRow("client to server", Text($"{Count(status.UpSent)} sent, {Count(status.UpArrived)} arrived"));
        table.AddRow("server to client", Text($"{Count(status.DownSent)} sent, {Count(status.DownArrived)} arrived"));
        table.AddRow("cuts", Text($"{status.Cuts} of {options.Cuts}"));
        table.AddRow("black holes", Text($"{status.BlackHoles} of {options.BlackHoles}"));
        table.AddRow("cycles", Text($"{status.Cycles} of {options.Cycles}"));
        table.AddRow("resumes", Text($"{status.Resumes}, after {status.FailedDials} failed dials"));
        table.AddRow("longest gap", Text($"{Count((long)status.LongestGap.TotalMilliseconds)} ms"));
        table.AddRow("time", Text($"{status.Elapsed.TotalSeconds:0.0} s"));
        return table;
    }

    private string LineOf(DemoStatus status) => Text(
        $"{status.Elapsed.TotalSeconds,5:0.0} s  {status.State,-9} epoch {status.Epoch,-3}  up {status.UpArrived}/{status.UpSent}  down {status.DownArrived}/{status.DownSent}  ") + Text(
        $"cuts {status.Cuts}/{options.Cuts}  black holes {status.BlackHoles}/{options.BlackHoles}  cycles {status.Cycles}/{options.Cycles}  resumes {status.Resumes}  longest gap {(long)status.LongestGap.TotalMilliseconds} ms");

    private void ShowTally(string way, DemoTally tally)
    {
        output.WriteLine(Text($"{way,-17} {Count(tally.Sent),8}  {Count(tally.Received),8}  {Count(tally.Lost),4}  {Count(tally.Duplicated),10}  {Count(tally.Reordered),9}"));
        if (tally.Altered > 0) { output.WriteLine(Text($"{"",-17} {Count(tally.Altered)} arrived that were never sent.")); }
    }

    private static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
