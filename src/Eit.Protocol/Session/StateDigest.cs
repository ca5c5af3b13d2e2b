using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Eit.Backoff;

namespace Eit.Protocol.Session;

/// <summary>A digest of a state, by which an exploration knows that it has been there. Moments count by how far from now they are.</summary>
internal sealed class StateDigest(Instant now)
{
    private ulong _low = 14695981039346656037;
    private ulong _high = 0x9E3779B97F4A7C15;

    internal UInt128 Value => new(_high, _low);

    internal void Add(params ReadOnlySpan<long> numbers)
    {
        foreach (long number in numbers) { Mix((ulong)number); }
    }

    internal void Add(bool one, bool two = false, bool three = false, bool four = false) =>
        Mix((one ? 1UL : 0) | (two ? 2UL : 0) | (three ? 4UL : 0) | (four ? 8UL : 0));

    internal void Add(UInt128 id) => Add((long)(ulong)id, (long)(ulong)(id >> 64));

    /// <summary>Adds a deadline, or another moment.</summary>
    internal void Add(Instant at) => Mix(at == Instant.Never ? ulong.MaxValue : (ulong)(at.Ticks - now.Ticks));

    /// <summary>Adds a moment that means nothing once it is past.</summary>
    internal void AddAhead(Instant at) => Mix((ulong)Math.Max(0, at.Ticks - now.Ticks));

    internal void Add(Instant? at) => Add(at ?? Instant.Never);

    internal void Add(TimeSpan time) => Mix((ulong)time.Ticks);

    internal void Add(ReadOnlySpan<byte> bytes)
    {
        Mix((ulong)bytes.Length);
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..]) { Mix(BinaryPrimitives.ReadUInt64LittleEndian(bytes)); }
        foreach (byte value in bytes) { Mix(value); }
    }

    internal void Add(ReadOnlySpan<char> text) => Add(MemoryMarshal.AsBytes(text));

    private void Mix(ulong number)
    {
        _low = (_low ^ number) * 1099511628211;
        _low ^= _low >> 32;
        _high = ulong.RotateLeft(_high ^ number, 23) * 0xBF58476D1CE4E5B9;
    }
}
