using Eit.Protocol.Session;

namespace Eit.Connection;

/// <summary>What a token provider is told.</summary>
/// <param name="Reason">Why the token is asked for. <see cref="TokenReason.Rejected"/>: the last one was not accepted, so that a cached one will not do.
/// <see cref="TokenReason.Expiring"/>: the last one is about to end.</param>
public sealed record TokenRequest(TokenReason Reason);
