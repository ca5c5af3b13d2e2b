using Eit.Protocol.Wire;

namespace Eit.Link;

/// <summary>What has come in on a line.</summary>
/// <param name="Violation">What is wrong with the message; null if nothing is.</param>
/// <param name="CloseCode">The code of the peer's close; null if a message came.</param>
/// <param name="Reason">The reason of the close.</param>
public readonly record struct LineRead(Violation? Violation, CloseCode? CloseCode, string Reason)
{
    /// <summary>A message, whose frames are in <see cref="TransportLine.Frames"/>.</summary>
    public static LineRead Message => new(Violation: null, CloseCode: null, string.Empty);

    /// <summary>The peer's close.</summary>
    /// <param name="code">Its code.</param>
    /// <param name="reason">Its reason.</param>
    public static LineRead Closed(CloseCode code, string reason) => new(Violation: null, code, reason);

    /// <summary>A message that breaks the protocol.</summary>
    /// <param name="violation">How.</param>
    public static LineRead Of(Violation violation) => new(violation, CloseCode: null, string.Empty);
}
