using System.Globalization;
using Eit.Cli.Demo;
using Spectre.Console;

namespace Eit.Cli.Soak;

/// <summary>Shows a soak while it runs, and what it has found: a live table on a terminal, else a line each second.</summary>
internal sealed class SoakDisplay(SoakOptions options, TextWriter output, bool isTerminal)
{
    /// <summary>Shows the soak until it has ended.</summary>
    internal async Task FollowAsync(Task run, Func<SoakStatus> status)
    {
        string target = options.Url?.ToString() ?? "a server of its own";
        await output.WriteLineAsync(Text($"{options.Connections} connections to {target}, {options.Rate} messages a second on each for {options.SendingTime.TotalSeconds:0.#} s, {options.SizeBytes} bytes, {options.Cycles} cycles each."));
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
        if (isTerminal && console.Profile.Capabilities.Ansi)
        {
            await console.Live(TableOf(status())).StartAsync(live => DemoDisplay.EachFrameAsync(run, () => live.UpdateTarget(TableOf(status()))));
        }
        else { await DemoDisplay.EachSecondAsync(run, () => output.WriteLine(LineOf(status()))); }
    }

    /// <summary>Shows what the soak has found.</summary>
    internal void Show(SoakReport report)
    {
        SoakTally messages = report.Messages;
        output.WriteLine(Text($"{messages.Sent:N0} messages sent, {messages.Received:N0} came back in {report.Seconds:0.0} s; lost {messages.Lost}, duplicated {messages.Duplicated}, reordered {messages.Reordered}, altered {messages.Altered}, late {messages.Late}."));
        output.WriteLine(Text($"There and back: median {report.DelayP50Ms:0.00} ms, 99 % within {report.DelayP99Ms:0.00} ms, slowest {report.DelayMaxMs:0.00} ms."));
        output.WriteLine(Text($"Resumes {report.Resumes}, longest outage {report.LongestOutageMs} ms, failed dials {report.FailedDials}, cycles {report.Cycles}."));
        foreach (string problem in report.Problems) { Terminal.Say(output, problem); }
        output.WriteLine(report.Ok ? "Every message came back once, in order and in time." : messages.IsPerfect ? "FAILED: every message that was sent came back, but not all went as asked." : "FAILED: not every message came back once, in order and in time.");
    }

    private static Table TableOf(SoakStatus status)
    {
        Table table = new Table().Border(TableBorder.Rounded).AddColumn("connections").AddColumn(new TableColumn(Text($"{status.Connected} of {status.Connections} connected")).Width(50));
        table.AddRow("messages", Text($"{status.Messages.Sent:N0} sent, {status.Messages.Received:N0} came back"));
        table.AddRow("wrong", Text($"{status.Messages.Duplicated} duplicated, {status.Messages.Reordered} reordered, {status.Messages.Altered} altered, {status.Messages.Late} late"));
        table.AddRow("there and back", Text($"median {status.DelayP50.TotalMilliseconds:0.0} ms, slowest {status.DelayMax.TotalMilliseconds:0} ms"));
        table.AddRow("resumes", Text($"{status.Resumes}"));
        table.AddRow("cycles", Text($"{status.Cycles}"));
        table.AddRow("time", Text($"{status.Elapsed.TotalSeconds:0.0} s"));
        return table;
    }

    private static string LineOf(SoakStatus status) => Text(
        $"{status.Elapsed.TotalSeconds,5:0.0} s  {status.Connected}/{status.Connections} connected  {status.Messages.Received}/{status.Messages.Sent} came back  median {status.DelayP50.TotalMilliseconds:0.0} ms  slowest {status.DelayMax.TotalMilliseconds:0} ms  resumes {status.Resumes}  cycles {status.Cycles}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
