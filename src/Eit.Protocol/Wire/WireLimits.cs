namespace Eit.Protocol.Wire;

/// <summary>The limits of the wire (PROTOCOL.md, Limits).</summary>
public static class WireLimits
{
    /// <summary>The most payload that one piece carries, in bytes.</summary>
    public const int PieceBytesMax = 16_384;

    /// <summary>What is written to one WebSocket message before another is begun, in bytes: with the WebSocket's header it fits into one TLS record.</summary>
    public const int BatchBytes = 16_360;

    /// <summary>The largest WebSocket message, in bytes.</summary>
    public const int TransportMessageBytesMax = 262_144;

    /// <summary>The largest number.</summary>
    public const long NumberMax = (1L << 53) - 1;

    /// <summary>The most characters of the header <c>Eit-Hello</c>.</summary>
    public const int HelloHeaderCharsMax = 1_024;

    /// <summary>The largest message that an end may offer to take, in bytes.</summary>
    public const int MessageBytesMaxMax = 16 * 1024 * 1024;

    /// <summary>The most numbers that an ack tells as expired or failed, in all.</summary>
    public const int UnhandledMax = 256;

    /// <summary>The name of the header that carries hello.</summary>
    public const string HelloHeader = "Eit-Hello";

    /// <summary>The answer of a server that has read it.</summary>
    public const string HelloTaken = "taken";

    /// <summary>The subprotocol of the JSON encoding.</summary>
    public const string JsonSubprotocol = "eit.v1.json";

    /// <summary>The subprotocol of the binary encoding.</summary>
    public const string BinarySubprotocol = "eit.v1.bin";

    /// <summary>The subprotocol of a plain client, which speaks no Eit.</summary>
    public const string PlainSubprotocol = "eit.plain";

    /// <summary>What a token begins with that is offered as a subprotocol, in base64url behind it (A2.2); never selected.</summary>
    public const string BearerSubprotocolPrefix = "eit.bearer.";

    /// <summary>The subprotocol that says that the client can't see the answer to its request, and wants a refusal as a close (A2.4); never selected.</summary>
    public const string ClosesSubprotocol = "eit.closes";
}
