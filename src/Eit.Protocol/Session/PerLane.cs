using System.Runtime.CompilerServices;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>One value per lane, inside the object that has them.</summary>
[InlineArray(LaneMarks.LaneCount)]
internal struct PerLane<T>
{
    private T _first;
}
