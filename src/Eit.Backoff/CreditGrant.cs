namespace Eit.Backoff;

/// <summary>
/// The receiver's half of credit: how much the peer may have sent in all, moved on as the application finishes with messages. The windows double, up to a bound,
/// while the application finishes with half a window within two round trips.
/// </summary>
/// <param name="messages">The messages that may be unprocessed at once, to start with.</param>
/// <param name="bytes">The bytes that may be unprocessed at once, to start with.</param>
/// <param name="messagesMax">The messages that the window does not grow beyond.</param>
/// <param name="bytesMax">The bytes that the window does not grow beyond.</param>
/// <param name="roundTrip">What is known of the time to the peer and back.</param>
public sealed class CreditGrant(long messages, long bytes, long messagesMax, long bytesMax, RoundTripEstimate roundTrip)
{
    private GrowingWindow _messages = new(messages, messagesMax);
    private GrowingWindow _bytes = new(bytes, bytesMax);
    private long _messagesCharged;
    private long _bytesCharged;
    private long _messagesDone;
    private long _bytesDone;

    /// <summary>Gets the messages that may be unprocessed at once.</summary>
    public long MessagesWindow => _messages.Size;

    /// <summary>Gets the bytes that may be unprocessed at once.</summary>
    public long BytesWindow => _bytes.Size;

    /// <summary>Gets the messages that the peer may send in all.</summary>
    public long MessagesLimit => _messagesDone + _messages.Size;

    /// <summary>Gets the bytes that the peer may send in all.</summary>
    public long BytesLimit => _bytesDone + _bytes.Size;

    /// <summary>Gets the messages that are received and not processed.</summary>
    public long MessagesHeld => _messagesCharged - _messagesDone;

    /// <summary>Gets the bytes that are received and not processed.</summary>
    public long BytesHeld => _bytesCharged - _bytesDone;

    /// <summary>Gets or sets whether the windows may grow: not while memory is short (N6.2).</summary>
    public bool MayGrow { get; set; } = true;

    /// <summary>Charges a message that has come in completely.</summary>
    /// <param name="payloadBytes">Its payload.</param>
    /// <returns>False if the peer had no credit for it.</returns>
    public bool TryCharge(long payloadBytes)
    {
        if (_messagesCharged + 1 > MessagesLimit || _bytesCharged + payloadBytes > BytesLimit) { return false; }
        _messagesCharged++;
        _bytesCharged += payloadBytes;
        return true;
    }

    /// <summary>Gives the credit of a processed message back.</summary>
    /// <param name="payloadBytes">Its payload.</param>
    /// <param name="now">The time.</param>
    /// <returns>Whether a window has grown.</returns>
    public bool Return(long payloadBytes, Instant now)
    {
        _messagesDone++;
        _bytesDone += payloadBytes;
        return _messages.Finished(_messagesDone, MayGrow, now, roundTrip) | _bytes.Finished(_bytesDone, MayGrow, now, roundTrip);
    }
}
