using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;

namespace Eit.Server;

/// <summary>A request that was authenticated here, and not by the application's middleware.</summary>
internal sealed class Authenticated : IAuthenticateResultFeature
{
    public AuthenticateResult? AuthenticateResult { get; set; }

    /// <summary>Gives the request its principal, if it has got one.</summary>
    internal static void Note(HttpContext context, AuthenticateResult result)
    {
        if (!result.Succeeded) { return; }
        context.User = result.Principal;
        context.Features.Set<IAuthenticateResultFeature>(new Authenticated { AuthenticateResult = result });
    }
}
