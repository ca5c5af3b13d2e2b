using System.Runtime.CompilerServices;

namespace Eit.Simulation.Exhaustive;

/// <summary>The packets on the way in one direction, by value.</summary>
[InlineArray(Capacity)]
internal struct PacketQueue
{
    internal const int Capacity = 16;

    private int _first;
}
