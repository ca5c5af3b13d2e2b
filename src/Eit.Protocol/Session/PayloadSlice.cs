using System.Diagnostics;

namespace Eit.Protocol.Session;

/// <summary>A part of a chunk; its holder is one owner of the chunk.</summary>
internal readonly record struct PayloadSlice(PayloadChunk? Chunk, int Offset, int Length)
{
    internal ReadOnlySpan<byte> Span => Chunk is null ? default : Chunk.Array.AsSpan(Offset, Length);

    internal ReadOnlyMemory<byte> Memory => Chunk is null ? default : Chunk.Array.AsMemory(Offset, Length);

    /// <summary>Makes another owner's slice of a part of this one.</summary>
    internal PayloadSlice Share(int offset, int length)
    {
        Chunk?.Retain();
        return new PayloadSlice(Chunk, Offset + offset, length);
    }

    /// <summary>Lets who keeps what is only lent find that out, where it is being debugged.</summary>
    [Conditional("DEBUG")]
    internal void Overwrite() => Chunk?.Array.AsSpan(Offset, Length).Fill(0xEE);

    internal void Release() => Chunk?.Release();

    /// <summary>Gets whether other sessions hold the same payload.</summary>
    internal bool IsShared => Chunk is { Shared: not null };

    /// <summary>The message that it is of, or the last piece of it, is through: a payload that many sessions share is held by one less.</summary>
    internal void LetGo() => Chunk?.Shared?.Holders?.LetGo();
}
