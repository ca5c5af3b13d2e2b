namespace Eit.Protocol.Session;

/// <summary>Whether a session takes a message over.</summary>
public enum AcceptResult
{
    /// <summary>It does.</summary>
    Accepted,

    /// <summary>There is no transport, and the message may not wait for one.</summary>
    NotConnected,

    /// <summary>The outbox is full.</summary>
    Full,

    /// <summary>The message is larger than the peer takes.</summary>
    TooLarge,

    /// <summary>The session is closing, or over.</summary>
    Closing,
}
