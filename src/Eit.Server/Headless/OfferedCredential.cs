using System.Buffers.Text;
using System.Text;
using Eit.Protocol.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Eit.Server;

/// <summary>The token of a client that can't set headers, as pages can't: it comes as a subprotocol beside another <c>eit.</c> one (A2.2), or, of a plain client, in the query. It is made
/// the request's credential, and taken away from where it was, so that it is never answered, logged or kept.</summary>
/// <remarks>A request that has a credential keeps that one. Of two tokens, and of one that is no token, none counts.</remarks>
internal static class OfferedCredential
{
    private const string Family = "eit.";
    private const int TokenCharsMax = 16 * 1024;

    /// <summary>Takes the tokens out of the subprotocols that are offered.</summary>
    internal static void TakeFromSubprotocols(HttpRequest request)
    {
        string offered = request.Headers.SecWebSocketProtocol.ToString();
        bool isHeadless = offered.Contains(WireLimits.BearerSubprotocolPrefix, StringComparison.Ordinal) || offered.Contains(WireLimits.ClosesSubprotocol, StringComparison.Ordinal);
        if (!isHeadless) { return; }
        string[] names = offered.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        string[] tokens = [.. names.Where(IsToken)];
        string[] others = [.. names.Where(static name => !IsToken(name))];
        if (tokens.Length > 0) { request.Headers.SecWebSocketProtocol = string.Join(", ", others); }
        bool seesNoAnswers = others.Contains(WireLimits.ClosesSubprotocol, StringComparer.Ordinal);
        if (tokens.Length > 0 || seesNoAnswers) { request.HttpContext.Features.Set(new HeadlessClient(others, seesNoAnswers)); }
        bool counts = tokens.Length == 1 && others.Any(static name => name.StartsWith(Family, StringComparison.Ordinal) && name != WireLimits.ClosesSubprotocol);
        if (counts && TryDecode(tokens[0].AsSpan(WireLimits.BearerSubprotocolPrefix.Length)) is { } token) { TryUse(request, token); }
    }

    /// <summary>Takes the tokens out of the query.</summary>
    /// <returns>Whether the request has a credential by that.</returns>
    internal static bool TryTakeFromQuery(HttpRequest request, string name)
    {
        if (!request.Query.TryGetValue(name, out StringValues tokens)) { return false; }
        request.QueryString = QueryString.Create(request.Query.Where(member => !member.Key.Equals(name, StringComparison.OrdinalIgnoreCase)));
        return tokens.Count == 1 && TryUse(request, tokens.ToString());
    }

    private static bool IsToken(string name) => name.StartsWith(WireLimits.BearerSubprotocolPrefix, StringComparison.Ordinal);

    private static string? TryDecode(ReadOnlySpan<char> base64Url) =>
        base64Url.Length is 0 or > TokenCharsMax || !Base64Url.IsValid(base64Url) ? null : Encoding.UTF8.GetString(Base64Url.DecodeFromChars(base64Url));

    private static bool TryUse(HttpRequest request, string token)
    {
        if (request.Headers.Authorization.Count > 0 || token.Length is 0 or > TokenCharsMax || token.AsSpan().ContainsAnyExceptInRange('!', '~')) { return false; }
        request.Headers.Authorization = $"Bearer {token}";
        return true;
    }
}
