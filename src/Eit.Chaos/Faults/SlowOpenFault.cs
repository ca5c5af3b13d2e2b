namespace Eit.Chaos.Faults;

/// <summary>A connection waits after it is accepted, before the upstream is dialled.</summary>
public sealed record SlowOpenFault : ChaosFault
{
    /// <inheritdoc/>
    public override string Kind => "slow-open";

    /// <summary>Gets how long it waits.</summary>
    /// <value>Default 1 s; 0 to 1 h.</value>
    public TimeSpan Delay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets how much longer it may wait, drawn evenly.</summary>
    /// <value>Default 0; 0 to 1 h.</value>
    public TimeSpan Jitter { get; init; }

    internal override ChaosFault Describe(FaultFields fields) => this with
    {
        Delay = fields.Time("delay", Delay, TimeSpan.Zero, TimeSpan.FromHours(1)),
        Jitter = fields.Time("jitter", Jitter, TimeSpan.Zero, TimeSpan.FromHours(1)),
    };

    internal override TimeSpan OpenWait(double chance) => Delay + (Jitter * chance);
}
