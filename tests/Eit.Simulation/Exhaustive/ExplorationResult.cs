using System.Globalization;
using System.Text;

namespace Eit.Simulation.Exhaustive;

/// <summary>What the exploration of one world has shown.</summary>
internal sealed record ExplorationResult
{
    internal required ExplorationBounds Bounds { get; init; }

    internal required int States { get; init; }

    internal required long Transitions { get; init; }

    /// <summary>The states in which nothing more can happen.</summary>
    internal required int Terminal { get; init; }

    /// <summary>The states in which nothing more has to happen, and everything was settled.</summary>
    internal required int Settled { get; init; }

    /// <summary>The most steps that the shortest way to a state has.</summary>
    internal required int Depth { get; init; }

    internal required int ClientStates { get; init; }

    internal required int ServerStates { get; init; }

    /// <summary>How often the real code was run: once for each input in each state of either end.</summary>
    internal required int StepsRun { get; init; }

    internal required int Audits { get; init; }

    internal required TimeSpan Took { get; init; }

    internal required bool IsComplete { get; init; }

    internal required string? Failure { get; init; }

    /// <summary>The shortest way to the failure.</summary>
    internal required IReadOnlyList<(string Step, string Ends)> Trace { get; init; }

    internal required SimStatistics Statistics { get; init; }

    internal static string Sum(IReadOnlyList<ExplorationResult> results, TimeSpan took)
    {
        var all = new SimStatistics();
        foreach (ExplorationResult result in results) { all.Add(result.Statistics); }
        int complete = results.Count(static result => result.IsComplete);
        long states = results.Sum(static result => (long)result.States);
        long transitions = results.Sum(static result => result.Transitions);
        return string.Create(CultureInfo.InvariantCulture, $"{complete} of {results.Count} worlds complete: {states:N0} states, {transitions:N0} transitions, (state, input) pairs reached: {all.InputsReached} of {SimStatistics.InputsPossible}; {took.TotalSeconds:N0} s");
    }

    internal string Describe()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"world {Bounds.Name}: {Bounds.About} ({Bounds.Describe()})");
        text.AppendLine(CultureInfo.InvariantCulture, $"  {States:N0} states, {Transitions:N0} transitions, {Terminal:N0} terminal, {Settled:N0} settled, depth {Depth}, {Took.TotalSeconds:N1} s: {(IsComplete ? "complete" : Failure is null ? "NOT COMPLETE" : "FAILED")}");
        text.AppendLine(CultureInfo.InvariantCulture, $"  {ClientStates:N0} states of the client, {ServerStates:N0} of the server, {StepsRun:N0} steps of the real code, {Audits:N0} ways gone again");
        if (Failure is null) { return text.ToString(); }
        text.AppendLine(CultureInfo.InvariantCulture, $"  {Failure}");
        string ends = string.Empty;
        for (int i = 0; i < Trace.Count; i++)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"  {i + 1,3}. {Trace[i].Step}");
            if (Trace[i].Ends != ends) { text.AppendLine(CultureInfo.InvariantCulture, $"       = {Trace[i].Ends}"); }
            ends = Trace[i].Ends;
        }
        return text.ToString();
    }
}
