using Eit.Backoff;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>A complete message for the application.</summary>
public readonly record struct InboundMessage
{
    /// <summary>Gets the number of its last piece.</summary>
    public long Number { get; init; }

    /// <summary>Gets the lane.</summary>
    public Lane Lane { get; init; }

    /// <summary>Gets the kind (F2.2).</summary>
    public byte Kind { get; init; }

    /// <summary>Gets whether the sender wants to hear at once when it is processed.</summary>
    public bool IsPrompt { get; init; }

    /// <summary>Gets the text; null if it is a message of bytes.</summary>
    public string? Text { get; init; }

    /// <summary>Gets the bytes of a message without text: lent to its handler, and overwritten when that has finished.</summary>
    public ReadOnlyMemory<byte> Bytes => Payload.Memory;

    /// <summary>Gets the length of its payload in bytes.</summary>
    public int PayloadBytes { get; init; }

    /// <summary>What it lies in; its holder is an owner.</summary>
    internal PayloadSlice Payload { get; init; }

    /// <summary>When its life ends here (D2.4); <see cref="Instant.Never"/> without an expiry.</summary>
    internal Instant ExpiresAt { get; init; }

    /// <summary>When it was complete here.</summary>
    internal Instant ArrivedAt { get; init; }

    internal void AppendTo(StateDigest digest)
    {
        digest.Add(Number, (int)Lane, Kind, IsPrompt ? 1 : 0, PayloadBytes);
        digest.Add(ExpiresAt);
        digest.Add(ArrivedAt);
        digest.Add(Text);
        digest.Add(Bytes.Span);
    }
}
