namespace Eit.Protocol.Wire;

/// <summary>The body of an ack frame.</summary>
public sealed record Ack
{
    /// <summary>Gets or sets the highest number up to which everything is here.</summary>
    public long Received { get; set; }

    /// <summary>Gets or sets, per lane, the highest number whose message has been processed.</summary>
    public LaneMarks Processed { get; set; }

    /// <summary>Gets or sets how much the other end may send in all.</summary>
    public Credit Credit { get; set; }
}
