namespace Eit.Server;

/// <summary>The origins from which browsers may come, besides the server's own.</summary>
internal sealed class OriginRules
{
    /// <summary>What a browser says where a page has no origin: a file, a frame in a sandbox.</summary>
    private const string Opaque = "null";

    private readonly IReadOnlyList<WebOrigin> _origins;
    private readonly bool _allowsOpaque;
    private readonly Func<string, bool>? _allows;

    /// <summary>Reads the rules; what is no rule is passed over, since the options' check tells.</summary>
    internal OriginRules(IEnumerable<string> allowed, Func<string, bool>? allows)
    {
        var origins = new List<WebOrigin>();
        foreach (string text in allowed)
        {
            if (text == Opaque) { _allowsOpaque = true; }
            else if (WebOrigin.TryParsePattern(text, out WebOrigin? origin)) { origins.Add(origin); }
        }
        (_origins, _allows) = (origins, allows);
    }

    /// <summary>Says what is wrong with a rule; null if nothing is.</summary>
    internal static string? FaultOf(string text) => text == Opaque || WebOrigin.TryParsePattern(text, out _) ? null
        : $"{text}, which is not an origin such as https://app.example, a pattern such as https://*.app.example, or null for pages without an origin";

    /// <summary>Tells whether a page of an origin may connect.</summary>
    /// <param name="text">The origin, as the browser has sent it.</param>
    /// <param name="origin">The same, read; null if it can't be.</param>
    internal bool Allow(string text, WebOrigin? origin)
    {
        bool isListed = origin is null ? _allowsOpaque && text == Opaque : _origins.Any(one => one.Covers(origin));
        return isListed || (_allows is not null && _allows(text));
    }
}
