using Eit.Backoff;
using Eit.Chaos.Flows;

namespace Eit.Chaos.Faults;

/// <summary>That one end has ended its stream is passed on later.</summary>
public sealed record SlowCloseFault : DirectedFault
{
    /// <inheritdoc/>
    public override string Kind => "slow-close";

    /// <summary>Gets how much later.</summary>
    /// <value>Default 1 s; 0 to 1 h.</value>
    public TimeSpan Delay { get; init; } = TimeSpan.FromSeconds(1);

    internal override DirectedFault DescribeRest(FaultFields fields) => this with { Delay = fields.Time("delay", Delay, TimeSpan.Zero, TimeSpan.FromHours(1)) };

    internal override FlowFault MakeFlow(IJitter chance) => new Flow(Delay);

    private sealed class Flow(TimeSpan delay) : FlowFault
    {
        internal override TimeSpan DelayOf(in Chunk chunk, long number) => chunk.Kind is ChunkKind.End or ChunkKind.Gone ? delay : TimeSpan.Zero;
    }
}
