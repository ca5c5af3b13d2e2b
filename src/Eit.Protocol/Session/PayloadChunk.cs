using System.Buffers;
using System.Diagnostics;

namespace Eit.Protocol.Session;

/// <summary>An array that payloads lie in: pooled, and given back when the last of them is released, or one that several sessions refer to and nobody gives back.</summary>
internal sealed class PayloadChunk
{
    private readonly bool _isPooled;
    private readonly PayloadArena? _arena;
    private int _owners = 1;

    /// <summary>Rents a chunk.</summary>
    /// <param name="bytes">How long it is at least.</param>
    /// <param name="arena">Who may use it again when its last owner has released it; null for nobody.</param>
    internal PayloadChunk(int bytes, PayloadArena? arena = null) => (Array, _isPooled, _arena) = (ArrayPool<byte>.Shared.Rent(bytes), true, arena);

    /// <summary>Makes a chunk that sessions under different locks may refer to: nothing of it changes.</summary>
    /// <param name="payload">What is in it; not written to any more.</param>
    /// <param name="shared">What it belongs to, when several sessions do refer to it.</param>
    internal PayloadChunk(byte[] payload, SharedPayload? shared = null) => (Array, Used, Shared) = (payload, payload.Length, shared);

    /// <summary>Gets what it belongs to, when several sessions refer to it; null for a chunk of one session.</summary>
    internal SharedPayload? Shared { get; }

    internal byte[] Array { get; private set; }

    internal int Used { get; set; }

    /// <summary>Gets whether the caller, an owner, is the only one.</summary>
    internal bool IsOwnedOnce => _isPooled && _owners == 1;

    internal void Retain()
    {
        if (_isPooled) { _owners++; }
    }

    internal void Release()
    {
        if (!_isPooled) { return; }
        Debug.Assert(_owners > 0, "A chunk is released once by each owner.");
        if (--_owners == 0 && _arena?.TryKeep(this) != true) { GiveBack(); }
    }

    /// <summary>Begins anew, empty, with one owner.</summary>
    internal void Reuse() => (_owners, Used) = (1, 0);

    /// <summary>Gives the array of a chunk without owners back to the pool.</summary>
    internal void GiveBack()
    {
        ArrayPool<byte>.Shared.Return(Array);
        Array = [];
    }
}
