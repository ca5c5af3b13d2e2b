using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Eit.Cli.Doctor;

/// <summary>Examines the TLS of a connection, and says in words what is wrong with a certificate.</summary>
internal sealed class DoctorTls(DoctorOptions options, TimeProvider time)
{
    private const string Step = "TLS";

    private DoctorFinding? _refusal;

    /// <summary>Begins TLS.</summary>
    /// <returns>The stream if it can be used, and what was found.</returns>
    internal async Task<(SslStream? Stream, DoctorFinding Finding)> OpenAsync(Stream transport, CancellationToken cancellationToken)
    {
        var stream = new SslStream(transport, leaveInnerStreamOpen: false);
        try
        {
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = options.Url.IdnHost,
                ClientCertificates = options.ClientCertificate is { } own ? [own] : [],
                RemoteCertificateValidationCallback = Judge,
            }, cancellationToken);
            var certificate = (X509Certificate2)stream.RemoteCertificate!;
            double days = Math.Floor((certificate.NotAfter.ToUniversalTime() - time.GetUtcNow().UtcDateTime).TotalDays);
            return (stream, new DoctorFinding(Step, string.Create(CultureInfo.InvariantCulture, $"{stream.SslProtocol}; the certificate is for {NamesOf(certificate)} and good for {days} days")));
        }
        catch (Exception failure) when (failure is AuthenticationException or IOException)
        {
            await stream.DisposeAsync();
            return (null, _refusal ?? new DoctorFinding(Step, $"what answers does not speak TLS: {failure.GetBaseException().Message}", "Check that the port is the one for wss, and that nothing before the server ends TLS and speaks plain HTTP."));
        }
    }

    private bool Judge(object sender, X509Certificate? presented, X509Chain? chain, SslPolicyErrors errors)
    {
        if (presented is not X509Certificate2 certificate) { _refusal = new DoctorFinding(Step, "the server shows no certificate", "Give the server a certificate."); }
        else if (options.PinnedCertificateSha256 is { } pin) { _refusal = JudgePin(certificate, pin); }
        else if (!options.TakesAnyCertificate && errors != SslPolicyErrors.None) { _refusal = Explain(certificate, chain, errors); }
        return _refusal is null;
    }

    private static DoctorFinding? JudgePin(X509Certificate2 certificate, string pin)
    {
        string actual = Convert.ToHexString(SHA256.HashData(certificate.RawData));
        return actual.Equals(pin, StringComparison.OrdinalIgnoreCase) ? null : new DoctorFinding(Step, $"the server shows another certificate than the one that is asked for: {actual}", "Ask for this one if it is the server's; if not, somebody stands between.");
    }

    private DoctorFinding Explain(X509Certificate2 certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        DateTime now = time.GetUtcNow().UtcDateTime;
        if (now > certificate.NotAfter.ToUniversalTime()) { return new DoctorFinding(Step, string.Create(CultureInfo.InvariantCulture, $"the certificate has expired on {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}"), "Renew it; 'eit serve' reads the changed file by itself."); }
        if (now < certificate.NotBefore.ToUniversalTime()) { return new DoctorFinding(Step, string.Create(CultureInfo.InvariantCulture, $"the certificate is good only from {certificate.NotBefore.ToUniversalTime():yyyy-MM-dd}"), "Check the clock of this machine."); }
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)) { return new DoctorFinding(Step, $"the certificate is for {NamesOf(certificate)}, not for {options.Url.IdnHost}", "Use one of these names, or get a certificate that has this one."); }
        string why = string.Join(", ", (chain?.ChainStatus ?? []).Select(static status => status.Status.ToString()).Distinct());
        bool isAlone = certificate.Subject == certificate.Issuer;
        return new DoctorFinding(Step, $"the certificate is not trusted ({why})", isAlone
            ? "It is signed by itself: use --certificate-sha256 in development, and a certificate of an authority elsewhere."
            : "Put the intermediate certificates behind the server's own in its file, or make this machine trust the authority.");
    }

    private static string NamesOf(X509Certificate2 certificate)
    {
        string[] names = [.. certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(static names => names.EnumerateDnsNames().Concat(names.EnumerateIPAddresses().Select(static address => address.ToString())))];
        return names.Length > 0 ? string.Join(", ", names) : certificate.Subject;
    }
}
