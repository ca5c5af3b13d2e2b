namespace Eit.Backoff;

/// <summary>The sender's half of credit: what the peer still lets it send.</summary>
/// <remarks>A sixteenth of the first limits is kept for what is urgent, so that it need not wait for a handler that is slow with the rest.</remarks>
public sealed class CreditBalance
{
    private const int Reserved = 16;

    private long _messagesReserve;
    private long _bytesReserve;
    private long _bytesBesideReserve;

    /// <summary>Gets the messages that may be sent in all.</summary>
    public long MessagesLimit { get; private set; }

    /// <summary>Gets the bytes that may be sent in all.</summary>
    public long BytesLimit { get; private set; }

    /// <summary>Gets the messages that have been charged.</summary>
    public long MessagesSpent { get; private set; }

    /// <summary>Gets the bytes that have been charged.</summary>
    public long BytesSpent { get; private set; }

    /// <summary>Tells the limits that the peer has announced; a limit never falls, so that a lower one changes nothing.</summary>
    /// <param name="messages">Messages in all.</param>
    /// <param name="bytes">Bytes in all.</param>
    public void Announced(long messages, long bytes)
    {
        bool isFirst = MessagesLimit == 0 && BytesLimit == 0;
        if (isFirst) { (_messagesReserve, _bytesReserve, _bytesBesideReserve) = (messages / Reserved, bytes / Reserved, bytes - (bytes / Reserved)); }
        MessagesLimit = Math.Max(MessagesLimit, messages);
        BytesLimit = Math.Max(BytesLimit, bytes);
    }

    /// <summary>Tells whether a message may be completed.</summary>
    /// <param name="bytes">Its payload.</param>
    /// <param name="isUrgent">Whether it may use the reserve; one that is too large to fit beside the reserve always may use its bytes.</param>
    public bool Allows(long bytes, bool isUrgent)
    {
        if (isUrgent) { return MessagesSpent < MessagesLimit && BytesSpent + bytes <= BytesLimit; }
        long bytesKept = bytes > _bytesBesideReserve ? 0 : _bytesReserve;
        return MessagesSpent + _messagesReserve < MessagesLimit && BytesSpent + bytes + bytesKept <= BytesLimit;
    }

    /// <summary>Charges a message whose last piece leaves for the first time.</summary>
    /// <param name="bytes">Its payload.</param>
    public void Charge(long bytes)
    {
        MessagesSpent++;
        BytesSpent += bytes;
    }
}
