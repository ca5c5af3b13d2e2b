namespace Eit.Protocol.Session;

/// <summary>What a server knows of a transport that the session can't know.</summary>
/// <param name="ClientTimeout">The client's time-out, moved into the server's bounds.</param>
/// <param name="Spread">The time over which redials should be drawn.</param>
/// <param name="Expires">The remaining life of the credentials that opened the transport; null if they have no end.</param>
public sealed record TransportTerms(TimeSpan ClientTimeout, TimeSpan Spread, TimeSpan? Expires);
