using System.Buffers;
using System.Diagnostics;

namespace Eit.Protocol.Session;

/// <summary>An array that payloads lie in: pooled, and given back when the last of them is released, or one that several sessions refer to and nobody gives back.</summary>
internal sealed class PayloadChunk
{
    private readonly bool _isPooled;
    private int _owners = 1;

    /// <summary>Rents a chunk.</summary>
    /// <param name="bytes">How long it is at least.</param>
    internal PayloadChunk(int bytes) => (Array, _isPooled) = (ArrayPool<byte>.Shared.Rent(bytes), true);

    /// <summary>Makes a chunk that sessions under different locks may refer to: nothing of it changes.</summary>
    /// <param name="payload">What is in it; not written to any more.</param>
    internal PayloadChunk(byte[] payload) => (Array, Used) = (payload, payload.Length);

    internal byte[] Array { get; private set; }

    internal int Used { get; set; }

    internal void Retain()
    {
        if (_isPooled) { _owners++; }
    }

    internal void Release()
    {
        if (!_isPooled) { return; }
        Debug.Assert(_owners > 0, "A chunk is released once by each owner.");
        if (--_owners > 0) { return; }
        ArrayPool<byte>.Shared.Return(Array);
        Array = [];
    }
}
