using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Eit.Server;

/// <summary>An origin as browsers name it, in one spelling: scheme, host in ASCII, and the port, which is there also when it is the scheme's own.</summary>
/// <param name="Scheme">The scheme, in small letters.</param>
/// <param name="Host">The host, in small letters; names of other alphabets in punycode. Empty for a scheme without hosts.</param>
/// <param name="Port">The port; -1 for a scheme that has none.</param>
internal sealed record WebOrigin(string Scheme, string Host, int Port)
{
    private const string SubdomainMark = "*.";
    private const string SubdomainStandIn = "any.";

    private static readonly SearchValues<char> s_foreign = SearchValues.Create(" \t,*@\\");
    private static readonly IdnMapping s_idn = new() { UseStd3AsciiRules = false };

    /// <summary>Gets whether <see cref="Host"/> stands for all hosts below it, and not for itself.</summary>
    internal bool IsPattern { get; init; }

    /// <summary>Reads an origin: no path, no user, no query.</summary>
    /// <param name="text">As a browser sends it, or as people write it: a slash at the end and the scheme's own port count for nothing.</param>
    /// <param name="origin">The origin.</param>
    internal static bool TryParse(string text, [NotNullWhen(true)] out WebOrigin? origin)
    {
        origin = null;
        bool isOne = Uri.TryCreate(text, UriKind.Absolute, out Uri? uri)
            && uri.UserInfo.Length == 0 && uri.Query.Length == 0 && uri.Fragment.Length == 0 && uri.AbsolutePath is "" or "/"
            && text.Contains("://", StringComparison.Ordinal) && !text.AsSpan().ContainsAny(s_foreign) && AsciiOf(uri!.Host) is not null;
        if (isOne) { origin = new WebOrigin(uri!.Scheme, AsciiOf(uri.Host)!, uri.Port); }
        return isOne;
    }

    /// <summary>Reads an origin whose host may begin with <c>*.</c>: all sub-domains, of any depth.</summary>
    internal static bool TryParsePattern(string text, [NotNullWhen(true)] out WebOrigin? origin)
    {
        int mark = text.IndexOf($"://{SubdomainMark}", StringComparison.Ordinal);
        if (mark < 0) { return TryParse(text, out origin); }
        string standIn = string.Concat(text.AsSpan(0, mark), "://", SubdomainStandIn, text.AsSpan(mark + 3 + SubdomainMark.Length));
        if (!TryParse(standIn, out origin) || origin.Host.Length == SubdomainStandIn.Length) { return false; }
        origin = origin with { Host = origin.Host[SubdomainStandIn.Length..], IsPattern = true };
        return true;
    }

    /// <summary>Tells whether this, which may be a pattern, stands for an origin.</summary>
    internal bool Covers(WebOrigin origin) => Scheme == origin.Scheme && Port == origin.Port
        && (IsPattern ? origin.Host.Length > Host.Length + 1 && origin.Host.EndsWith($".{Host}", StringComparison.Ordinal) : origin.Host == Host);

    private static string? AsciiOf(string host)
    {
        if (host.Length == 0 || host[0] == '[' || System.Text.Ascii.IsValid(host)) { return host.ToLowerInvariant(); }
        try { return s_idn.GetAscii(host).ToLowerInvariant(); }
        catch (ArgumentException) { return null; }
    }
}
