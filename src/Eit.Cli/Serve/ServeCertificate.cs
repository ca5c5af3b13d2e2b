using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Eit.Cli.Serve;

/// <summary>Reads the server's certificate, with what its file holds of the chain.</summary>
internal static class ServeCertificate
{
    internal static bool IsPkcs12(string path) => path.EndsWith(".pfx", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".p12", StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads it.</summary>
    /// <exception cref="FormatException">It can't be read, or has no key.</exception>
    internal static SslStreamCertificateContext Read(string path, string? keyPath, string? passwordPath)
    {
        try
        {
            X509Certificate2Collection all = IsPkcs12(path) ? ReadPkcs12(path, passwordPath) : ReadPem(path, keyPath);
            X509Certificate2 own = all.FirstOrDefault(static one => one.HasPrivateKey) ?? throw new FormatException($"{path} holds no key");
            return SslStreamCertificateContext.Create(own, all, offline: true);
        }
        catch (Exception failure) when (failure is not FormatException && Outside.IsFault(failure)) { throw new FormatException($"{path} can't be used: {failure.Message.ReplaceLineEndings(" ").TrimEnd('.')}", failure); }
    }

    /// <summary>Reads certificates of authorities.</summary>
    /// <exception cref="FormatException">They can't be read, or there is none.</exception>
    internal static X509Certificate2Collection ReadAuthorities(string path)
    {
        try
        {
            var all = new X509Certificate2Collection();
            all.ImportFromPemFile(path);
            return all.Count > 0 ? all : throw new FormatException($"{path} holds no certificate in PEM");
        }
        catch (Exception failure) when (failure is not FormatException && Outside.IsFault(failure)) { throw new FormatException($"{path} can't be used: {failure.Message.ReplaceLineEndings(" ").TrimEnd('.')}", failure); }
    }

    private static X509Certificate2Collection ReadPkcs12(string path, string? passwordPath)
    {
        string? password = passwordPath is null ? null : Outside.Decode(passwordPath, File.ReadAllBytes(passwordPath)).TrimEnd('\r', '\n');
        return X509CertificateLoader.LoadPkcs12CollectionFromFile(path, password);
    }

    private static X509Certificate2Collection ReadPem(string path, string? keyPath)
    {
        var all = new X509Certificate2Collection { X509Certificate2.CreateFromPemFile(path, keyPath) };
        var rest = new X509Certificate2Collection();
        rest.ImportFromPemFile(path);
        foreach (X509Certificate2 one in rest.Skip(1)) { all.Add(one); }
        return all;
    }
}
