namespace Eit.Faults.Tests;

/// <summary>All scenarios, and which of them run: the short ones, or what the environment variable <c>EIT_FAULTS</c> says; without what <c>EIT_FAULTS_LACKS</c> says is not there.</summary>
internal static class Suite
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(3);

    private static readonly string? s_wanted = Environment.GetEnvironmentVariable("EIT_FAULTS");
    private static readonly string[] s_lacks = (Environment.GetEnvironmentVariable("EIT_FAULTS_LACKS") ?? string.Empty).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    private static readonly string? s_report = Environment.GetEnvironmentVariable("EIT_FAULTS_REPORT");

    private static readonly Lazy<Dictionary<string, Task<Outcome>>> s_runs = new(Begin);

    internal static Scenario[] All { get; } = [.. ProcessScenarios.All, .. NamespaceScenarios.All, .. GatewayScenarios.All, .. ProxyScenarios.All];

    private static bool IsShortSet => string.IsNullOrEmpty(s_wanted);

    /// <summary>How many run at a time, because nearly all of their time is waiting. The longest stand first in <see cref="All"/>.</summary>
    private static int AtOnce => IsShortSet ? 1 : 3;

    internal static IEnumerable<Scenario> Selected => All.Where(static scenario => IsWanted(scenario) && !s_lacks.Contains(scenario.Need.ToString()));

    /// <summary>What was asked for and can't run here.</summary>
    internal static IEnumerable<Scenario> LeftOut => All.Where(static scenario => IsWanted(scenario) && s_lacks.Contains(scenario.Need.ToString()));

    /// <summary>How long something may take that has a bound. The short set runs on any machine: four times slower than the bounds are for, and pausing now and then.</summary>
    internal static TimeSpan Limit(TimeSpan bound) => IsShortSet ? (bound * 4) + s_pause : bound;

    /// <summary>Gets how a scenario ends. The first that is asked for begins them all.</summary>
    internal static Task<Outcome> RunAsync(Scenario scenario) => s_runs.Value[scenario.Name];

    private static Dictionary<string, Task<Outcome>> Begin()
    {
        Report(Outcome.Header);
        var turns = new SemaphoreSlim(AtOnce);
        var runs = new Dictionary<string, Task<Outcome>>();
        foreach (Scenario scenario in Selected.OrderBy(static scenario => scenario.IsAlone))
        {
            Task before = scenario.IsAlone ? Task.WhenAll(runs.Values).ContinueWith(static _ => { }, TaskScheduler.Default) : Task.CompletedTask;
            runs.Add(scenario.Name, RunInTurnAsync(scenario, before, turns));
        }
        return runs;
    }

    /// <summary>Runs a scenario when it is its turn, and adds its line to the report, if one was asked for.</summary>
    private static async Task<Outcome> RunInTurnAsync(Scenario scenario, Task before, SemaphoreSlim turns)
    {
        await before;
        await turns.WaitAsync();
        try
        {
            Outcome outcome = await Task.Run(scenario.RunAsync);
            Report(outcome.ToString());
            return outcome;
        }
        catch (Exception failure) when (s_report is not null)
        {
            Report($"{scenario.Name}  FAILED: {failure.GetType().Name}: {failure.Message}");
            throw;
        }
        finally { turns.Release(); }
    }

    /// <summary><c>all</c>, or words of which a name has one, with a bar between them: <c>nginx|HAProxy</c>.</summary>
    private static bool IsWanted(Scenario scenario) => s_wanted switch
    {
        null or "" => scenario.IsShort,
        "all" => true,
        _ => s_wanted.Split('|').Any(word => scenario.Name.Contains(word, StringComparison.OrdinalIgnoreCase)),
    };

    /// <summary>Adds what was left out to the report.</summary>
    internal static void ReportLeftOut()
    {
        foreach (Scenario scenario in LeftOut) { Report($"{scenario.Name}  NOT RUN: this machine lacks {scenario.Need}"); }
    }

    private static void Report(string line)
    {
        if (s_report is null) { return; }
        lock (s_runs) { File.AppendAllText(s_report, line + "\n"); }
    }
}
