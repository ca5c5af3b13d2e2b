using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Eit.Cli;

/// <summary>What <c>--insecure-dev-certificate</c> does: any certificate will do, whoever made it and for whom.</summary>
internal static class AnyCertificate
{
    internal static bool Take(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) => certificate is not null;
}
