using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Connection;

/// <summary>The end of a session: what became of every message that is not known to be processed.</summary>
/// <param name="SessionId">The session.</param>
/// <param name="Code">Why it ended.</param>
/// <param name="Reason">In words.</param>
/// <param name="Unfinished">The messages that were accepted and are not known to be processed, in the order of their ids (C3.1); all others were processed.</param>
public sealed record EitSessionEnded(SessionId SessionId, CloseCode Code, string Reason, IReadOnlyList<MessageOutcome> Unfinished);
