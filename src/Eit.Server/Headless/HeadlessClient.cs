namespace Eit.Server;

/// <summary>What a client has said about itself in its offers: that it can't set headers, as pages can't.</summary>
/// <param name="Offers">The subprotocols that it offers, without its token.</param>
/// <param name="SeesNoAnswers">Whether it wants refusals as a close, because it can't see the answer to its request (A2.4).</param>
internal sealed record HeadlessClient(IReadOnlyList<string> Offers, bool SeesNoAnswers);
