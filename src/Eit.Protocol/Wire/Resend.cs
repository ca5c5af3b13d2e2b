namespace Eit.Protocol.Wire;

/// <summary>The body of a resend frame; what was received is the frame's number (H1.6, H1.7).</summary>
/// <param name="Lost">The epoch of the transport that is given up.</param>
public sealed record Resend(long Lost);
