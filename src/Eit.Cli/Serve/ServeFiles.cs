using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Eit.Chaos;

namespace Eit.Cli.Serve;

/// <summary>What a server reads from files beside its configuration, as the files are now.</summary>
internal sealed class ServeFiles
{
    private readonly TimeProvider _time;
    private readonly Action<string, FormatException?> _report;
    private volatile Watched _watched;

    /// <summary>Reads the files of a configuration.</summary>
    /// <exception cref="FormatException">One can't be used; the message begins with the key.</exception>
    internal ServeFiles(ServeConfig config, TimeProvider time, Action<string, FormatException?> report)
    {
        (_time, _report) = (time, report);
        _watched = new Watched(config, WatchTokens(config), MakesOwn(config) ? MakeDevCertificate() : WatchCertificate(config), WatchAuthorities(config));
    }

    internal TokenTable Tokens => _watched.Tokens.Value;

    /// <summary>Gets the authorities whose client certificates are let in; empty if none are.</summary>
    internal X509Certificate2Collection ClientAuthorities => _watched.ClientAuthorities.Value;

    internal SslStreamCertificateContext Certificate => _watched.Certificate.Value;

    /// <summary>Reads the files of another configuration, whether they have changed or not. If one can't be used nothing changes.</summary>
    /// <exception cref="FormatException">One can't be used; the message begins with the key.</exception>
    internal void Reload(ServeConfig config)
    {
        Watched old = _watched;
        WatchedFiles<SslStreamCertificateContext> certificate = !MakesOwn(config) ? WatchCertificate(config) : MakesOwn(old.Config) ? old.Certificate : MakeDevCertificate();
        _watched = new Watched(config, WatchTokens(config), certificate, WatchAuthorities(config));
    }

    /// <summary>Whether it has no certificate from a file: for development, or since a proxy ends TLS.</summary>
    private static bool MakesOwn(ServeConfig config) => config.DevCertificate || config.Certificate is null;

    private WatchedFiles<TokenTable> WatchTokens(ServeConfig config) => Watch("tokens", config.Tokens, path => TokenTable.Read(path, mayBeEmpty: _watched is not { Tokens.Latest.IsEmpty: false }), TokenTable.Empty);

    private WatchedFiles<X509Certificate2Collection> WatchAuthorities(ServeConfig config) => Watch("clientAuthorities", config.ClientAuthorities, ServeCertificate.ReadAuthorities, []);

    private WatchedFiles<T> Watch<T>(string key, string? path, Func<string, T> read, T none)
        where T : class => Named(key, () => path is null ? new WatchedFiles<T>([], () => none, _report) : new WatchedFiles<T>([path], () => read(path), _report));

    private WatchedFiles<SslStreamCertificateContext> WatchCertificate(ServeConfig config)
    {
        string[] files = [.. new[] { config.Certificate, config.CertificateKey, config.CertificatePasswordFile }.OfType<string>()];
        return Named("certificate", () => new WatchedFiles<SslStreamCertificateContext>(files, () => ServeCertificate.Read(config.Certificate!, config.CertificateKey, config.CertificatePasswordFile), _report));
    }

    private WatchedFiles<SslStreamCertificateContext> MakeDevCertificate()
    {
        var made = SslStreamCertificateContext.Create(TestCertificate.Make(_time.GetUtcNow()), additionalCertificates: null, offline: true);
        return new WatchedFiles<SslStreamCertificateContext>([], () => made, _report);
    }

    private static T Named<T>(string key, Func<T> make)
    {
        try { return Outside.Read("the file", make); }
        catch (FormatException wrong) { throw new FormatException($"{key}: {wrong.Message}.", wrong); }
    }

    private sealed record Watched(ServeConfig Config, WatchedFiles<TokenTable> Tokens, WatchedFiles<SslStreamCertificateContext> Certificate, WatchedFiles<X509Certificate2Collection> ClientAuthorities);
}
