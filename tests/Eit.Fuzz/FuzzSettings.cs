namespace Eit.Fuzz;

/// <summary>What all cases share.</summary>
/// <param name="Corpus">The messages to begin with.</param>
/// <param name="Canary">The bug that is planted.</param>
/// <param name="Over">Set when nobody waits for a case any more.</param>
internal sealed record FuzzSettings(Corpus Corpus, Canary Canary, CancellationToken Over);
