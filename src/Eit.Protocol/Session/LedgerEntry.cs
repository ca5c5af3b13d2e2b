using Eit.Backoff;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>A numbered piece until the peer has processed its message.</summary>
internal record struct LedgerEntry(PayloadSlice Payload, Lane Lane, byte Kind, bool IsText, bool HasMore, bool IsPrompt, long MessageId, CompleteWhen CompleteWhen, object? Token)
{
    /// <summary>When the life of its message ends (D2); <see cref="Instant.Never"/> without an expiry.</summary>
    internal Instant ExpiresAt { get; set; }

    /// <summary>Whether its message has a key (D3): the next one of the key waits until it is received.</summary>
    internal bool IsKeyed { get; set; }

    /// <summary>Whether the peer has processed it.</summary>
    internal bool IsDone { get; set; }
}
