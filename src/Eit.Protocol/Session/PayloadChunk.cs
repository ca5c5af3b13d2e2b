using System.Buffers;
using System.Diagnostics;

namespace Eit.Protocol.Session;

/// <summary>A pooled array that payloads share; goes back when the last of them is released.</summary>
internal sealed class PayloadChunk(int bytes)
{
    private int _owners = 1;

    internal byte[] Array { get; private set; } = ArrayPool<byte>.Shared.Rent(bytes);

    internal int Used { get; set; }

    internal void Retain() => _owners++;

    internal void Release()
    {
        Debug.Assert(_owners > 0, "A chunk is released once by each owner.");
        if (--_owners > 0) { return; }
        ArrayPool<byte>.Shared.Return(Array);
        Array = [];
    }
}
