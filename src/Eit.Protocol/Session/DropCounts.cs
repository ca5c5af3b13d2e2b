namespace Eit.Protocol.Session;

/// <summary>How many messages of a sender its peer's handler did not see, or did not finish with, by why, since the session began.</summary>
/// <param name="Replaced">By a newer one of the same key.</param>
/// <param name="Expired">Because their life ended, here or at the peer.</param>
/// <param name="NotSent">Because they were withdrawn, or had waited too long for room on the way.</param>
/// <param name="Failed">Because the handler threw, or there is none for them.</param>
public readonly record struct DropCounts(long Replaced, long Expired, long NotSent, long Failed = 0);
