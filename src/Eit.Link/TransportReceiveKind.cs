namespace Eit.Link;

/// <summary>What a receive brought.</summary>
public enum TransportReceiveKind
{
    /// <summary>Bytes of a message.</summary>
    Data,

    /// <summary>The peer's close; nothing comes after it.</summary>
    Closed,
}
