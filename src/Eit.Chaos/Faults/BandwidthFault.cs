using Eit.Backoff;

namespace Eit.Chaos.Faults;

/// <summary>No more than so many bytes a second leave.</summary>
public sealed record BandwidthFault : DirectedFault
{
    private static readonly TimeSpan s_quantum = TimeSpan.FromMilliseconds(50);

    /// <inheritdoc/>
    public override string Kind => "bandwidth";

    /// <summary>Gets the bytes that leave in a second.</summary>
    /// <value>Default 65,536; 1 to 2^40.</value>
    public long BytesPerSecond { get; init; } = 64 * 1024;

    internal override DirectedFault DescribeRest(FaultFields fields) => this with { BytesPerSecond = fields.Whole("bytesPerSecond", BytesPerSecond, 1, 1L << 40) };

    internal override FlowFault MakeFlow(IJitter chance) => new Flow(BytesPerSecond);

    private sealed class Flow(long bytesPerSecond) : FlowFault
    {
        private TimeSpan _freeAt;

        internal override int Allow(int count) => (int)Math.Clamp((long)(bytesPerSecond * s_quantum.TotalSeconds), 1, count);

        internal override TimeSpan Passed(int count, TimeSpan now)
        {
            // A timer that rings late is made up for, and a rest of the line is not.
            if (_freeAt < now - s_quantum) { _freeAt = now - s_quantum; }
            _freeAt += TimeSpan.FromSeconds(count / (double)bytesPerSecond);
            return _freeAt > now ? _freeAt - now : TimeSpan.Zero;
        }
    }
}
