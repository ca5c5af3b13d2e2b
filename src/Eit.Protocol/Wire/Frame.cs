namespace Eit.Protocol.Wire;

/// <summary>One frame as read from a transport.</summary>
/// <remarks>Its payload and body are lent by the <see cref="FrameBatch"/> that holds it, and valid until that is used again.</remarks>
public readonly record struct Frame
{
    /// <summary>Gets what the frame is.</summary>
    public FrameType Type { get; init; }

    /// <summary>Gets the lane of a data frame.</summary>
    public Lane Lane { get; init; }

    /// <summary>Gets the kind of a data frame (F2.2).</summary>
    public byte Kind { get; init; }

    /// <summary>Gets whether a data frame carries text; else bytes.</summary>
    public bool IsText { get; init; }

    /// <summary>Gets whether more pieces of the same message follow.</summary>
    public bool HasMore { get; init; }

    /// <summary>Gets whether the sender wants to hear at once when the message is processed (N2.5).</summary>
    public bool IsPrompt { get; init; }

    /// <summary>Gets whether the sender wants an acknowledgement at once (N2.6).</summary>
    public bool WantsAck { get; init; }

    /// <summary>Gets what is left of the life of a message, on its last piece (D2.3); null without an expiry.</summary>
    public TimeSpan? Life { get; init; }

    /// <summary>Gets what the sender's clock said when a frame with a life was written, in ms (D2.7); 0 if it did not say.</summary>
    public long WrittenAt { get; init; }

    /// <summary>Gets the number of a data frame, the last number of a switch or close, what was received of a resend, the id of a ping or pong.</summary>
    public long Number { get; init; }

    /// <summary>Gets the payload of a data frame: UTF-8 of a text, or bytes.</summary>
    public ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>Gets the text of a short data frame that is a whole message, made while nobody waits for it; null where <see cref="Payload"/> has to do.</summary>
    public string? Text { get; init; }

    /// <summary>Gets what else the frame says: <see cref="Wire.Hello"/>, <see cref="Wire.Welcome"/>, <see cref="Wire.Ack"/>, <see cref="Wire.Resend"/>, <see cref="CycleRequest"/>, <see cref="Wire.Terms"/>, <see cref="CloseNotice"/>.</summary>
    public object? Body { get; init; }
}
