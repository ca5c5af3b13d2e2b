using Eit.Backoff;

namespace Eit.Chaos.Faults;

/// <summary>Bytes leave in small writes.</summary>
public sealed record SlicerFault : DirectedFault
{
    /// <inheritdoc/>
    public override string Kind => "slicer";

    /// <summary>Gets how many bytes a write has on average.</summary>
    /// <value>Default 1; 1 to 1 MiB.</value>
    public long AverageBytes { get; init; } = 1;

    /// <summary>Gets how many bytes more or less a write may have; at least one it always has.</summary>
    /// <value>Default 0; 0 to 1 MiB.</value>
    public long VariationBytes { get; init; }

    /// <summary>Gets how long each write waits for the one before.</summary>
    /// <value>Default 0; 0 to 1 min.</value>
    public TimeSpan Delay { get; init; }

    internal override DirectedFault DescribeRest(FaultFields fields) => this with
    {
        AverageBytes = fields.Whole("averageBytes", AverageBytes, 1, 1024 * 1024),
        VariationBytes = fields.Whole("variationBytes", VariationBytes, 0, 1024 * 1024),
        Delay = fields.Time("delay", Delay, TimeSpan.Zero, TimeSpan.FromMinutes(1)),
    };

    internal override FlowFault MakeFlow(IJitter chance) => new Flow(this, chance);

    private sealed class Flow(SlicerFault fault, IJitter chance) : FlowFault
    {
        internal override int Allow(int count)
        {
            double size = fault.AverageBytes + (((2 * chance.Next()) - 1) * fault.VariationBytes);
            return (int)Math.Clamp(Math.Round(size), 1, count);
        }

        internal override TimeSpan Passed(int count, TimeSpan now) => fault.Delay;
    }
}
