namespace Eit.Simulation.Exhaustive;

/// <summary>One direction of a transport.</summary>
internal struct DirectionState
{
    private PacketQueue _packets;

    internal int Count { get; private set; }

    /// <summary>Whether nothing more gets onto it: it is cut, or its last packet is a close.</summary>
    internal bool IsOver { get; set; }

    /// <summary>Whether the transport is cut: some of what is on the way may still arrive, then the loss is noticed.</summary>
    internal bool IsCut { get; set; }

    /// <summary>Whether nothing arrives any more, without a sign.</summary>
    internal bool IsStopped { get; set; }

    /// <summary>Whether the end that it leads to has left the transport.</summary>
    internal bool IsDone { get; private set; }

    internal readonly int First => _packets[0];

    internal readonly int this[int index] => _packets[index];

    internal void Add(int packet) => _packets[Count++] = packet;

    internal int Take()
    {
        int packet = _packets[0];
        for (int i = 1; i < Count; i++) { _packets[i - 1] = _packets[i]; }
        Count--;
        return packet;
    }

    internal void Finish() => (Count, IsOver, IsCut, IsStopped, IsDone) = (0, true, false, false, true);

    internal void Cut()
    {
        if (!IsDone) { (IsOver, IsCut, IsStopped) = (true, true, false); }
    }
}
