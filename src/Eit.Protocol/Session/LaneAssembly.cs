using Eit.Backoff;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>The message of a lane of which pieces are still missing (F2.5).</summary>
internal sealed class LaneAssembly(byte kind, bool isText, Instant begunAt)
{
    private byte[] _buffer = [];

    internal int Length { get; private set; }

    /// <summary>Gets the memory that it takes.</summary>
    internal int BufferBytes => _buffer.Length;

    internal ReadOnlySpan<byte> Payload => _buffer.AsSpan(0, Length);

    /// <summary>Since when it has made no progress, for all that is known here.</summary>
    internal Instant StandsSince { get; private set; } = begunAt;

    /// <summary>Whether it has once been found standing for too long.</summary>
    internal bool IsSuspicious { get; private set; }

    /// <summary>Hands the payload over, complete, with its memory.</summary>
    internal PayloadSlice ToSlice() => new(new PayloadChunk(_buffer), 0, Length);

    internal bool Fits(in Frame piece) => piece.Kind == kind && piece.IsText == isText;

    internal void Add(ReadOnlySpan<byte> part, Instant now)
    {
        if (_buffer.Length - Length < part.Length) { Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, Length + part.Length)); }
        part.CopyTo(_buffer.AsSpan(Length));
        Length += part.Length;
        if (part.Length > 0) { Stand(now, isSuspicious: false); }   // An empty piece is no progress.
    }

    /// <summary>Begins to count anew.</summary>
    internal void Stand(Instant now, bool isSuspicious) => (StandsSince, IsSuspicious) = (now, isSuspicious);
}
