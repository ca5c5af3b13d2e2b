using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Eit.Floods;

/// <summary>The server's certificate is one of its own, made anew at each start.</summary>
internal static class FloodCertificate
{
    internal const string Subject = "CN=localhost";

    internal static bool IsTheServers(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) => certificate?.Subject == Subject;
}
