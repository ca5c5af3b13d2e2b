using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Server;

/// <summary>The end of a session.</summary>
/// <param name="Code">Why.</param>
/// <param name="Reason">In words.</param>
/// <param name="Unfinished">The messages that the server had accepted and that are not known to be processed, in the order of their ids (C3.1).</param>
public sealed record EitSessionEnd(CloseCode Code, string Reason, IReadOnlyList<MessageOutcome> Unfinished);
