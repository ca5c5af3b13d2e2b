namespace Eit.Protocol.Wire;

/// <summary>The encodings: their names, which are those of WebSocket subprotocols, and their codecs.</summary>
public static class WireEncodings
{
    private static readonly WireEncoding[] s_preferred = [WireEncoding.Binary, WireEncoding.Json];

    /// <summary>Gets what an end speaks, the preferred one first.</summary>
    /// <param name="only">The only one; null for all.</param>
    public static IReadOnlyList<WireEncoding> Of(WireEncoding? only) => only is { } one ? [one] : s_preferred;

    /// <summary>Names the subprotocol of an encoding.</summary>
    /// <param name="encoding">The encoding.</param>
    public static string SubprotocolOf(WireEncoding encoding) => encoding == WireEncoding.Binary ? WireLimits.BinarySubprotocol : WireLimits.JsonSubprotocol;

    /// <summary>Finds the encoding of a subprotocol.</summary>
    /// <param name="subprotocol">The name; null or anything else if there is none.</param>
    /// <returns>The encoding; null if it is none of ours.</returns>
    public static WireEncoding? OfSubprotocol(string? subprotocol) => subprotocol switch
    {
        WireLimits.BinarySubprotocol => WireEncoding.Binary,
        WireLimits.JsonSubprotocol => WireEncoding.Json,
        _ => null,
    };

    /// <summary>Makes a reader.</summary>
    /// <param name="encoding">The encoding.</param>
    public static FrameReader NewReader(WireEncoding encoding) => encoding == WireEncoding.Binary ? new BinaryFrameReader() : new JsonFrameReader();

    /// <summary>Makes a writer.</summary>
    /// <param name="encoding">The encoding.</param>
    public static FrameWriter NewWriter(WireEncoding encoding) => encoding == WireEncoding.Binary ? new BinaryFrameWriter() : new JsonFrameWriter();
}
