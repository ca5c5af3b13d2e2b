using System.Security.Claims;
using System.Security.Cryptography.X509Certificates;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.BearerToken;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Eit.Cli.Serve;

/// <summary>Authenticates a request by a bearer token whose hash is in the table, or that an application has issued with its keys, or by the client's certificate. Says nothing of why one is not taken.</summary>
internal sealed class TokenScheme(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggerFactory, UrlEncoder encoder, IAuthenticationSchemeProvider schemes, ServeFiles files)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggerFactory, encoder)
{
    internal const string Name = "token";

    private const string Prefix = "Bearer ";
    private const string CommonName = "2.5.4.3";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        string header = Request.Headers.Authorization.ToString();
        if (!header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
        {
            // The handshake has let no certificate pass that is not of an authority of ours.
            string? name = CommonNameOf(Context.Connection.ClientCertificate);
            return string.IsNullOrEmpty(name) ? AuthenticateResult.NoResult() : Succeed(name, new DateTimeOffset(Context.Connection.ClientCertificate!.NotAfter));
        }
        TokenEntry? entry = files.Tokens.Find(header[Prefix.Length..].Trim());
        if (entry is null && await schemes.GetSchemeAsync(BearerTokenDefaults.AuthenticationScheme) is not null) { return await Context.AuthenticateAsync(BearerTokenDefaults.AuthenticationScheme); }
        return entry is null || entry.Expires <= TimeProvider.GetUtcNow() ? AuthenticateResult.Fail("The token is not taken.") : Succeed(entry.Name, entry.Expires);
    }

    /// <summary>The one common name of a certificate; null if it has none, or several of which one could be somebody else's.</summary>
    private static string? CommonNameOf(X509Certificate2? certificate)
    {
        string? name = null;
        foreach (X500RelativeDistinguishedName part in certificate?.SubjectName.EnumerateRelativeDistinguishedNames() ?? [])
        {
            if (part.HasMultipleElements) { return null; }
            if (part.GetSingleElementType().Value != CommonName) { continue; }
            if (name is not null) { return null; }
            name = part.GetSingleElementValue();
        }
        return name;
    }

    private static AuthenticateResult Succeed(string user, DateTimeOffset expires)
    {
        var principal = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, user)], Name));
        var properties = new AuthenticationProperties { ExpiresUtc = expires == DateTimeOffset.MaxValue ? null : expires };
        return AuthenticateResult.Success(new AuthenticationTicket(principal, properties, Name));
    }
}
