namespace Eit.Compat.End;

/// <summary>How a message is sent.</summary>
/// <param name="Lane">0 to 3.</param>
/// <param name="ExpiresAfter">Its life; null for that of the session.</param>
/// <param name="Key">Its key; null for none.</param>
internal sealed record Manner(int Lane, TimeSpan? ExpiresAfter, string? Key);
