using System.Buffers.Binary;

namespace Eit.Chaos.Frames;

/// <summary>The header of a WebSocket frame (RFC 6455, 5.2), and where its payload stands.</summary>
/// <param name="Opcode">0 a further part of a message, 1 text, 2 binary, 8 and more control.</param>
/// <param name="IsFinal">Whether it is the last of its message.</param>
/// <param name="IsPlain">Whether no extension has changed it.</param>
/// <param name="Mask">The mask; null if there is none.</param>
/// <param name="PayloadAt">How long the header is.</param>
/// <param name="PayloadBytes">How long the payload is.</param>
internal readonly record struct WebSocketFrame(int Opcode, bool IsFinal, bool IsPlain, uint? Mask, int PayloadAt, long PayloadBytes)
{
    internal const int OpcodeText = 1;
    internal const int OpcodeBinary = 2;
    internal const int OpcodeClose = 8;

    private const int HeaderBytesMax = 14;

    internal bool IsControl => Opcode >= OpcodeClose;

    internal long Length => PayloadAt + PayloadBytes;

    /// <summary>Reads a header; false if it is not complete.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> bytes, out WebSocketFrame frame)
    {
        frame = default;
        if (bytes.Length < 2) { return false; }
        bool isMasked = (bytes[1] & 0x80) != 0;
        int shortLength = bytes[1] & 0x7F;
        int lengthBytes = shortLength switch { 126 => 2, 127 => 8, _ => 0 };
        int payloadAt = 2 + lengthBytes + (isMasked ? 4 : 0);
        if (bytes.Length < payloadAt) { return false; }
        long length = lengthBytes switch { 2 => BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]), 8 => BinaryPrimitives.ReadInt64BigEndian(bytes[2..]) & long.MaxValue, _ => shortLength };
        uint? mask = isMasked ? BinaryPrimitives.ReadUInt32BigEndian(bytes[(payloadAt - 4)..]) : null;
        frame = new WebSocketFrame(bytes[0] & 0x0F, (bytes[0] & 0x80) != 0, (bytes[0] & 0x70) == 0, mask, payloadAt, length);
        return true;
    }

    /// <summary>Writes a whole message as one frame.</summary>
    internal static byte[] Write(int opcode, ReadOnlySpan<byte> payload, uint? mask, out int payloadAt)
    {
        Span<byte> header = stackalloc byte[HeaderBytesMax];
        header[0] = (byte)(0x80 | opcode);
        int at = 2;
        if (payload.Length < 126) { header[1] = (byte)payload.Length; }
        else if (payload.Length <= ushort.MaxValue)
        {
            header[1] = 126;
            BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)payload.Length);
            at = 4;
        }
        else
        {
            header[1] = 127;
            BinaryPrimitives.WriteInt64BigEndian(header[2..], payload.Length);
            at = 10;
        }
        if (mask is { } key)
        {
            header[1] |= 0x80;
            BinaryPrimitives.WriteUInt32BigEndian(header[at..], key);
            at += 4;
        }
        byte[] frame = [.. header[..at], .. payload];
        if (mask is { } applied) { Apply(applied, frame.AsSpan(at)); }
        payloadAt = at;
        return frame;
    }

    /// <summary>Masks bytes, or takes the mask off.</summary>
    internal static void Apply(uint mask, Span<byte> payload)
    {
        for (int i = 0; i < payload.Length; i++) { payload[i] ^= (byte)(mask >> (24 - (8 * (i % 4)))); }
    }
}
