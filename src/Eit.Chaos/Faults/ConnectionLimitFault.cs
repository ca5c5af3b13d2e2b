namespace Eit.Chaos.Faults;

/// <summary>There are at most so many connections at once; another one is accepted and reset.</summary>
public sealed record ConnectionLimitFault : ChaosFault
{
    /// <inheritdoc/>
    public override string Kind => "connection-limit";

    /// <summary>Gets how many there may be.</summary>
    /// <value>Default 1; 0 to 100,000.</value>
    public long Connections { get; init; } = 1;

    internal override ChaosFault Describe(FaultFields fields) => this with { Connections = fields.Whole("connections", Connections, 0, 100_000) };

    internal override bool TurnsAway(int others) => others >= Connections;
}
