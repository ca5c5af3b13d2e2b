using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Matching;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.Server;

/// <summary>Takes plain clients' tokens out of the query where the endpoint allows it: when routing has found the endpoint, before the request is authorized.</summary>
internal sealed class QueryTokenPolicy(Guard guard) : MatcherPolicy, IEndpointSelectorPolicy
{
    /// <summary>The last one: an endpoint that another policy rules out takes no token.</summary>
    public override int Order => int.MaxValue;

    public bool AppliesToEndpoints(IReadOnlyList<Endpoint> endpoints) => endpoints.Any(static endpoint => QueryTokenOf(endpoint) is not null);

    public async Task ApplyAsync(HttpContext httpContext, CandidateSet candidates)
    {
        int first = Enumerable.Range(0, candidates.Count).FirstOrDefault(candidates.IsValidCandidate, -1);   // The one that is selected.
        if (first < 0 || QueryTokenOf(candidates[first].Endpoint) is not { } name || !guard.SpeaksNoEit(httpContext)) { return; }
        bool isLate = OfferedCredential.TryTakeFromQuery(httpContext.Request, name) && httpContext.Features.Get<IAuthenticationFeature>() is not null;
        if (isLate) { await AuthenticateAnewAsync(httpContext).ConfigureAwait(false); }
    }

    private static string? QueryTokenOf(Endpoint endpoint) => endpoint.Metadata.GetMetadata<PlainClientPolicy>()?.QueryToken;

    /// <summary>The application authenticates its requests before it routes them, and the scheme's handler of this request remembers that it found no token.</summary>
    private static async Task AuthenticateAnewAsync(HttpContext context)
    {
        AuthenticationScheme? scheme = await context.RequestServices.GetRequiredService<IAuthenticationSchemeProvider>().GetDefaultAuthenticateSchemeAsync().ConfigureAwait(false);
        if (scheme is null) { return; }
        var handler = (IAuthenticationHandler)ActivatorUtilities.CreateInstance(context.RequestServices, scheme.HandlerType);
        await handler.InitializeAsync(scheme, context).ConfigureAwait(false);
        Authenticated.Note(context, await handler.AuthenticateAsync().ConfigureAwait(false));
    }
}
