namespace Eit.Backoff;

/// <summary>Why a client has to dial again, as far as it matters for when.</summary>
public enum RedialCause
{
    /// <summary>This side ended the transport, or was asked to dial now: its own time-out, a network change, a wake-up, a close code that says "at once".</summary>
    Local,

    /// <summary>The transport's credentials ended: at once after a transport that was stable, else after back-off, however long it has lived: fresh ones would have lived longer.</summary>
    Expired,

    /// <summary>The transport was lost without a word; others may have lost theirs at the same moment.</summary>
    Loss,

    /// <summary>The server said that it is leaving or has too much to do.</summary>
    Spread,

    /// <summary>A dial failed, or the peer broke the protocol.</summary>
    Failure,

    /// <summary>The server refused this client.</summary>
    Refused,
}
