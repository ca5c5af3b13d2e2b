using System.Globalization;
using Eit.Chaos;
using Spectre.Console;

namespace Eit.Cli.Chaos;

/// <summary>Shows a proxy while it runs, and what it did: a live table on a terminal, else a line for each event.</summary>
internal sealed class ChaosDisplay(ChaosProxy proxy, TextWriter output, bool isTerminal)
{
    private const int EventsShown = 10;

    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(100);

    private long _shown;

    /// <summary>Shows the proxy until it is interrupted.</summary>
    internal async Task FollowAsync(CancellationToken interrupted)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
        if (isTerminal && console.Profile.Capabilities.Ansi)
        {
            await console.Live(TableNow()).StartAsync(live => EachAsync(() => live.UpdateTarget(TableNow()), interrupted));
        }
        else
        {
            await EachAsync(ShowNews, interrupted);
        }
    }

    internal void ShowSummary()
    {
        ChaosCounters counters = proxy.Counters;
        output.WriteLine(Text($"{proxy.Now.TotalSeconds:0.0} s: {counters.Accepted} connections, {counters.Live} of them live, {counters.EndedByFaults} ended by faults, {counters.TurnedAway} turned away, {counters.DialFailures} not carried; {Bytes(counters)}."));
        foreach (ChaosFaultStatus fault in proxy.Faults) { Terminal.Say(output, Text($"{fault.Name}: {fault.Fault}; on {fault.Hits} connections, {fault.Acts} times at work.")); }
    }

    private static async Task EachAsync(Action show, CancellationToken interrupted)
    {
        using var timer = new PeriodicTimer(s_look);
        try
        {
            while (true)
            {
                show();
                await timer.WaitForNextTickAsync(interrupted);
            }
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested) { show(); }
    }

    private void ShowNews()
    {
        foreach (ChaosEvent happened in proxy.Events.Where(happened => happened.Number > _shown))
        {
            Terminal.Say(output, happened.ToString());
            _shown = happened.Number;
        }
        output.Flush();
    }

    private Table TableNow()
    {
        ChaosCounters counters = proxy.Counters;
        Table table = new Table().Border(TableBorder.Rounded).AddColumn("fault").AddColumn(new TableColumn("what").Width(60)).AddColumn("connections").AddColumn("acts");
        foreach (ChaosFaultStatus fault in proxy.Faults) { table.AddRow(Markup.Escape(Terminal.Line(fault.Name)), Markup.Escape(Terminal.Line(fault.Fault.ToString())), Text($"{fault.Hits}"), Text($"{fault.Acts}")); }
        table.AddRow("all", Text($"{counters.Live} live, {counters.EndedByFaults} ended by faults, {counters.TurnedAway} turned away, {counters.DialFailures} not carried; {Bytes(counters)}"), Text($"{counters.Accepted}"), "");
        table.AddEmptyRow();
        foreach (ChaosEvent happened in proxy.Events.TakeLast(EventsShown)) { table.AddRow(Text($"{happened.At.TotalSeconds:0.0} s"), Markup.Escape(Terminal.Line(happened.Text)), happened.Connection is { } number ? Text($"{number}") : "", ""); }
        return table;
    }

    private static string Bytes(ChaosCounters counters) => Text($"{counters.BytesUp:N0} bytes up, {counters.BytesDown:N0} down");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
