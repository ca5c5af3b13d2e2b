namespace Eit.Link;

/// <summary>A message that has come in, to be read. It owns its memory.</summary>
/// <param name="Text">The text; null if it is a message of bytes.</param>
/// <param name="Bytes">The bytes; empty if it is a text.</param>
public readonly record struct EitMessage(string? Text, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Gets whether it is a text; else bytes.</summary>
    public bool IsText => Text is not null;
}
