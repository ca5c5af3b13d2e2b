namespace Eit.Protocol.Session;

/// <summary>What became of a message.</summary>
public enum SendOutcome
{
    /// <summary>The peer's handler has finished with it. Exactly once. (Of a peer that does not know <see cref="Failed"/>: or has thrown, or there is none.)</summary>
    Processed,

    /// <summary>The peer has it.</summary>
    Received,

    /// <summary>This end has taken it over; it will be sent.</summary>
    Accepted,

    /// <summary>Its life ended before the peer's handler had it: the handler has not seen it and never will.</summary>
    Expired,

    /// <summary>A newer message of the same key has taken its place: the peer has not seen it.</summary>
    Replaced,

    /// <summary>It never left: the peer has not seen it.</summary>
    NotSent,

    /// <summary>It left, and the session ended before the peer confirmed it: it was handled once or not at all.</summary>
    Unknown,

    /// <summary>The peer's handler has thrown, once, or the peer has no handler for such a message.</summary>
    Failed,

    /// <summary>The peer takes no message as large: nothing of it has left, and nothing will (N3.10). Told at this end only.</summary>
    TooLarge,
}
