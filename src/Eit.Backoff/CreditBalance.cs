namespace Eit.Backoff;

/// <summary>The sender's half of credit: what the peer still lets it send.</summary>
public sealed class CreditBalance
{
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
        MessagesLimit = Math.Max(MessagesLimit, messages);
        BytesLimit = Math.Max(BytesLimit, bytes);
    }

    /// <summary>Tells whether a message may be completed.</summary>
    /// <param name="bytes">Its payload.</param>
    public bool Allows(long bytes) => MessagesSpent < MessagesLimit && BytesSpent + bytes <= BytesLimit;

    /// <summary>Charges a message whose last piece leaves for the first time.</summary>
    /// <param name="bytes">Its payload.</param>
    public void Charge(long bytes)
    {
        MessagesSpent++;
        BytesSpent += bytes;
    }
}
