namespace Eit.Chaos;

/// <summary>What a <see cref="ChaosEvent"/> tells.</summary>
public enum ChaosEventKind
{
    /// <summary>A connection was accepted.</summary>
    Opened,

    /// <summary>The upstream was reached: from now on the connection is carried.</summary>
    Dialled,

    /// <summary>A connection has ended.</summary>
    Ended,

    /// <summary>A connection was reset because there were too many.</summary>
    TurnedAway,

    /// <summary>The upstream could not be reached, or a TLS handshake failed.</summary>
    DialFailed,

    /// <summary>A fault was added, or changed.</summary>
    Set,

    /// <summary>A fault was removed.</summary>
    Removed,

    /// <summary>A fault applies to a connection.</summary>
    Hit,

    /// <summary>A fault did something to a connection that happens once: cut it, dropped a frame.</summary>
    Acted,

    /// <summary>Something else that a reader of the log should know.</summary>
    Noted,
}
