namespace Eit.Protocol.Session;

/// <summary>What a dial failed at.</summary>
public enum DialFailureKind
{
    /// <summary>The address could not be reached.</summary>
    Network,

    /// <summary>A phase of the dial took longer than its limit.</summary>
    Timeout,

    /// <summary>TLS: the certificate was not accepted, or there is none.</summary>
    Tls,

    /// <summary>The server answered with another HTTP status than 101.</summary>
    Http,

    /// <summary>The application's token provider threw or hung.</summary>
    Token,

    /// <summary>The server closed the transport before it welcomed.</summary>
    Closed,

    /// <summary>What came instead of welcome is not of this protocol.</summary>
    Protocol,
}
