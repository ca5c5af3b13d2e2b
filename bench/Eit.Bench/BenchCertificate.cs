using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Eit.Bench;

/// <summary>The certificate of all servers of a run: a server that is started again has the same.</summary>
internal static class BenchCertificate
{
    private static readonly byte[] s_file = Make();

    /// <summary>Gets its SHA-256, in hexadecimal.</summary>
    internal static string Sha256
    {
        get
        {
            using X509Certificate2 certificate = X509CertificateLoader.LoadPkcs12(s_file, password: null);
            return Convert.ToHexString(SHA256.HashData(certificate.RawData));
        }
    }

    /// <summary>Writes it as a line, key and all; it is worth nothing.</summary>
    internal static string Write() => Convert.ToBase64String(s_file);

    internal static X509Certificate2 Read(string? line) => X509CertificateLoader.LoadPkcs12(Convert.FromBase64String(line ?? throw new InvalidOperationException("There is no certificate.")), password: null);

    private static byte[] Make()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        return certificate.Export(X509ContentType.Pkcs12);
    }
}
