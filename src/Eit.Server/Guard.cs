using System.Security.Claims;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.Server;

/// <summary>Looks at the request that wants to become a transport: encrypted, authenticated, from a known origin (A1).</summary>
internal sealed class Guard(EitServerOptions options, TimeProvider time)
{
    private const string Anonymous = "anonymous";
    private const string UnwantedQueryToken = "access_token";

    private OriginRules? _rules;

    private OriginRules Rules => _rules ??= new OriginRules(options.AllowedOrigins, options.AllowsOrigin);   // Of the options as the host has checked them at its start.

    private IReadOnlyList<WireEncoding> Encodings { get; } = WireEncodings.Of(options.Encoding);

    /// <summary>Checks a request; the first thing that is wrong decides.</summary>
    internal async ValueTask<Refusal?> CheckAsync(HttpContext context)
    {
        RequestWay way = RequestWay.Of(context, options);
        if (!way.IsEncrypted && options.Exemption is not { Unencrypted: true })
        {
            return new Refusal(StatusCodes.Status426UpgradeRequired, "This endpoint takes encrypted connections only: use wss.") { Why = way.WhyUnencrypted(options) };
        }
        if (!context.WebSockets.IsWebSocketRequest) { return new Refusal(StatusCodes.Status426UpgradeRequired, "This endpoint speaks WebSocket.") { Why = WhyNoWebSocket(context) }; }
        if (!IsKnownOrigin(context, way)) { return new Refusal(StatusCodes.Status403Forbidden, "The origin is not allowed.") { Why = WhyForeign(context, way) }; }
        bool isPlain = IsPlain(context);
        if (isPlain && CheckPlain(context) is { } refusal) { return refusal; }
        bool mayBePage = isPlain || context.Features.Get<HeadlessClient>() is not null;
        if (mayBePage && HasCookieWithoutOrigin(context.Request.Headers))
        {
            return new Refusal(StatusCodes.Status403Forbidden, "A request with a cookie has to say its origin.") { Why = "a client that may be a page has sent a cookie and no origin." };
        }
        if (await WhyNobodyAsync(context).ConfigureAwait(false) is { } whyNobody) { return new Refusal(StatusCodes.Status401Unauthorized, "A credential is needed.") { Why = whyNobody }; }
        if (ExpiryOf(context, time) == TimeSpan.Zero)                // Its scheme may be patient; the transport would be closed at once.
        {
            return new Refusal(StatusCodes.Status401Unauthorized, "The credential has expired.") { Why = "the authentication scheme still takes a credential whose end has passed (a clock skew that it allows?); a session can't." };
        }
        if (!isPlain && EncodingOf(context) is null)
        {
            return new Refusal(StatusCodes.Status400BadRequest, $"None of the subprotocols offered is spoken here; {string.Join(" and ", Encodings.Select(WireEncodings.SubprotocolOf))} would be.") { Why = WhyNoEncoding(context) };
        }
        bool isWanted = options.Admits is not { } admits || await admits(context).ConfigureAwait(false);
        return isWanted ? null : new Refusal(StatusCodes.Status403Forbidden, "This client is not allowed here.") { Why = "EitServerOptions.Admits has returned false." };
    }

    /// <summary>Whether the request is that of a plain client, and the endpoint admits such.</summary>
    internal bool IsPlain(HttpContext context) => PolicyOf(context) is not null && SpeaksNoEit(context);

    /// <summary>Whether the request is one that a plain client makes.</summary>
    internal bool SpeaksNoEit(HttpContext context)
    {
        IList<string> offered = context.WebSockets.WebSocketRequestedProtocols;
        return EncodingOf(context) is null && (offered.Count == 0 || offered.Contains(WireLimits.PlainSubprotocol));
    }

    /// <summary>The encoding that is selected of those that the request offers (V1.1); null if none is spoken here.</summary>
    internal WireEncoding? EncodingOf(HttpContext context)
    {
        foreach (WireEncoding encoding in Encodings)
        {
            if (context.WebSockets.WebSocketRequestedProtocols.Contains(WireEncodings.SubprotocolOf(encoding))) { return encoding; }
        }
        return null;
    }

    /// <summary>What to select of the subprotocols that are offered, if the request is refused only behind the upgrade; null if none could be.</summary>
    internal string? SelectionOf(IReadOnlyList<string> offers)
    {
        string? spoken = Encodings.Select(WireEncodings.SubprotocolOf).FirstOrDefault(offers.Contains);
        return spoken ?? (offers.Contains(WireLimits.PlainSubprotocol) ? WireLimits.PlainSubprotocol : null);
    }

    /// <summary>The key of who the request has authenticated; null if it has none.</summary>
    internal string? KeyOf(ClaimsPrincipal principal)
    {
        foreach (string claim in options.PrincipalClaims)
        {
            if (principal.FindFirst(claim)?.Value is { Length: > 0 } value) { return $"{claim}={value}"; }
        }
        return principal.Identity is { IsAuthenticated: true } ? null : Anonymous;
    }

    /// <summary>Who counts as one client, for what is bounded or counted for each.</summary>
    internal string ClientOf(HttpContext context) => RequestWay.Of(context, options).Client;

    /// <summary>Where a session that the request opens can be resumed (R1.12).</summary>
    internal SessionPlace PlaceOf(HttpContext context)
    {
        Endpoint? endpoint = context.GetEndpoint();
        object? key = endpoint?.Metadata.GetMetadata<EndpointKey>() ?? (object?)endpoint?.DisplayName;
        return new SessionPlace(key, context.Request.PathBase.Add(context.Request.Path).Value ?? string.Empty, EncodingOf(context) ?? WireEncoding.Json);
    }

    /// <summary>The remaining life of the request's credential; null if it has no end.</summary>
    internal static TimeSpan? ExpiryOf(HttpContext context, TimeProvider time)
    {
        DateTimeOffset? at = context.Features.Get<IAuthenticateResultFeature>()?.AuthenticateResult?.Properties?.ExpiresUtc;
        return at is { } known ? TimeSpan.FromTicks(Math.Max(0, (known - time.GetUtcNow()).Ticks)) : null;
    }

    private static PlainClientPolicy? PolicyOf(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<PlainClientPolicy>() ?? context.Features.Get<PlainClientPolicy>();

    /// <summary>A token in an address ends up in logs.</summary>
    private static Refusal? CheckPlain(HttpContext context)
    {
        bool hasToken = context.Request.Query.ContainsKey(UnwantedQueryToken);   // One that the endpoint wants is no longer there.
        if (!hasToken) { return null; }
        return new Refusal(StatusCodes.Status400BadRequest, "A token in the address is not taken here.") { Why = "it has a token in its query; WithPlainClients(queryToken) names the member in which one is taken." };
    }

    /// <summary>A browser sends its cookies wherever a page asks it to: then the page has to be known.</summary>
    private static bool HasCookieWithoutOrigin(IHeaderDictionary headers) => headers.Cookie.Count > 0 && headers.Origin.ToString().Length == 0;

    /// <summary>Says why the request is nobody's; null if it is somebody's.</summary>
    private async ValueTask<string?> WhyNobodyAsync(HttpContext context)
    {
        if (context.User.Identity is { IsAuthenticated: true } || options.Exemption is { Anonymous: true }) { return null; }
        AuthenticationScheme? scheme = context.RequestServices.GetService<IAuthenticationSchemeProvider>() is { } schemes ? await schemes.GetDefaultAuthenticateSchemeAsync().ConfigureAwait(false) : null;
        if (scheme is null) { return "the application has no default authentication scheme: call AddAuthentication with one."; }
        AuthenticateResult result = await context.AuthenticateAsync().ConfigureAwait(false);
        Authenticated.Note(context, result);
        if (context.User.Identity is { IsAuthenticated: true }) { return null; }
        string why = result.Failure is { } failure ? $"it does not take the credential: {failure.Message}" : "the request has no credential for it";
        return $"the authentication scheme {scheme.Name} has authenticated nobody; {why}";
    }

    /// <summary>Whether the request has come encrypted, or need not.</summary>
    internal bool IsEncrypted(HttpContext context) => RequestWay.Of(context, options).IsEncrypted || options.Exemption is { Unencrypted: true };

    /// <summary>Whether the request is from no page, or from one that is known here.</summary>
    internal bool IsKnownOrigin(HttpContext context) => IsKnownOrigin(context, RequestWay.Of(context, options));

    /// <summary>A browser says where the page comes from; a request without an origin is not a browser's.</summary>
    private bool IsKnownOrigin(HttpContext context, RequestWay way)
    {
        string text = context.Request.Headers.Origin.ToString();
        if (text.Length == 0) { return true; }
        return (WebOrigin.TryParse(text, out WebOrigin? origin) && IsOwn(origin, way)) || Rules.Allow(text, origin);
    }

    /// <summary>A page of this server itself. Without TLS that is believed only where the host is no name that somebody else could make point here.</summary>
    private bool IsOwn(WebOrigin origin, RequestWay way)
    {
        bool mayBeUnencrypted = options.Exemption is { Unencrypted: true };
        bool isOwnScheme = origin.Scheme == Uri.UriSchemeHttps || (mayBeUnencrypted && origin.Scheme == Uri.UriSchemeHttp && DevelopmentExemption.IsLocal(origin.Host));
        return isOwnScheme && way.OwnHosts().Any(host => WebOrigin.TryParse($"{origin.Scheme}://{host}", out WebOrigin? own) && own == origin);
    }

    private string WhyForeign(HttpContext context, RequestWay way)
    {
        string allowed = options.AllowedOrigins.Count == 0 ? "is empty" : $"has {string.Join(", ", options.AllowedOrigins)}";
        string predicate = options.AllowsOrigin is null ? "" : ", and EitServerOptions.AllowsOrigin has returned false";
        string exempt = options.Exemption is { Unencrypted: true } ? " Without TLS a host counts as the server's own only if it is localhost or an address." : "";
        return $"the page's origin is '{context.Request.Headers.Origin}', the host that was asked for is '{string.Join("' or '", way.OwnHosts())}', and EitServerOptions.AllowedOrigins {allowed}{predicate}.{exempt}";
    }

    private string WhyNoEncoding(HttpContext context)
    {
        string plain = PolicyOf(context) is null ? " The endpoint admits no plain clients (WithPlainClients)." : "";
        string encoding = options.Encoding is { } only ? $" EitServerOptions.Encoding is {only}." : "";
        return $"it offers the subprotocols '{string.Join(", ", context.WebSockets.WebSocketRequestedProtocols)}', and {string.Join(" and ", Encodings.Select(WireEncodings.SubprotocolOf))} are spoken here.{encoding}{plain}";
    }

    private static string WhyNoWebSocket(HttpContext context) =>
        $"it is no WebSocket request: {context.Request.Protocol} {context.Request.Method}, Upgrade '{context.Request.Headers.Upgrade}', Connection '{context.Request.Headers.Connection}'. A proxy before this server has to pass both on.";
}
