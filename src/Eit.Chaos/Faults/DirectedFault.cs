using Eit.Backoff;

namespace Eit.Chaos.Faults;

/// <summary>A fault that may apply to one direction only.</summary>
public abstract record DirectedFault : ChaosFault
{
    private protected DirectedFault()
    {
    }

    /// <summary>Gets the direction.</summary>
    /// <value>Default <see cref="ChaosDirection.Both"/>.</value>
    public ChaosDirection Direction { get; init; } = ChaosDirection.Both;

    internal sealed override ChaosFault Describe(FaultFields fields) => DescribeRest(fields) with { Direction = fields.Word("direction", Direction) };

    internal abstract DirectedFault DescribeRest(FaultFields fields);

    internal sealed override FlowFault? FlowFor(ChaosDirection direction, IJitter chance) => Direction == ChaosDirection.Both || Direction == direction ? MakeFlow(chance) : null;

    /// <summary>Makes what the fault does to the bytes of one direction; null: nothing.</summary>
    internal abstract FlowFault? MakeFlow(IJitter chance);
}
