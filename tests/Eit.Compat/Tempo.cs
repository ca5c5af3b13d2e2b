namespace Eit.Compat;

/// <summary>How fast ends talk, and move.</summary>
/// <param name="Pace">How often each end sends in each of its streams.</param>
/// <param name="Cycle">How old a transport gets at least until its client cycles; at most twice as old. The server asks for cycles besides, as often.</param>
/// <param name="Patience">How long an end waits at last for what it does not know yet.</param>
internal sealed record Tempo(TimeSpan Pace, TimeSpan Cycle, TimeSpan Patience);
