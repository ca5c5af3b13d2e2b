using System.Numerics;
using System.Runtime.CompilerServices;

namespace Eit.Protocol.Wire;

/// <summary>Numbers of the binary encoding (B1.2): seven bits a byte, the lowest first, the top bit set on all bytes but the last.</summary>
internal static class Varint
{
    /// <summary>The most bytes that a number takes.</summary>
    internal const int BytesMax = 8;

    /// <summary>Tells how many bytes a number takes.</summary>
    /// <param name="value">0 to <see cref="WireLimits.NumberMax"/>.</param>
    internal static int Size(long value) => (BitOperations.Log2((ulong)value | 1) / 7) + 1;

    /// <summary>Writes a number.</summary>
    /// <param name="to">At least <see cref="Size"/> bytes.</param>
    /// <param name="value">0 to <see cref="WireLimits.NumberMax"/>.</param>
    /// <returns>How many bytes it took.</returns>
    internal static int Write(Span<byte> to, long value)
    {
        int at = 0;
        while (value > 0x7F)
        {
            to[at++] = (byte)(value | 0x80);
            value >>= 7;
        }
        to[at] = (byte)value;
        return at + 1;
    }

    /// <summary>Reads a number.</summary>
    /// <param name="bytes">Where from.</param>
    /// <param name="at">Its place; -1 if what stood before it was not legal.</param>
    /// <param name="value">The number.</param>
    /// <returns>The place behind it; -1 if it is cut off, longer than it has to be, or above <see cref="WireLimits.NumberMax"/>.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Read(ReadOnlySpan<byte> bytes, int at, out long value)
    {
        if ((uint)at < (uint)bytes.Length && bytes[at] <= 0x7F)
        {
            value = bytes[at];
            return at + 1;
        }
        return ReadLong(bytes, at, out value);
    }

    /// <remarks>Byte by byte: numbers of one sort are equally long, so that the processor guesses where each ends, and need not wait for it.</remarks>
    private static int ReadLong(ReadOnlySpan<byte> bytes, int at, out long value)
    {
        long gathered = 0;
        for (int shift = 0; shift < 7 * BytesMax && (uint)at < (uint)bytes.Length; shift += 7)
        {
            byte part = bytes[at++];
            gathered |= (long)(part & 0x7F) << shift;
            if (part > 0x7F) { continue; }
            value = gathered;
            return part != 0 && gathered <= WireLimits.NumberMax ? at : -1;   // A last byte of 0 adds nothing: the number is longer than it has to be.
        }
        value = 0;
        return -1;
    }
}
