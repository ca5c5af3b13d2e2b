using System.Globalization;

namespace Eit.Faults.Tests;

/// <summary>How a scenario ended.</summary>
/// <param name="Scenario">The scenario.</param>
/// <param name="Recoveries">How long each recovery took.</param>
/// <param name="Finding">What became of the messages.</param>
/// <param name="Problems">What else was wrong.</param>
internal sealed record Outcome(Scenario Scenario, IReadOnlyList<Recovery> Recoveries, Finding Finding, IReadOnlyList<string> Problems)
{
    internal static string Header => string.Format(CultureInfo.InvariantCulture, "{0,-78} {1,5} {2,7} {3,7} {4,7} {5,7} {6,8} {7,5} {8,5}", "scenario (times in ms)", "count", "p50", "p99", "max", "bound", "messages", "lost", "twice");

    /// <summary>What else was measured.</summary>
    internal string Note { get; init; } = string.Empty;

    /// <summary>Everything that is wrong; empty when the scenario has kept its promises.</summary>
    internal IEnumerable<string> Faults
    {
        get
        {
            if (Recoveries.Count == 0) { yield return "nothing was measured"; }
            foreach (Recovery late in Recoveries.Where(recovery => recovery.IsBeyond(Scenario.Bound)).Take(1))
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"a recovery took {late.Took.TotalMilliseconds:F0} ms, and the machine was short of processors for {late.Starved.TotalMilliseconds:F0} of it");
            }
            if (Finding.Lost > 0) { yield return $"{Finding.Lost} messages were lost"; }
            if (Finding.Duplicated > 0) { yield return $"{Finding.Duplicated} messages came twice"; }
            if (Finding.Disordered > 0) { yield return $"{Finding.Disordered} messages came out of order"; }
            if (Finding.Untrue > 0) { yield return $"{Finding.Untrue} messages came and were told as not sent"; }
            if (Finding.SessionsEnded > 0 != Scenario.EndsSessions) { yield return $"{Finding.SessionsEnded} sessions ended"; }
            foreach (string problem in Problems) { yield return problem; }
        }
    }

    public override string ToString()
    {
        string line = string.Format(
            CultureInfo.InvariantCulture,
            "{0,-78} {1,5} {2,7:F0} {3,7:F0} {4,7:F0} {5,7:F0} {6,8} {7,5} {8,5}",
            Scenario.Name, Recoveries.Count, Quantile(0.5), Quantile(0.99), Quantile(1), Scenario.Bound.TotalMilliseconds, Finding.Sent + Finding.Heard, Finding.Lost, Finding.Duplicated);
        if (Note.Length > 0) { line += $"  {Note}"; }
        string faults = string.Join("; ", Faults);
        return faults.Length == 0 ? line : $"{line}  FAILED: {faults}";
    }

    private double Quantile(double share)
    {
        double[] sorted = [.. Recoveries.Select(static recovery => recovery.Took.TotalMilliseconds).Order()];
        return sorted.Length == 0 ? 0 : sorted[(int)Math.Ceiling(share * (sorted.Length - 1))];
    }
}
