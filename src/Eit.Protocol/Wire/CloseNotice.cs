namespace Eit.Protocol.Wire;

/// <summary>The body of a close frame (C2); the last number of the sender's data is the frame's number.</summary>
/// <param name="Code">Why the session ends, and what the client may do then.</param>
/// <param name="Reason">A short text.</param>
public sealed record CloseNotice(CloseCode Code, string Reason);
