using Eit.Backoff;
using Eit.Protocol.Wire;

namespace Eit.Chaos.Faults;

/// <summary>Something is done to single frames of the Eit protocol: "drop the second ack", "cut after the first byte of welcome".</summary>
/// <remarks>
/// Needs a proxy with <see cref="ChaosProxyOptions.ReadsFrames"/>, and applies to connections whose beginning that proxy has seen. Frames are counted from the moment at which
/// the fault meets a connection. Of several rules the first that is due acts.
/// </remarks>
public sealed record FrameFault : DirectedFault
{
    /// <inheritdoc/>
    public override string Kind => "frame";

    /// <summary>Gets which frames it is about.</summary>
    /// <value>Default null: all.</value>
    public FrameType? Frame { get; init; }

    /// <summary>Gets which one of them, on each connection and in each direction, is the first to which something is done.</summary>
    /// <value>Default 1; 1 to 2^40.</value>
    public long Nth { get; init; } = 1;

    /// <summary>Gets how often something is done, over all connections of the proxy together.</summary>
    /// <value>Default 1; 0 is without end; at most 2^40.</value>
    public long Times { get; init; } = 1;

    /// <summary>Gets what is done.</summary>
    /// <value>Default <see cref="FrameAction.Drop"/>.</value>
    public FrameAction Action { get; init; }

    /// <summary>Gets how much later a frame arrives with <see cref="FrameAction.Delay"/>.</summary>
    /// <value>Default 1 s; 0 to 1 h.</value>
    public TimeSpan Delay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets how many bytes of a frame pass before <see cref="FrameAction.Cut"/>. If that is all of it, it arrives; if not, what came before it in the same WebSocket message is lost too.</summary>
    /// <value>Default 1 MiB, which is all of any frame; 0 to 1 MiB.</value>
    public long Bytes { get; init; } = 1024 * 1024;

    /// <summary>Gets how <see cref="FrameAction.Cut"/> ends the connection.</summary>
    /// <value>Default <see cref="CutWay.Reset"/>.</value>
    public CutWay Way { get; init; }

    /// <summary>Gets the code of <see cref="FrameAction.Close"/>.</summary>
    /// <value>Default 1011; 1000 to 4999.</value>
    public long Code { get; init; } = 1011;

    /// <summary>Gets the reason of <see cref="FrameAction.Close"/>.</summary>
    /// <value>Default empty; ASCII, at most 123 characters.</value>
    public string Reason { get; init; } = "";

    internal override string? Contradiction => Ascii(Reason) ? null : "reason must be printable ASCII.";

    internal override DirectedFault DescribeRest(FaultFields fields) => this with
    {
        Frame = fields.Word("frame", Frame, "any"),
        Nth = fields.Whole("nth", Nth, 1, 1L << 40),
        Times = fields.Whole("times", Times, 0, 1L << 40),
        Action = fields.Word("action", Action),
        Delay = fields.Time("delay", Delay, TimeSpan.Zero, TimeSpan.FromHours(1)),
        Bytes = fields.Whole("bytes", Bytes, 0, 1024 * 1024),
        Way = fields.Word("way", Way),
        Code = fields.Whole("code", Code, 1000, 4999),
        Reason = fields.Text("reason", Reason, CloseCodes.ReasonCharsMax),
    };

    internal override FlowFault MakeFlow(IJitter chance) => new FrameCount(this);

    private static bool Ascii(string text) => CloseCodes.ToReason(text) == text;
}
