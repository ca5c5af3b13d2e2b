namespace Eit.Protocol.Session;

/// <summary>A message that is accepted and not, or not completely, numbered.</summary>
internal record struct OutboxEntry(PayloadSlice Payload, long Id, byte Kind, bool IsText, CompleteWhen CompleteWhen, object? Token)
{
    /// <summary>How much of the payload has been numbered.</summary>
    internal int NumberedBytes { get; set; }

    /// <summary>Whether its first piece has left; a message without payload has one piece too.</summary>
    internal bool HasBegun { get; set; }
}
