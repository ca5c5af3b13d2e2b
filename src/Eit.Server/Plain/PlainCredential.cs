using System.Buffers.Text;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Eit.Server;

/// <summary>The token of a plain client, which can't set headers if it is a browser: it comes as a subprotocol beside <c>eit.plain</c>, or in the query. It is made the request's
/// credential, and taken away from where it was, so that it is never answered, logged or kept.</summary>
/// <remarks>A request that has a credential keeps that one. Of two tokens, and of one that is no token, none counts.</remarks>
internal static class PlainCredential
{
    internal const string Subprotocol = "eit.plain";
    private const string TokenPrefix = "eit.bearer.";
    private const int TokenCharsMax = 16 * 1024;

    /// <summary>Takes the tokens out of the subprotocols that are offered.</summary>
    internal static void TakeFromSubprotocols(HttpRequest request)
    {
        string offered = request.Headers.SecWebSocketProtocol.ToString();
        if (!offered.Contains(TokenPrefix, StringComparison.Ordinal)) { return; }
        string[] names = offered.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        string[] tokens = [.. names.Where(IsToken)];
        string[] others = [.. names.Where(static name => !IsToken(name))];
        request.Headers.SecWebSocketProtocol = string.Join(", ", others);
        bool counts = tokens.Length == 1 && others.Contains(Subprotocol, StringComparer.Ordinal);
        if (counts && TryDecode(tokens[0].AsSpan(TokenPrefix.Length)) is { } token) { TryUse(request, token); }
    }

    /// <summary>Takes the tokens out of the query.</summary>
    /// <returns>Whether the request has a credential by that.</returns>
    internal static bool TryTakeFromQuery(HttpRequest request, string name)
    {
        if (!request.Query.TryGetValue(name, out StringValues tokens)) { return false; }
        request.QueryString = QueryString.Create(request.Query.Where(member => !member.Key.Equals(name, StringComparison.OrdinalIgnoreCase)));
        return tokens.Count == 1 && TryUse(request, tokens.ToString());
    }

    private static bool IsToken(string name) => name.StartsWith(TokenPrefix, StringComparison.Ordinal);

    private static string? TryDecode(ReadOnlySpan<char> base64Url) =>
        base64Url.Length is 0 or > TokenCharsMax || !Base64Url.IsValid(base64Url) ? null : Encoding.UTF8.GetString(Base64Url.DecodeFromChars(base64Url));

    private static bool TryUse(HttpRequest request, string token)
    {
        if (request.Headers.Authorization.Count > 0 || token.Length is 0 or > TokenCharsMax || token.AsSpan().ContainsAnyExceptInRange('!', '~')) { return false; }
        request.Headers.Authorization = $"Bearer {token}";
        return true;
    }
}
