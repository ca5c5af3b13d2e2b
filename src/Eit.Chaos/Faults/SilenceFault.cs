namespace Eit.Chaos.Faults;

/// <summary>New connections are accepted and then not served: the upstream is not dialled, and nothing is answered, as long as the fault is there.</summary>
public sealed record SilenceFault : ChaosFault
{
    /// <inheritdoc/>
    public override string Kind => "silence";

    internal override bool IsSilent => true;

    internal override ChaosFault Describe(FaultFields fields) => this;
}
