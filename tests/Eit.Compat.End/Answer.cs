namespace Eit.Compat.End;

/// <summary>What became of a call.</summary>
/// <param name="Outcome">Processed if it was answered, else what its caller is told.</param>
/// <param name="Values">The result, or the items of a stream in the order in which they came.</param>
internal sealed record Answer(string Outcome, IReadOnlyList<string> Values);
