using System.Security.Cryptography.X509Certificates;

namespace Eit.Cli.Doctor;

/// <summary>What the verb <c>doctor</c> examines.</summary>
internal sealed record DoctorOptions
{
    public required Uri Url { get; init; }

    public required TokenSource Token { get; init; }

    /// <summary>Gets the certificate that the client shows; null for none.</summary>
    public X509Certificate2? ClientCertificate { get; init; }

    /// <summary>Gets whether messages are sent.</summary>
    public bool SendsMessages { get; init; } = true;

    /// <summary>Gets whether the server's certificate is not looked at.</summary>
    public bool TakesAnyCertificate { get; init; }

    /// <summary>Gets the SHA-256 of the only certificate that is accepted, in hexadecimal.</summary>
    public string? PinnedCertificateSha256 { get; init; }

    /// <summary>Gets how long a step may take.</summary>
    public TimeSpan StepLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets how long an echo may take, counted from when its message was handled; beyond, the endpoint does not echo.</summary>
    public TimeSpan EchoLimit { get; init; } = TimeSpan.FromSeconds(1);
}
