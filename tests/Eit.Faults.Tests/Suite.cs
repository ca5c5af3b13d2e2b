namespace Eit.Faults.Tests;

/// <summary>All scenarios, and which of them run: the short ones, or what the environment variable <c>EIT_FAULTS</c> says; without what <c>EIT_FAULTS_LACKS</c> says is not there.</summary>
internal static class Suite
{
    private static readonly string? s_wanted = Environment.GetEnvironmentVariable("EIT_FAULTS");
    private static readonly string[] s_lacks = (Environment.GetEnvironmentVariable("EIT_FAULTS_LACKS") ?? string.Empty).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    private static readonly string? s_report = Environment.GetEnvironmentVariable("EIT_FAULTS_REPORT");

    internal static Scenario[] All { get; } = [.. ProxyScenarios.All, .. GatewayScenarios.All, .. NamespaceScenarios.All, .. ProcessScenarios.All];

    /// <summary>By how much a bound may be missed: the short ones run beside all other tests, which take the processors' time.</summary>
    internal static int Slack => string.IsNullOrEmpty(s_wanted) ? 4 : 1;

    internal static IEnumerable<Scenario> Selected => All.Where(static scenario => IsWanted(scenario) && !s_lacks.Contains(scenario.Need.ToString()));

    /// <summary>What was asked for and can't run here.</summary>
    internal static IEnumerable<Scenario> LeftOut => All.Where(static scenario => IsWanted(scenario) && s_lacks.Contains(scenario.Need.ToString()));

    /// <summary>Runs a scenario, and adds its line to the report, if one was asked for.</summary>
    internal static async Task<Outcome> RunAsync(Scenario scenario)
    {
        Outcome outcome;
        try { outcome = await scenario.RunAsync(); }
        catch (Exception failure) when (s_report is not null)
        {
            Report($"{scenario.Name}  FAILED: {failure.GetType().Name}: {failure.Message}");
            throw;
        }
        Report(outcome.ToString());
        return outcome;
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
        if (s_report is not null) { File.AppendAllText(s_report, line + "\n"); }
    }
}
