using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Eit.Testing.Transport;

/// <summary>Believes what the world says of its clients. The scheme of an application that names none of its own.</summary>
internal sealed class TestAuthentication(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder) : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    internal new const string Scheme = "EitTest";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        ClaimsPrincipal known = Context.User;
        bool isKnown = known.Identity is { IsAuthenticated: true, AuthenticationType: Scheme };
        return Task.FromResult(isKnown ? AuthenticateResult.Success(new AuthenticationTicket(known, Scheme)) : AuthenticateResult.NoResult());
    }
}
