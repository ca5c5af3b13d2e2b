using Eit.Protocol.Wire;

namespace Eit.Fuzz;

/// <summary>Messages as lists of frames, and back.</summary>
internal static class Frames
{
    /// <summary>Reads a message into frames that belong to nobody else.</summary>
    /// <returns>The frames; null if the message is not legal.</returns>
    internal static List<Frame>? Copy(WireEncoding encoding, ReadOnlyMemory<byte> message)
    {
        var batch = new FrameBatch();
        if (WireEncodings.NewReader(encoding).Read(message.ToArray(), encoding == WireEncoding.Json, batch) is not null) { return null; }
        var frames = new List<Frame>(batch.Count);
        for (int i = 0; i < batch.Count; i++) { frames.Add(batch[i]); }
        return frames;
    }

    internal static byte[] Write(WireEncoding encoding, IEnumerable<Frame> frames)
    {
        FrameWriter writer = WireEncodings.NewWriter(encoding);
        writer.Begin();
        foreach (Frame frame in frames) { Write(writer, in frame); }
        byte[] message = writer.End().ToArray();
        writer.Release();
        return message;
    }

    internal static byte[] Write(FrameWriter writer, FrameBatch frames)
    {
        writer.Begin();
        for (int i = 0; i < frames.Count; i++) { Write(writer, in frames[i]); }
        return writer.End().ToArray();
    }

    private static void Write(FrameWriter writer, in Frame frame)
    {
        switch (frame.Body)
        {
            case Ack ack: writer.WriteAck(ack.Received, ack.Processed, ack.Credit, ack.Expired.ToArray(), ack.Known, ack.Failed.ToArray()); break;
            case Hello hello: writer.WriteHello(hello); break;
            case Welcome welcome: writer.WriteWelcome(welcome); break;
            case Resend resend: writer.WriteResend(frame.Number, resend); break;
            case CycleRequest request: writer.WriteCycle(request); break;
            case Terms terms: writer.WriteTerms(terms); break;
            case CloseNotice notice: writer.WriteClose(notice, frame.Number); break;
            case null when frame.Type == FrameType.Data: writer.WriteData(in frame, frame.Payload.Span); break;
            default: writer.WriteNumber(frame.Type, frame.Number); break;
        }
    }
}
