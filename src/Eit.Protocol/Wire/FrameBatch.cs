using System.Buffers;

namespace Eit.Protocol.Wire;

/// <summary>The frames of one WebSocket message, and the memory that they lend from. Reused from message to message.</summary>
public sealed class FrameBatch
{
    private const int FramesMin = 16;
    private const int FramesPooledMax = 1_024;                     // A batch of tiny frames must not fill the pool.
    private Frame[] _frames = [];                                  // Rented while frames come.
    private byte[] _scratch = [];
    private Ack? _firstAck;
    private List<Ack>? _moreAcks;
    private int _acksUsed;
    private int _scratchUsed;

    /// <summary>Gets how many frames there are.</summary>
    public int Count { get; private set; }

    /// <summary>Gets a frame.</summary>
    /// <param name="index">0 to <see cref="Count"/> - 1.</param>
    public ref readonly Frame this[int index] => ref _frames[index];

    /// <summary>Forgets all frames.</summary>
    public void Clear()
    {
        Array.Clear(_frames, 0, Count);
        if (Count > 0 && _acksUsed == 0) { _firstAck = null; }     // Keepalive has none.
        (Count, _acksUsed, _scratchUsed) = (0, 0, 0);
    }

    /// <summary>Lets the memory go that an idle connection should not hold.</summary>
    public void Trim()
    {
        Clear();
        ReturnFrames();
        (_frames, _scratch, _moreAcks) = ([], [], null);
    }

    internal void Add(in Frame frame)
    {
        if (Count == _frames.Length) { Grow(); }
        _frames[Count++] = frame;
    }

    internal Ack NextAck()
    {
        if (_acksUsed++ == 0) { return _firstAck ??= new Ack(); }
        List<Ack> acks = _moreAcks ??= [];
        if (_acksUsed - 2 == acks.Count) { acks.Add(new Ack()); }
        return acks[_acksUsed - 2];
    }

    /// <summary>Lends memory for an unescaped or decoded payload; all of a message's fit into its own length.</summary>
    internal Memory<byte> Scratch(int bytes, int messageBytes)
    {
        if (_scratchUsed == 0 && _scratch.Length < messageBytes) { _scratch = new byte[messageBytes]; }
        Memory<byte> part = _scratch.AsMemory(_scratchUsed, bytes);
        _scratchUsed += bytes;
        return part;
    }

    private void Grow()
    {
        int length = Math.Max(FramesMin, Count * 2);
        Frame[] larger = length <= FramesPooledMax ? ArrayPool<Frame>.Shared.Rent(length) : new Frame[length];
        _frames.AsSpan(0, Count).CopyTo(larger);
        Array.Clear(_frames, 0, Count);
        ReturnFrames();
        _frames = larger;
    }

    /// <summary>Gives the array back, which holds no frame any more.</summary>
    private void ReturnFrames()
    {
        if (_frames.Length is > 0 and <= FramesPooledMax) { ArrayPool<Frame>.Shared.Return(_frames); }
    }
}
