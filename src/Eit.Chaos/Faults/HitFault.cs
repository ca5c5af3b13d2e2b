using Eit.Backoff;

namespace Eit.Chaos.Faults;

/// <summary>A fault that applies to a connection, and what it remembers of it.</summary>
internal sealed class HitFault
{
    private HitFault(ActiveFault active, double chance, TimeSpan metAt, FlowFault? up, FlowFault? down)
    {
        (Active, Chance, MetAt, Up, Down) = (active, chance, metAt, up, down);
    }

    internal ActiveFault Active { get; }

    internal ChaosFault Fault => Active.Fault;

    /// <summary>Gets what was drawn for the connection as a whole.</summary>
    internal double Chance { get; }

    internal TimeSpan MetAt { get; }

    internal FlowFault? Up { get; }

    internal FlowFault? Down { get; }

    /// <summary>Draws whether a fault applies to a connection; null if it does not. Everything drawn follows from the seed and the numbers of the two.</summary>
    internal static HitFault? Meet(ActiveFault active, ulong seed, int connection, TimeSpan now)
    {
        SeededJitter whole = Jitter(seed, active.Ordinal, connection, 0);
        if (whole.Next() >= active.Fault.Toxicity) { return null; }
        FlowFault? up = active.Fault.FlowFor(ChaosDirection.Up, Jitter(seed, active.Ordinal, connection, 1));
        FlowFault? down = active.Fault.FlowFor(ChaosDirection.Down, Jitter(seed, active.Ordinal, connection, 2));
        return new HitFault(active, whole.Next(), now, up, down);
    }

    // The bits of each number are scrambled before the next comes in, so that neighbours have nothing in common.
    private static SeededJitter Jitter(ulong seed, params ReadOnlySpan<int> numbers)
    {
        foreach (int number in numbers) { seed = new SeededJitter(seed ^ (ulong)number).NextBits(); }
        return new SeededJitter(seed);
    }
}
