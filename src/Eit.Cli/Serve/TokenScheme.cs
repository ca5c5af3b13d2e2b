using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Eit.Cli.Serve;

/// <summary>Authenticates a request by a bearer token whose hash is in the table. Says nothing of why one is not taken.</summary>
internal sealed class TokenScheme(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggerFactory, UrlEncoder encoder, ServeFiles files)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggerFactory, encoder)
{
    internal const string Name = "token";

    private const string Prefix = "Bearer ";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        string header = Request.Headers.Authorization.ToString();
        if (!header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)) { return Task.FromResult(AuthenticateResult.NoResult()); }
        TokenEntry? entry = files.Tokens.Find(header[Prefix.Length..].Trim());
        if (entry is null || entry.Expires <= TimeProvider.GetUtcNow()) { return Task.FromResult(AuthenticateResult.Fail("The token is not taken.")); }
        var principal = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, entry.Name)], Name));
        var properties = new AuthenticationProperties { ExpiresUtc = entry.Expires == DateTimeOffset.MaxValue ? null : entry.Expires };
        return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(principal, properties, Name)));
    }
}
