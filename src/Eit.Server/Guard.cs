using System.Net;
using System.Security.Claims;
using Eit.Protocol.Wire;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.Server;

/// <summary>Looks at the request that wants to become a transport: encrypted, authenticated, from a known origin (A1).</summary>
internal sealed class Guard(EitServerOptions options, TimeProvider time)
{
    private const string Anonymous = "anonymous";
    private const string UnwantedQueryToken = "access_token";

    private IReadOnlyList<WireEncoding> Encodings { get; } = WireEncodings.Of(options.Encoding);

    /// <summary>Checks a request; the first thing that is wrong decides.</summary>
    internal async ValueTask<Refusal?> CheckAsync(HttpContext context)
    {
        if (!IsEncrypted(context)) { return new Refusal(StatusCodes.Status426UpgradeRequired, "This endpoint takes encrypted connections only: use wss."); }
        if (!context.WebSockets.IsWebSocketRequest) { return new Refusal(StatusCodes.Status426UpgradeRequired, "This endpoint speaks WebSocket."); }
        if (!IsKnownOrigin(context)) { return new Refusal(StatusCodes.Status403Forbidden, "The origin is not allowed."); }
        bool isPlain = IsPlain(context);
        if (isPlain && CheckPlain(context) is { } refusal) { return refusal; }
        if (!await IsAuthenticatedAsync(context).ConfigureAwait(false)) { return new Refusal(StatusCodes.Status401Unauthorized, "A credential is needed."); }
        if (ExpiryOf(context, time) == TimeSpan.Zero) { return new Refusal(StatusCodes.Status401Unauthorized, "The credential has expired."); }   // Its scheme may be patient; the transport would be closed at once.
        if (!isPlain && EncodingOf(context) is null) { return new Refusal(StatusCodes.Status400BadRequest, $"None of the subprotocols offered is spoken here; {string.Join(" and ", Encodings.Select(WireEncodings.SubprotocolOf))} would be."); }
        bool isWanted = options.Admits is not { } admits || await admits(context).ConfigureAwait(false);
        return isWanted ? null : new Refusal(StatusCodes.Status403Forbidden, "This client is not allowed here.");
    }

    /// <summary>Whether the request is that of a plain client, and the endpoint admits such.</summary>
    internal bool IsPlain(HttpContext context) => PolicyOf(context) is not null && SpeaksNoEit(context);

    /// <summary>Whether the request is one that a plain client makes.</summary>
    internal bool SpeaksNoEit(HttpContext context)
    {
        IList<string> offered = context.WebSockets.WebSocketRequestedProtocols;
        return EncodingOf(context) is null && (offered.Count == 0 || offered.Contains(PlainCredential.Subprotocol));
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

    /// <summary>The key of who the request has authenticated; null if it has none.</summary>
    internal string? KeyOf(ClaimsPrincipal principal)
    {
        foreach (string claim in options.PrincipalClaims)
        {
            if (principal.FindFirst(claim)?.Value is { Length: > 0 } value) { return $"{claim}={value}"; }
        }
        return principal.Identity is { IsAuthenticated: true } ? null : Anonymous;
    }

    /// <summary>The remaining life of the request's credential; null if it has no end.</summary>
    internal static TimeSpan? ExpiryOf(HttpContext context, TimeProvider time)
    {
        DateTimeOffset? at = context.Features.Get<IAuthenticateResultFeature>()?.AuthenticateResult?.Properties?.ExpiresUtc;
        return at is { } known ? TimeSpan.FromTicks(Math.Max(0, (known - time.GetUtcNow()).Ticks)) : null;
    }

    private static PlainClientPolicy? PolicyOf(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<PlainClientPolicy>() ?? context.Features.Get<PlainClientPolicy>();

    /// <summary>A browser sends its cookies wherever a page asks it to: then the page has to be known. A token in an address ends up in logs.</summary>
    private static Refusal? CheckPlain(HttpContext context)
    {
        bool hasToken = context.Request.Query.ContainsKey(UnwantedQueryToken);   // One that the endpoint wants is no longer there.
        if (hasToken) { return new Refusal(StatusCodes.Status400BadRequest, "A token in the address is not taken here."); }
        IHeaderDictionary headers = context.Request.Headers;
        return headers.Cookie.Count > 0 && headers.Origin.Count == 0 ? new Refusal(StatusCodes.Status403Forbidden, "A request with a cookie has to say its origin.") : null;
    }

    /// <summary>TLS on the connection itself, or before a trusted proxy that says so.</summary>
    private bool IsEncrypted(HttpContext context)
    {
        bool isTls = context.Features.Get<ITlsHandshakeFeature>() is not null;   // Not ITlsConnectionFeature: middleware sets that one for whoever sends a header.
        if (isTls || options.Exemption is { Unencrypted: true }) { return true; }
        if (context.Connection.RemoteIpAddress is not { } remote) { return false; }
        IPAddress address = remote.IsIPv4MappedToIPv6 ? remote.MapToIPv4() : remote;
        bool isTrusted = options.TrustedProxies.Any(network => network.Contains(address));
        string forwarded = context.Request.Headers["X-Forwarded-Proto"].ToString();
        string last = forwarded[(forwarded.LastIndexOf(',') + 1)..].Trim();
        return isTrusted && last.Equals("https", StringComparison.OrdinalIgnoreCase);
    }

    private async ValueTask<bool> IsAuthenticatedAsync(HttpContext context)
    {
        if (context.User.Identity is { IsAuthenticated: true } || options.Exemption is { Anonymous: true }) { return true; }
        AuthenticationScheme? scheme = context.RequestServices.GetService<IAuthenticationSchemeProvider>() is { } schemes ? await schemes.GetDefaultAuthenticateSchemeAsync().ConfigureAwait(false) : null;
        if (scheme is null) { return false; }
        Authenticated.Note(context, await context.AuthenticateAsync().ConfigureAwait(false));
        return context.User.Identity is { IsAuthenticated: true };
    }

    /// <summary>A browser says where the page comes from; a request without an origin is not a browser's.</summary>
    private bool IsKnownOrigin(HttpContext context)
    {
        string origin = context.Request.Headers.Origin.ToString();
        if (origin.Length == 0) { return true; }
        bool isOwn = Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri)
            && string.Equals(uri.Authority, context.Request.Host.Value, StringComparison.OrdinalIgnoreCase)
            && (uri.Scheme == Uri.UriSchemeHttps || options.Exemption is { Unencrypted: true });
        return isOwn || options.AllowedOrigins.Contains(origin, StringComparer.OrdinalIgnoreCase);
    }
}
