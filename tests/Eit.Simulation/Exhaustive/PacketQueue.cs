using System.Runtime.CompilerServices;

namespace Eit.Simulation.Exhaustive;

/// <summary>The packets on the way in one direction, by value.</summary>
[InlineArray(Capacity)]
internal struct PacketQueue
{
    internal const int Capacity = 15;                              // What four bits of a written state can count.

    private int _first;
}
