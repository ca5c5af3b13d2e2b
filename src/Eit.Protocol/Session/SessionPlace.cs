using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>Where at a server a session was opened: it can be resumed there only (R1.12).</summary>
/// <param name="Endpoint">The endpoint: whatever is equal to itself only.</param>
/// <param name="Path">The path of the request, letter by letter.</param>
/// <param name="Encoding">The encoding (V1.3).</param>
public sealed record SessionPlace(object? Endpoint, string Path, WireEncoding Encoding);
