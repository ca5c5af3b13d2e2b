using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Eit.Chaos;

/// <summary>Makes certificates for tests: self-signed, known to nobody, valid for a day.</summary>
public static class TestCertificate
{
    /// <summary>Makes a certificate with a new key for <c>localhost</c> and the loopback addresses.</summary>
    /// <param name="now">The time around which it is valid: from a day before to a day after.</param>
    /// <returns>The certificate with its key; the caller disposes of it.</returns>
    public static X509Certificate2 Make(DateTimeOffset now)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=eit test", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        names.AddIpAddress(IPAddress.IPv6Loopback);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));

        // Windows can't serve TLS with a key that was never in a store or a file; this round trip through PKCS #12 is enough for it.
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), password: null);
    }
}
