using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Eit.Cli;

/// <summary>The option that names the certificate of a client.</summary>
internal static class ClientCertificate
{
    internal static Option<X509Certificate2?> Option() => new("--client-certificate")
    {
        Description = "A file in PEM with the client's certificate and its key.",
        HelpName = "FILE",
        CustomParser = static result =>
        {
            try { return X509Certificate2.CreateFromPemFile(result.Tokens[0].Value); }
            catch (Exception failure) when (failure is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
            {
                result.AddError($"--client-certificate: {result.Tokens[0].Value} can't be used: {failure.Message.ReplaceLineEndings(" ")}");
                return null;
            }
        },
    };
}
