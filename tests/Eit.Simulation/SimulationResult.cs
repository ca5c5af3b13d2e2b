using System.Globalization;
using System.Text;

namespace Eit.Simulation;

/// <summary>What a run of seeds has shown.</summary>
internal sealed record SimulationResult(int Seeds, int Failures, (ulong Seed, string What)? FirstFailure, SimStatistics Statistics)
{
    internal string Describe(TimeSpan took)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{Seeds:N0} seeds in {took.TotalSeconds:N1} s: {Seeds / took.TotalSeconds:N0} seeds/s, {Failures} failed");
        Append(text, "messages up", Statistics.MessagesUp);
        Append(text, "messages down", Statistics.MessagesDown);
        Append(text, "replaced", Statistics.Replaced);
        Append(text, "expired", Statistics.Expired);
        Append(text, "failed", Statistics.Failed);
        Append(text, "not sent", Statistics.NotSent);
        Append(text, "unknown", Statistics.Unknown);
        Append(text, "credit used up", Statistics.CreditUsedUp);
        Append(text, "mutual waits", Statistics.MutualWaits);
        Append(text, "faults", Statistics.Faults);
        Append(text, "cycles", Statistics.Cycles);
        Append(text, "resumes", Statistics.Resumes);
        Append(text, "sessions", Statistics.Sessions);
        text.AppendLine(CultureInfo.InvariantCulture, $"(state, input) pairs reached: {Statistics.InputsReached} of {SimStatistics.InputsPossible}; not reached: {string.Join("; ", Statistics.InputsMissed.DefaultIfEmpty("none"))}");
        text.AppendLine(CultureInfo.InvariantCulture, $"transitions reached: {Statistics.MovesReached} of {SimStatistics.MovesPossible}; not reached: {string.Join("; ", Statistics.MovesMissed.DefaultIfEmpty("none"))}");
        if (FirstFailure is { } failure) { text.AppendLine(CultureInfo.InvariantCulture, $"first failing seed: {failure.Seed}: {failure.What}"); }
        return text.ToString();
    }

    private static void Append(StringBuilder text, string name, List<int> values)
    {
        if (!values.Exists(static value => value > 0)) { return; }
        values.Sort();
        text.AppendLine(CultureInfo.InvariantCulture, $"  {name,-14} mean {values.Average(),8:N1}   min {values[0],5}   median {values[values.Count / 2],5}   p99 {values[(int)(values.Count * 0.99)],5}   max {values[^1],5}");
    }
}
