namespace Eit.Protocol.Wire;

/// <summary>Reads the frames of one WebSocket message. One per encoding; keeps no state between messages.</summary>
public abstract class FrameReader
{
    /// <summary>Reads a message.</summary>
    /// <param name="message">The complete message; lent to the frames of <paramref name="frames"/>.</param>
    /// <param name="isText">Whether it came as a text message.</param>
    /// <param name="frames">Receives the frames; cleared first.</param>
    /// <returns>Null, or what is wrong with the message.</returns>
    public abstract Violation? Read(ReadOnlyMemory<byte> message, bool isText, FrameBatch frames);
}
