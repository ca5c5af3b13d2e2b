namespace Eit.Protocol.Session;

/// <summary>Tells whether a redirect leads to a page where people sign in: then it stands for 401 (A1.21).</summary>
internal static class SignInPage
{
    private static readonly string[] s_segments = ["accessdenied", "auth", "authorize", "login", "logon", "oauth2", "openid-connect", "saml2", "sign-in", "sign_in", "signin", "sso"];
    private static readonly string[] s_members = ["client_id", "redirect_uri", "return_to", "return_url", "returnurl", "samlrequest"];

    /// <summary>Looks at the words of the address only: its path, and the names in its query.</summary>
    /// <param name="location">Where the answer points to; null for nowhere.</param>
    internal static bool IsAt(string? location)
    {
        if (location is null) { return false; }
        int query = location.IndexOf('?', StringComparison.Ordinal);
        string path = query < 0 ? location : location[..query];
        return path.Split('/').Any(static segment => IsOneOf(s_segments, segment))
            || (query >= 0 && location[(query + 1)..].Split('&').Any(static member => IsOneOf(s_members, member.Split('=')[0])));
    }

    private static bool IsOneOf(string[] words, string word) => words.Contains(word, StringComparer.OrdinalIgnoreCase);
}
