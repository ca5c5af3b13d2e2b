using System.Buffers.Text;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Eit.Server;

/// <summary>What a plain client offers as subprotocols: <c>eit.plain</c>, and beside it perhaps its token, for a browser can't set headers.</summary>
internal static class PlainSubprotocol
{
    internal const string Name = "eit.plain";
    private const string TokenPrefix = "eit.bearer.";
    private const int TokenCharsMax = 16 * 1024;

    /// <summary>Takes the token out of the offer and makes it the request's credential, before anybody looks for one: it is never answered, and never logged.</summary>
    /// <remarks>A request that has a credential keeps that one. Of two tokens, and of one that is not base64url, none counts.</remarks>
    internal static void TakeToken(HttpRequest request)
    {
        string offered = request.Headers.SecWebSocketProtocol.ToString();
        if (!offered.Contains(TokenPrefix, StringComparison.Ordinal)) { return; }
        string[] names = offered.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        string[] tokens = [.. names.Where(IsToken)];
        string[] others = [.. names.Where(static name => !IsToken(name))];
        request.Headers.SecWebSocketProtocol = string.Join(", ", others);
        bool counts = tokens.Length == 1 && others.Contains(Name, StringComparer.Ordinal) && request.Headers.Authorization.Count == 0;
        if (counts && TryDecode(tokens[0].AsSpan(TokenPrefix.Length)) is { } token) { request.Headers.Authorization = $"Bearer {token}"; }
    }

    private static bool IsToken(string name) => name.StartsWith(TokenPrefix, StringComparison.Ordinal);

    private static string? TryDecode(ReadOnlySpan<char> base64Url)
    {
        if (base64Url.Length is 0 or > TokenCharsMax || !Base64Url.IsValid(base64Url)) { return null; }
        string token = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(base64Url));
        return token.AsSpan().ContainsAnyExceptInRange('!', '~') ? null : token;
    }
}
