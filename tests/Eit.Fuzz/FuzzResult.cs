using System.Globalization;
using System.Text;

namespace Eit.Fuzz;

/// <summary>What a run has shown.</summary>
/// <param name="Inputs">How many inputs were given, by target.</param>
/// <param name="ClausesBroken">The clauses of which a breach has ended a session.</param>
/// <param name="Failure">The failure with the lowest seed of those that were found; null if there was none.</param>
/// <param name="Took">How long it took.</param>
internal sealed record FuzzResult(IReadOnlyDictionary<FuzzTarget, long> Inputs, IReadOnlyCollection<string> ClausesBroken, FuzzFailure? Failure, TimeSpan Took)
{
    internal string Describe()
    {
        long inputs = Inputs.Values.Sum();
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{inputs:N0} inputs in {Took.TotalSeconds:N1} s: {inputs / Took.TotalSeconds:N0}/s ({string.Join(", ", Inputs.OrderBy(static pair => pair.Key).Select(static pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key} {pair.Value:N0}")))})");
        text.AppendLine(CultureInfo.InvariantCulture, $"clauses whose breach has ended a session: {string.Join(' ', ClausesBroken.Order(StringComparer.Ordinal))}");
        text.AppendLine(CultureInfo.InvariantCulture, $"heap after it: {GC.GetTotalMemory(forceFullCollection: true) / 1_000_000.0:N1} MB");
        text.Append(Failure is { } failure ? $"FAILED: seed {failure.Seed}: {failure.What}" : "nothing was found");
        return text.ToString();
    }
}
