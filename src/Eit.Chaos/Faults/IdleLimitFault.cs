namespace Eit.Chaos.Faults;

/// <summary>A connection on which nothing comes from either side for a time is closed, as a load balancer closes it.</summary>
public sealed record IdleLimitFault : ChaosFault
{
    /// <inheritdoc/>
    public override string Kind => "idle-limit";

    /// <summary>Gets the time.</summary>
    /// <value>Default 1 min; 1 ms to 24 h.</value>
    public TimeSpan Limit { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Gets how it is ended.</summary>
    /// <value>Default <see cref="CutWay.Close"/>.</value>
    public CutWay Way { get; init; } = CutWay.Close;

    internal override CutWay EndsBy => Way;

    internal override ChaosFault Describe(FaultFields fields) => this with
    {
        Limit = fields.Time("limit", Limit, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(24)),
        Way = fields.Word("way", Way),
    };

    internal override TimeSpan? EndsAt(in ConnectionTimes times, double chance) => times.HeardAt + Limit;
}
