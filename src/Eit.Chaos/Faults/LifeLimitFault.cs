namespace Eit.Chaos.Faults;

/// <summary>Each connection is closed at an age, as a gateway closes it.</summary>
public sealed record LifeLimitFault : ChaosFault
{
    /// <inheritdoc/>
    public override string Kind => "life-limit";

    /// <summary>Gets the age, from the moment at which the connection is accepted.</summary>
    /// <value>Default 1 min; 1 ms to 24 h.</value>
    public TimeSpan Limit { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Gets how much older it may become, drawn evenly.</summary>
    /// <value>Default 0; 0 to 24 h.</value>
    public TimeSpan Jitter { get; init; }

    /// <summary>Gets how it is ended.</summary>
    /// <value>Default <see cref="CutWay.Close"/>.</value>
    public CutWay Way { get; init; } = CutWay.Close;

    internal override CutWay EndsBy => Way;

    internal override ChaosFault Describe(FaultFields fields) => this with
    {
        Limit = fields.Time("limit", Limit, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(24)),
        Jitter = fields.Time("jitter", Jitter, TimeSpan.Zero, TimeSpan.FromHours(24)),
        Way = fields.Word("way", Way),
    };

    internal override TimeSpan? EndsAt(in ConnectionTimes times, double chance) => times.OpenedAt + Limit + (Jitter * chance);
}
