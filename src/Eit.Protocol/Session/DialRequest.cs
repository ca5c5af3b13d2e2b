using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>A transport that is to be opened.</summary>
/// <param name="Epoch">Its epoch.</param>
/// <param name="Hello">What to say on it.</param>
/// <param name="TokenReason">Why the credential is asked for.</param>
public sealed record DialRequest(long Epoch, Hello Hello, TokenReason TokenReason);
