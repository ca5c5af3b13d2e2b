namespace Eit.Protocol.Wire;

/// <summary>Writes frames into one WebSocket message. One per transport; reused from message to message.</summary>
public abstract class FrameWriter
{
    /// <summary>Gets the bytes written since <see cref="Begin"/>.</summary>
    public abstract int Length { get; }

    /// <summary>Gets the frames written since <see cref="Begin"/>.</summary>
    public int FrameCount { get; protected set; }

    /// <summary>Gets whether messages of this encoding are text messages.</summary>
    public abstract bool IsText { get; }

    /// <summary>Begins a message.</summary>
    public abstract void Begin();

    /// <summary>Ends the message.</summary>
    /// <returns>The message; lent until <see cref="Begin"/> or <see cref="Release"/>.</returns>
    public abstract ReadOnlyMemory<byte> End();

    /// <summary>Gives the buffer back; the next <see cref="Begin"/> takes one again.</summary>
    public abstract void Release();

    /// <summary>Writes a hello frame.</summary>
    /// <param name="hello">What it says.</param>
    public abstract void WriteHello(Hello hello);

    /// <summary>Writes a welcome frame.</summary>
    /// <param name="welcome">What it says.</param>
    public abstract void WriteWelcome(Welcome welcome);

    /// <summary>Writes a data frame.</summary>
    /// <param name="piece">All but the payload; its own <see cref="Frame.Payload"/> is not looked at.</param>
    /// <param name="payload">The payload: UTF-8 cut between code points, or bytes.</param>
    public abstract void WriteData(in Frame piece, ReadOnlySpan<byte> payload);

    /// <summary>Writes an ack frame.</summary>
    /// <param name="received">The highest number up to which everything is here.</param>
    /// <param name="processed">What has been processed, per lane.</param>
    /// <param name="credit">How much the other end may send in all.</param>
    /// <param name="expired">The messages that were not handed over because their life had ended.</param>
    /// <param name="known">How many of its own this end has been told as expired or failed; null where that need not be said.</param>
    /// <param name="failed">The messages whose handler has thrown, or that have none.</param>
    public abstract void WriteAck(long received, LaneMarks processed, Credit credit, ReadOnlySpan<long> expired = default, long? known = null, ReadOnlySpan<long> failed = default);

    /// <summary>Writes a ping, pong or switch frame.</summary>
    /// <param name="type">Which.</param>
    /// <param name="number">Its id, or the last number.</param>
    public abstract void WriteNumber(FrameType type, long number);

    /// <summary>Writes a resend frame.</summary>
    /// <param name="received">What this end has received.</param>
    /// <param name="resend">What else it says.</param>
    public abstract void WriteResend(long received, Resend resend);

    /// <summary>Writes a cycle frame.</summary>
    /// <param name="request">What it says.</param>
    public abstract void WriteCycle(CycleRequest request);

    /// <summary>Writes a terms frame.</summary>
    /// <param name="terms">What it says.</param>
    public abstract void WriteTerms(Terms terms);

    /// <summary>Writes a close frame.</summary>
    /// <param name="notice">What it says.</param>
    /// <param name="last">The last number of this end's data.</param>
    public abstract void WriteClose(CloseNotice notice, long last);
}
