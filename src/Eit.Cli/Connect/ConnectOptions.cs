using System.Security.Cryptography.X509Certificates;

namespace Eit.Cli.Connect;

/// <summary>What the verb <c>connect</c> does.</summary>
internal sealed record ConnectOptions
{
    public required Uri Url { get; init; }

    public required TokenSource Token { get; init; }

    /// <summary>Gets whether it is a WebSocket client that does not speak Eit.</summary>
    public bool IsPlain { get; init; }

    public ConnectPayload Payload { get; init; }

    /// <summary>Gets whether messages that are JSON are written with indents.</summary>
    public bool IsJson { get; init; }

    /// <summary>Gets after how many messages it ends; null: at the end of the input.</summary>
    public long? Count { get; init; }

    /// <summary>Gets how long it may take; null: without limit.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Gets whether the server's certificate is not looked at.</summary>
    public bool TakesAnyCertificate { get; init; }

    /// <summary>Gets the certificate that the client shows; null for none.</summary>
    public X509Certificate2? ClientCertificate { get; init; }

    /// <summary>Gets the SHA-256 of the only certificate that is accepted, in hexadecimal.</summary>
    public string? PinnedCertificateSha256 { get; init; }
}
