using Eit.Backoff;
using Eit.Chaos.Flows;

namespace Eit.Chaos.Faults;

/// <summary>What comes leaves later; the order stays. The end of the stream, too, comes later.</summary>
public sealed record LatencyFault : DirectedFault
{
    private const double ParetoShape = 1.5;
    private const double JittersMax = 20;

    /// <inheritdoc/>
    public override string Kind => "latency";

    /// <summary>Gets how long bytes take through the proxy.</summary>
    /// <value>Default 100 ms; 0 to 1 h.</value>
    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Gets how far the delay varies from one arrival to the next.</summary>
    /// <value>Default 0; 0 to 1 h.</value>
    public TimeSpan Jitter { get; init; }

    /// <summary>Gets how it varies.</summary>
    /// <value>Default <see cref="LatencyDistribution.Uniform"/>.</value>
    public LatencyDistribution Distribution { get; init; }

    internal override DirectedFault DescribeRest(FaultFields fields) => this with
    {
        Delay = fields.Time("delay", Delay, TimeSpan.Zero, TimeSpan.FromHours(1)),
        Jitter = fields.Time("jitter", Jitter, TimeSpan.Zero, TimeSpan.FromHours(1)),
        Distribution = fields.Word("distribution", Distribution),
    };

    internal override FlowFault MakeFlow(IJitter chance) => new Flow(this, chance);

    internal TimeSpan Draw(IJitter chance)
    {
        double jitters = Distribution switch
        {
            LatencyDistribution.Uniform => (2 * chance.Next()) - 1,
            LatencyDistribution.Normal => Math.Sqrt(-2 * Math.Log(1 - chance.Next())) * Math.Cos(2 * Math.PI * chance.Next()),
            LatencyDistribution.Pareto => Math.Min(JittersMax, Math.Pow(1 - chance.Next(), -1 / ParetoShape) - 1),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
        return TimeSpan.FromTicks((long)Math.Max(0, Delay.Ticks + (jitters * Jitter.Ticks)));
    }

    private sealed class Flow(LatencyFault fault, IJitter chance) : FlowFault
    {
        private long _number = -1;
        private TimeSpan _delay;

        internal override TimeSpan DelayOf(in Chunk chunk, long number)
        {
            if (number != _number) { (_number, _delay) = (number, fault.Draw(chance)); }
            return _delay;
        }
    }
}
