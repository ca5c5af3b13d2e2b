namespace Eit.Protocol.Session;

/// <summary>How many messages of a sender did not come to its peer's handler, by why, since the session began.</summary>
/// <param name="Replaced">By a newer one of the same key.</param>
/// <param name="Expired">Because their life ended, here or at the peer.</param>
/// <param name="NotSent">Because they were withdrawn, or had waited too long for room on the way.</param>
public readonly record struct DropCounts(long Replaced, long Expired, long NotSent);
