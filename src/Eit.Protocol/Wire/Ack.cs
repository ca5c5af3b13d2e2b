namespace Eit.Protocol.Wire;

/// <summary>The body of an ack frame.</summary>
public sealed record Ack
{
    /// <summary>Gets or sets the highest number up to which everything is here.</summary>
    public long Received { get; set; }

    /// <summary>Gets or sets, per lane, the highest number whose message has been processed.</summary>
    public LaneMarks Processed { get; set; }

    /// <summary>Gets or sets the numbers of the messages that were not handed over because their life had ended (D2.4); at most <see cref="WireLimits.UnhandledMax"/>.</summary>
    public IReadOnlyList<long> Expired { get; set; } = [];

    /// <summary>Gets or sets the numbers of the messages whose handler has thrown, or that have none (D5.1); with those that have expired at most <see cref="WireLimits.UnhandledMax"/>.</summary>
    public IReadOnlyList<long> Failed { get; set; } = [];

    /// <summary>Gets or sets how many of its own messages the end has been told as expired or failed, in all; null if it was told of none since its last ack.</summary>
    public long? Known { get; set; }

    /// <summary>Gets or sets how much the other end may send in all.</summary>
    public Credit Credit { get; set; }
}
