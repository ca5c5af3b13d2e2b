using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>A transport that is to be opened.</summary>
/// <param name="Epoch">Its epoch.</param>
/// <param name="Hello">What to say on it.</param>
/// <param name="TokenReason">Why the credential is asked for.</param>
public sealed record DialRequest(long Epoch, Hello Hello, TokenReason TokenReason)
{
    /// <summary>Gets whether the hello goes as the first frame, although the client can set headers: with it the head of the request may have been too large (S1.20).</summary>
    public bool IsHelloFrame { get; init; }
}
