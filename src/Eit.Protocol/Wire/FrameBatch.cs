namespace Eit.Protocol.Wire;

/// <summary>The frames of one WebSocket message, and the memory that they lend from. Reused from message to message.</summary>
public sealed class FrameBatch
{
    private readonly List<Ack> _acks = [];
    private Frame[] _frames = new Frame[16];
    private byte[] _scratch = [];
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
        (Count, _acksUsed, _scratchUsed) = (0, 0, 0);
    }

    /// <summary>Lets the memory go that an idle connection should not hold.</summary>
    public void Trim()
    {
        Clear();
        if (_frames.Length > 16) { _frames = new Frame[16]; }
        _scratch = [];
    }

    internal void Add(in Frame frame)
    {
        if (Count == _frames.Length) { Array.Resize(ref _frames, Count * 2); }
        _frames[Count++] = frame;
    }

    internal Ack NextAck()
    {
        if (_acksUsed == _acks.Count) { _acks.Add(new Ack()); }
        return _acks[_acksUsed++];
    }

    /// <summary>Lends memory for an unescaped or decoded payload; all of a message's fit into its own length.</summary>
    internal Memory<byte> Scratch(int bytes, int messageBytes)
    {
        if (_scratchUsed == 0 && _scratch.Length < messageBytes) { _scratch = new byte[messageBytes]; }
        Memory<byte> part = _scratch.AsMemory(_scratchUsed, bytes);
        _scratchUsed += bytes;
        return part;
    }
}
