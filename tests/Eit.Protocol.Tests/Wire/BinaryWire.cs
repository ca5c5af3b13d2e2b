using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

/// <summary>Reads and writes whole messages of the binary encoding, as hexadecimal digits with spaces anywhere.</summary>
internal static class BinaryWire
{
    /// <summary>Writes some frames into one message.</summary>
    internal static byte[] Write(params Action<FrameWriter>[] frames)
    {
        var writer = new BinaryFrameWriter();
        writer.Begin();
        foreach (Action<FrameWriter> write in frames) { write(writer); }
        return writer.End().ToArray();
    }

    internal static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", string.Empty, StringComparison.Ordinal));

    internal static string Hex(byte[] bytes) => Convert.ToHexString(bytes);

    /// <summary>Reads a message and shows what came of it: one line per frame, or the violation.</summary>
    internal static string[] Read(string hex) => Read(Bytes(hex));

    /// <inheritdoc cref="Read(string)"/>
    internal static string[] Read(ReadOnlyMemory<byte> message) => Read(new BinaryFrameReader(), message, new FrameBatch());

    /// <inheritdoc cref="Read(string)"/>
    internal static string[] Read(BinaryFrameReader reader, ReadOnlyMemory<byte> message, FrameBatch frames)
    {
        Violation? violation = reader.Read(message, isText: false, frames);
        return violation is null ? [.. Enumerable.Range(0, frames.Count).Select(i => JsonWire.Show(frames[i]))] : [$"{violation.Code} {violation.Clause}"];
    }

    /// <summary>Reads a message of one frame that is known to be legal.</summary>
    internal static Frame ReadOne(ReadOnlyMemory<byte> message)
    {
        var frames = new FrameBatch();
        Assert.Null(new BinaryFrameReader().Read(message, isText: false, frames));
        Assert.Equal(1, frames.Count);
        return frames[0];
    }

    /// <inheritdoc cref="ReadOne(ReadOnlyMemory{byte})"/>
    internal static Frame ReadOne(string hex) => ReadOne(Bytes(hex));

    /// <summary>Fails unless a message is malformed, by a clause.</summary>
    internal static void AssertMalformed(string clause, string hex) => AssertMalformed(clause, Bytes(hex));

    /// <inheritdoc cref="AssertMalformed(string, string)"/>
    internal static void AssertMalformed(string clause, ReadOnlyMemory<byte> message)
    {
        Violation? violation = new BinaryFrameReader().Read(message, isText: false, new FrameBatch());
        Assert.Equal((Convert.ToHexString(message.Span), CloseCode.Malformed, clause), (Convert.ToHexString(message.Span), violation?.Code, violation?.Clause));
    }

    /// <summary>Puts its length before what follows it in a frame.</summary>
    internal static byte[] Framed(params byte[] frame)
    {
        byte[] length = new byte[8];
        int count = Varint.Write(length, frame.Length);
        return [.. length[..count], .. frame];
    }
}
