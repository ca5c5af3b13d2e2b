using Eit.Backoff;

namespace Eit.Protocol.Session;

/// <summary>A message that is accepted and not, or not completely, numbered.</summary>
internal record struct OutboxEntry(PayloadSlice Payload, long Id, byte Kind, bool IsText, CompleteWhen CompleteWhen, object? Token)
{
    /// <summary>When it was accepted.</summary>
    internal Instant AcceptedAt { get; set; }

    /// <summary>Whether it waits as long as the session lives.</summary>
    internal bool Stays { get; set; }

    /// <summary>When its life ends (D2); <see cref="Instant.Never"/> without an expiry.</summary>
    internal Instant ExpiresAt { get; set; }

    /// <summary>Its key (D3); null without one.</summary>
    internal KeySlot? Slot { get; set; }

    /// <summary>How much of the payload has been numbered.</summary>
    internal int NumberedBytes { get; set; }

    /// <summary>Whether its first piece has left; a message without payload has one piece too.</summary>
    internal bool HasBegun { get; set; }

    /// <summary>Whether only its place is left.</summary>
    internal bool IsDropped { get; set; }
}
