using System.Text;

namespace Eit.Protocol.Session;

/// <summary>A payload that many sessions send: made once, and held once however many ledgers refer to it. Never changes; safe from any thread.</summary>
public sealed class SharedPayload
{
    private static readonly UTF8Encoding s_strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Makes the payload of a text.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="ArgumentException">The text is not well-formed Unicode (F1.5).</exception>
    public SharedPayload(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        (Chunk, IsText) = (new PayloadChunk(s_strictUtf8.GetBytes(text), this), true);
    }

    /// <summary>Makes a payload of bytes.</summary>
    /// <param name="bytes">The bytes; copied.</param>
    public SharedPayload(ReadOnlySpan<byte> bytes) => Chunk = new PayloadChunk(bytes.ToArray(), this);

    /// <summary>Gets the length in bytes.</summary>
    public int Length => Chunk.Used;

    /// <summary>Gets whether it is a text, in UTF-8.</summary>
    public bool IsText { get; }

    internal PayloadChunk Chunk { get; }

    /// <summary>Gets or sets who counts how many sessions hold it; null for nobody. Set before any session is given it.</summary>
    public IPayloadHolders? Holders { get; set; }
}
