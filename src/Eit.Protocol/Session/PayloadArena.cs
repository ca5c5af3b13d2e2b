using System.Diagnostics;
using System.Text;

namespace Eit.Protocol.Session;

/// <summary>Keeps payloads side by side in pooled chunks, so that a message costs no allocation of its own.</summary>
internal sealed class PayloadArena
{
    private const int ChunkBytes = 32 * 1024;
    private const int SharedBytesMax = 8 * 1024;
    private const int SpareMax = 64;
    private Stack<PayloadChunk>? _spare;                           // Under load more are on their way than the shared pool keeps.
    private PayloadChunk? _current;

    /// <summary>Gets the bytes of the chunks in which nothing lies.</summary>
    internal int SpareBytes => (_spare?.Count ?? 0) * ChunkBytes;

    internal PayloadSlice Store(ReadOnlySpan<byte> payload)
    {
        PayloadChunk chunk = ChunkFor(payload.Length, out bool isShared);
        payload.CopyTo(chunk.Array.AsSpan(chunk.Used));
        return Cut(chunk, payload.Length, isShared);
    }

    /// <summary>Stores a text whose length in UTF-8 is known and which is known to be well formed.</summary>
    internal PayloadSlice Store(ReadOnlySpan<char> text, int utf8Bytes)
    {
        PayloadChunk chunk = ChunkFor(utf8Bytes, out bool isShared);
        int written = Encoding.UTF8.GetBytes(text, chunk.Array.AsSpan(chunk.Used));
        Debug.Assert(written == utf8Bytes, "The length was counted before.");
        return Cut(chunk, utf8Bytes, isShared);
    }

    /// <summary>Lets go what only traffic needs: an idle session holds no buffer.</summary>
    internal void Trim()
    {
        _current?.Release();
        _current = null;
        while (_spare is not null && _spare.TryPop(out PayloadChunk? spare)) { spare.GiveBack(); }
        _spare = null;
    }

    /// <summary>Keeps a chunk that nobody owns any more, for the next payloads.</summary>
    /// <returns>False if there are enough.</returns>
    internal bool TryKeep(PayloadChunk chunk)
    {
        if (_current is null || _spare?.Count == SpareMax) { return false; }   // Without a current one it has been trimmed.
        _spare ??= new Stack<PayloadChunk>();
        _spare.Push(chunk);
        return true;
    }

    private PayloadChunk ChunkFor(int bytes, out bool isShared)
    {
        isShared = bytes <= SharedBytesMax;
        if (!isShared) { return new PayloadChunk(bytes); }
        if (_current is { IsOwnedOnce: true }) { _current.Used = 0; }   // Nothing is in it any more.
        if (_current is null || _current.Array.Length - _current.Used < bytes)
        {
            _current?.Release();
            _current = NewChunk();
        }
        return _current;
    }

    private PayloadChunk NewChunk()
    {
        if (_spare is null || !_spare.TryPop(out PayloadChunk? chunk)) { return new PayloadChunk(ChunkBytes, this); }
        chunk.Reuse();
        return chunk;
    }

    private static PayloadSlice Cut(PayloadChunk chunk, int length, bool isShared)
    {
        if (isShared) { chunk.Retain(); }                          // The arena itself owns the current chunk too.
        var slice = new PayloadSlice(chunk, chunk.Used, length);
        chunk.Used += length;
        return slice;
    }
}
