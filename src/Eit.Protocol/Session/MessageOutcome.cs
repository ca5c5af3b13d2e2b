namespace Eit.Protocol.Session;

/// <summary>What became of a message that somebody waits for.</summary>
/// <param name="Id">The number that the session gave it when it was accepted: 1, 2, 3 …</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Token">What was handed over with it.</param>
public readonly record struct MessageOutcome(long Id, SendOutcome Outcome, object? Token);
