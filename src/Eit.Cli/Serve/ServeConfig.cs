using System.Net;

namespace Eit.Cli.Serve;

/// <summary>What the verb <c>serve</c> does. It holds no secret, only the files that do.</summary>
internal sealed record ServeConfig
{
    public IReadOnlyList<EndPoint> Listen { get; init; } = [new IPEndPoint(IPAddress.Loopback, 8443)];

    public string ServerName { get; init; } = "eit";

    /// <summary>Gets the file with the certificate: PEM, or PKCS #12 when its name ends in .pfx or .p12.</summary>
    public string? Certificate { get; init; }

    /// <summary>Gets the PEM file with the key; null: it is in the certificate's file.</summary>
    public string? CertificateKey { get; init; }

    /// <summary>Gets the file with the password of the PKCS #12 file.</summary>
    public string? CertificatePasswordFile { get; init; }

    public bool DevCertificate { get; init; }

    /// <summary>Gets the file with the hashes of the tokens.</summary>
    public string? Tokens { get; init; }

    /// <summary>Gets the file with the authorities by whose certificates clients are let in.</summary>
    public string? ClientAuthorities { get; init; }

    /// <summary>Gets the folder with the keys of an application that issues bearer tokens.</summary>
    public string? BearerKeys { get; init; }

    /// <summary>Gets the name under which that application protects them.</summary>
    public string BearerApplication { get; init; } = "eit";

    public IReadOnlyList<ServeEndpoint> Endpoints { get; init; } = [];

    public IReadOnlyList<string> Origins { get; init; } = [];

    public int MessageBytesMax { get; init; } = 1024 * 1024;

    public int SessionsMax { get; init; } = 100_000;

    public int SessionsPerUserMax { get; init; } = 100_000;

    /// <summary>Gets how many MiB may be held for all clients; 0: a part of the memory.</summary>
    public int HeldMebibytesMax { get; init; }

    /// <summary>Gets how many MiB may be held for the clients of one user; 0: a part of what may be held for all.</summary>
    public int HeldMebibytesPerUserMax { get; init; }

    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan HelloTimeout { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan ResumeWindow { get; init; } = TimeSpan.FromSeconds(120);

    public TimeSpan DrainWindow { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets the socket at which it is steered; null: it is not.</summary>
    public string? Control { get; init; } = ControlSocket.DefaultPath;

    /// <summary>Gets the file for the number of the process.</summary>
    public string? PidFile { get; init; }

    public string LogFormat { get; init; } = "text";

    public string LogLevel { get; init; } = "information";

    /// <summary>Says what is missing or does not fit together; the first word of each is the key.</summary>
    internal IEnumerable<string> Faults()
    {
        if (Endpoints.Count == 0) { yield return "endpoints: there is none; at least one, such as --endpoints '/echo=echo'"; }
        if (Endpoints.DistinctBy(static endpoint => endpoint.Path).Count() < Endpoints.Count) { yield return "endpoints: a path is there twice"; }
        if (Tokens is null && ClientAuthorities is null && BearerKeys is null) { yield return "tokens: missing; a file with the hashes of the tokens that are let in, which 'eit token' writes; or clientAuthorities, or bearerKeys"; }
        bool needsCertificate = Listen.Any(static address => address is IPEndPoint);   // Before a socket of this machine, a proxy ends TLS.
        if (needsCertificate && Certificate is null && !DevCertificate) { yield return "certificate: missing; a file, or for development --dev-certificate"; }
        if (Certificate is not null && DevCertificate) { yield return "devCertificate: goes without certificate only"; }
        bool isPfx = Certificate is not null && ServeCertificate.IsPkcs12(Certificate);
        if (CertificateKey is not null && (Certificate is null || isPfx)) { yield return "certificateKey: goes with a certificate in PEM only"; }
        if (CertificatePasswordFile is not null && !isPfx) { yield return "certificatePasswordFile: goes with a certificate in PKCS #12 (.pfx, .p12) only"; }
    }
}
