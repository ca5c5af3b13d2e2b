namespace Eit.Protocol.Wire;

/// <summary>What a peer did against the protocol.</summary>
/// <param name="Code">The code that the session is closed with.</param>
/// <param name="Clause">The clause of PROTOCOL.md that was broken.</param>
/// <param name="Reason">What happened, for the log and the close.</param>
public sealed record Violation(CloseCode Code, string Clause, string Reason);
