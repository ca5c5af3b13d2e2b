namespace Eit.Backoff;

/// <summary>The receiver's half of credit: how much the peer may have sent in all, moved on as the application finishes with messages.</summary>
/// <param name="messagesMax">The messages that may be unprocessed at once.</param>
/// <param name="bytesMax">The bytes that may be unprocessed at once.</param>
public sealed class CreditGrant(long messagesMax, long bytesMax)
{
    private long _messagesCharged;
    private long _bytesCharged;
    private long _messagesDone;
    private long _bytesDone;

    /// <summary>Gets the messages that the peer may send in all.</summary>
    public long MessagesLimit => _messagesDone + messagesMax;

    /// <summary>Gets the bytes that the peer may send in all.</summary>
    public long BytesLimit => _bytesDone + bytesMax;

    /// <summary>Gets the messages that are received and not processed.</summary>
    public long MessagesHeld => _messagesCharged - _messagesDone;

    /// <summary>Gets the bytes that are received and not processed.</summary>
    public long BytesHeld => _bytesCharged - _bytesDone;

    /// <summary>Charges a message that has come in completely.</summary>
    /// <param name="bytes">Its payload.</param>
    /// <returns>False if the peer had no credit for it.</returns>
    public bool TryCharge(long bytes)
    {
        if (_messagesCharged + 1 > MessagesLimit || _bytesCharged + bytes > BytesLimit) { return false; }
        _messagesCharged++;
        _bytesCharged += bytes;
        return true;
    }

    /// <summary>Gives the credit of a processed message back.</summary>
    /// <param name="bytes">Its payload.</param>
    public void Return(long bytes)
    {
        _messagesDone++;
        _bytesDone += bytes;
    }
}
