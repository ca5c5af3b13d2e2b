using Eit.Backoff;

namespace Eit.Chaos.Faults;

/// <summary>Nothing passes while the fault is there, neither bytes nor the end of a stream; TCP stays open on both sides.</summary>
/// <remarks>
/// As on a path that is gone for a while, what was sent meanwhile arrives when the fault is removed, as far as it has found room: nothing is ever missing from the middle of a stream.
/// With one direction only the connection is half-open. A connection whose ends are both gone is forgotten.
/// </remarks>
public sealed record BlackHoleFault : DirectedFault
{
    /// <inheritdoc/>
    public override string Kind => "black-hole";

    internal override DirectedFault DescribeRest(FaultFields fields) => this;

    internal override FlowFault MakeFlow(IJitter chance) => new Flow();

    private sealed class Flow : FlowFault
    {
        internal override bool Holds => true;
    }
}
