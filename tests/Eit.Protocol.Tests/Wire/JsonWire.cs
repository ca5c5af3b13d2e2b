using System.Text;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

/// <summary>Reads and writes whole messages of the JSON encoding, and shows frames as text that can be compared.</summary>
internal static class JsonWire
{
    /// <summary>Writes some frames into one message.</summary>
    internal static string Write(params Action<FrameWriter>[] frames)
    {
        var writer = new JsonFrameWriter();
        writer.Begin();
        foreach (Action<FrameWriter> write in frames) { write(writer); }
        return Encoding.UTF8.GetString(writer.End().Span);
    }

    /// <summary>Reads a message and shows what came of it: one line per frame, or the violation.</summary>
    internal static string[] Read(string message) => Read(Encoding.UTF8.GetBytes(message));

    /// <inheritdoc cref="Read(string)"/>
    internal static string[] Read(ReadOnlyMemory<byte> message) => Read(new JsonFrameReader(), message, new FrameBatch());

    /// <inheritdoc cref="Read(string)"/>
    internal static string[] Read(FrameReader reader, ReadOnlyMemory<byte> message, FrameBatch frames)
    {
        Violation? violation = reader.Read(message, isText: true, frames);
        return violation is null ? [.. Enumerable.Range(0, frames.Count).Select(i => Show(frames[i]))] : [$"{violation.Code} {violation.Clause}"];
    }

    /// <summary>Reads a message in the general way, which a space before it leaves alone to be used.</summary>
    internal static string[] ReadGenerally(ReadOnlyMemory<byte> message) => Read((byte[])[(byte)' ', .. message.Span]);

    /// <summary>Reads a message of one frame that is known to be legal.</summary>
    internal static Frame ReadOne(string message)
    {
        var frames = new FrameBatch();
        Assert.Null(new JsonFrameReader().Read(Encoding.UTF8.GetBytes(message), isText: true, frames));
        Assert.Equal(1, frames.Count);
        return frames[0];
    }

    /// <summary>Reads a message that is known to be a violation.</summary>
    internal static Violation ReadViolation(string message) => ReadViolation(Encoding.UTF8.GetBytes(message));

    /// <inheritdoc cref="ReadViolation(string)"/>
    internal static Violation ReadViolation(ReadOnlyMemory<byte> message)
    {
        Violation? violation = new JsonFrameReader().Read(message, isText: true, new FrameBatch());
        Assert.True(violation is not null, $"This was taken for legal: {Encoding.UTF8.GetString(message.Span)}");
        return violation;
    }

    /// <summary>Fails unless a message is malformed, read in the fast or in the general way.</summary>
    internal static void AssertMalformed(string message) => AssertMalformed(Encoding.UTF8.GetBytes(message));

    /// <inheritdoc cref="AssertMalformed(string)"/>
    internal static void AssertMalformed(ReadOnlyMemory<byte> message)
    {
        Assert.Equal(CloseCode.Malformed, ReadViolation(message).Code);
        Assert.Equal(CloseCode.Malformed, ReadViolation((byte[])[(byte)' ', .. message.Span]).Code);
    }

    /// <summary>Shows everything that a frame says; two frames that say the same look the same.</summary>
    internal static string Show(in Frame frame) =>
        $"{frame.Type} {frame.Number} lane {frame.Lane} kind {frame.Kind} {(frame.IsText ? "text" : "bin")} "
        + $"{(frame.HasMore ? "more " : "")}{(frame.IsPrompt ? "prompt " : "")}{(frame.WantsAck ? "ack " : "")}{frame.Life} at {frame.WrittenAt} [{Convert.ToHexString(frame.Payload.Span)}] {(frame.Body is Ack ack ? Show(ack) : frame.Body)}";

    private static string Show(Ack ack) => $"{ack.Received} {ack.Processed} {ack.Credit} expired [{string.Join(' ', ack.Expired)}] known {ack.Known} failed [{string.Join(' ', ack.Failed)}]";
}
