namespace Eit.Connection;

/// <summary>How far a dial has come, so that a time-out can say what it waited for.</summary>
internal enum DialPhase
{
    /// <summary>The application's token provider.</summary>
    Token,

    /// <summary>The name look-up and the TCP connection.</summary>
    Connecting,

    /// <summary>TLS.</summary>
    Securing,

    /// <summary>The HTTP upgrade.</summary>
    Upgrading,

    /// <summary>The server's welcome.</summary>
    Welcome,
}
