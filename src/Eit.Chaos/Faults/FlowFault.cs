using Eit.Chaos.Flows;

namespace Eit.Chaos.Faults;

/// <summary>What a fault does to the bytes of one direction of one connection. Called by that direction's writer alone.</summary>
internal abstract class FlowFault
{
    /// <summary>Gets whether nothing may leave.</summary>
    internal virtual bool Holds => false;

    /// <summary>Gets whether the connection is to be cut now, after what has passed.</summary>
    internal virtual bool Cuts => false;

    /// <summary>Gives how long after its arrival a chunk may leave; asked again with the same number, it gives the same.</summary>
    internal virtual TimeSpan DelayOf(in Chunk chunk, long number) => TimeSpan.Zero;

    /// <summary>Gives how many of the next bytes may leave in one write: 1 to all of them.</summary>
    internal virtual int Allow(int count) => count;

    /// <summary>Changes bytes that are about to leave.</summary>
    internal virtual void Touch(Span<byte> bytes)
    {
    }

    /// <summary>Is told what has left, and gives how long the next bytes have to wait.</summary>
    internal virtual TimeSpan Passed(int count, TimeSpan now) => TimeSpan.Zero;
}
