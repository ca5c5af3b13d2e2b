namespace Eit.Chaos.Faults;

/// <summary>Nobody listens: new connections are refused. Those there are go on.</summary>
public sealed record RefuseFault : ChaosFault
{
    /// <inheritdoc/>
    public override string Kind => "refuse";

    internal override bool Refuses => true;

    internal override string? Contradiction => Toxicity < 1 ? "refuse applies to all connections: to a share of them, use reset." : null;

    internal override ChaosFault Describe(FaultFields fields) => this;
}
