using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>A numbered piece until the peer has processed its message.</summary>
internal record struct LedgerEntry(PayloadSlice Payload, Lane Lane, byte Kind, bool IsText, bool HasMore, bool IsPrompt, long MessageId, CompleteWhen CompleteWhen, object? Token)
{
    /// <summary>Whether the peer has processed it.</summary>
    internal bool IsDone { get; set; }
}
