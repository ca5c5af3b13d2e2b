using Eit.Backoff;

namespace Eit.Chaos.Faults;

/// <summary>A connection is ended: at once, after a time, after a number of bytes, or in the middle of what comes next.</summary>
/// <remarks>Its kinds are <c>reset</c> and <c>close</c>, after <see cref="Way"/>.</remarks>
public sealed record CutFault : DirectedFault
{
    /// <inheritdoc/>
    public override string Kind => Way == CutWay.Reset ? "reset" : "close";

    /// <summary>Gets how it is ended.</summary>
    /// <value>Default <see cref="CutWay.Reset"/>.</value>
    public CutWay Way { get; init; }

    /// <summary>Gets how long after the fault has met the connection (at its opening, or when the fault was set).</summary>
    /// <value>Default 0, at once; 0 to 24 h.</value>
    public TimeSpan After { get; init; }

    /// <summary>Gets how many bytes of one direction pass before it.</summary>
    /// <value>Default 0: the time decides; 0 to 2^40.</value>
    public long AfterBytes { get; init; }

    /// <summary>Gets whether it is cut in the middle of the next bytes that come together, at a place that is drawn: at least one of them passes, and the last does not.</summary>
    /// <value>Default false.</value>
    public bool Midway { get; init; }

    internal override string? Contradiction
    {
        get
        {
            int triggers = (After > TimeSpan.Zero ? 1 : 0) + (AfterBytes > 0 ? 1 : 0) + (Midway ? 1 : 0);
            if (triggers > 1) { return "Of after, afterBytes and midway only one can decide."; }
            return Direction != ChaosDirection.Both && AfterBytes == 0 && !Midway ? "direction goes with afterBytes and midway only: a cut ends both directions." : null;
        }
    }

    internal override CutWay EndsBy => Way;

    internal override DirectedFault DescribeRest(FaultFields fields) => this with
    {
        After = fields.Time("after", After, TimeSpan.Zero, TimeSpan.FromHours(24)),
        AfterBytes = fields.Whole("afterBytes", AfterBytes, 0, 1L << 40),
        Midway = fields.Flag("midway", Midway),
    };

    internal override TimeSpan? EndsAt(in ConnectionTimes times, double chance) => AfterBytes > 0 || Midway ? null : times.MetAt + After;

    internal override FlowFault? MakeFlow(IJitter chance) => Midway ? new MidwayFlow(chance) : AfterBytes > 0 ? new CountingFlow(AfterBytes) : null;

    private sealed class CountingFlow(long left) : FlowFault
    {
        private long _left = left;

        internal override bool Cuts => _left <= 0;

        internal override int Allow(int count) => (int)Math.Clamp(_left, 1, count);

        internal override TimeSpan Passed(int count, TimeSpan now)
        {
            _left -= count;
            return TimeSpan.Zero;
        }
    }

    private sealed class MidwayFlow(IJitter chance) : FlowFault
    {
        private readonly double _part = chance.Next();
        private bool _isDue;

        internal override bool Cuts => _isDue;

        internal override int Allow(int count)
        {
            _isDue = count > 1;                                    // A single byte has no middle: it passes, and the next ones are waited for.
            return _isDue ? 1 + (int)(_part * (count - 1)) : count;
        }
    }
}
