using System.Net;
using Microsoft.AspNetCore.Http;

namespace Eit.Server;

/// <summary>The words of the last proxy before this server, as it has left them in the headers; the last word of a list is its own.</summary>
internal static class Forwarded
{
    internal const string ProtoHeader = "X-Forwarded-Proto";
    internal const string HostHeader = "X-Forwarded-Host";
    internal const string PortHeader = "X-Forwarded-Port";
    internal const string ForHeader = "X-Forwarded-For";
    internal const string StandardHeader = "Forwarded";            // RFC 7239

    /// <summary>Tells whether all that is said of the client's scheme means TLS, and something is.</summary>
    internal static bool SaysEncrypted(IHeaderDictionary headers)
    {
        string[] words = [.. new[] { LastOf(headers, ProtoHeader), StandardOf(headers, "proto") }.OfType<string>()];
        return words.Length > 0 && words.All(IsEncrypted);          // One of the two may be the client's own, passed on by a proxy that knows only the other.
    }

    internal static bool IsEncrypted(string scheme) => scheme.Equals("https", StringComparison.OrdinalIgnoreCase) || scheme.Equals("wss", StringComparison.OrdinalIgnoreCase);

    /// <summary>The host that the client has asked for, with its port where that is said.</summary>
    internal static string? HostOf(IHeaderDictionary headers)
    {
        if ((LastOf(headers, HostHeader) ?? StandardOf(headers, "host")) is not { } host) { return null; }
        bool hasPort = new HostString(host).Port is not null;
        return !hasPort && LastOf(headers, PortHeader) is { } port ? $"{host}:{port}" : host;
    }

    /// <summary>The addresses that the request has come from, the nearest first.</summary>
    internal static IEnumerable<IPAddress?> AddressesOf(IHeaderDictionary headers)
    {
        string all = headers[ForHeader].ToString();
        IEnumerable<string> words = all.Length > 0 ? all.Split(',') : Elements(headers[StandardHeader].ToString()).Select(static element => ValueOf(element, "for") ?? "");
        return words.Reverse().Select(static word => AddressOf(word.Trim()));
    }

    /// <summary>What the headers say, for the log.</summary>
    internal static string Describe(IHeaderDictionary headers)
    {
        string[] said = [.. new[] { ProtoHeader, StandardHeader }.Where(headers.ContainsKey).Select(name => $"{name}: '{headers[name]}'")];
        return said.Length == 0 ? $"neither {ProtoHeader} nor {StandardHeader}" : string.Join(" and ", said);
    }

    private static string? LastOf(IHeaderDictionary headers, string name)
    {
        string all = headers[name].ToString();
        string last = all[(all.LastIndexOf(',') + 1)..].Trim();
        return last.Length == 0 ? null : last;
    }

    private static string? StandardOf(IHeaderDictionary headers, string name) => Elements(headers[StandardHeader].ToString()).LastOrDefault() is { } last ? ValueOf(last, name) : null;

    private static List<string> Elements(string all) => Split(all, ',');

    private static string? ValueOf(string element, string name)
    {
        foreach (string pair in Split(element, ';'))
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && pair.AsSpan(0, equals).Trim().Equals(name, StringComparison.OrdinalIgnoreCase)) { return pair[(equals + 1)..].Trim().Trim('"'); }
        }
        return null;
    }

    /// <summary>Splits at a separator that stands outside of quotes.</summary>
    private static List<string> Split(string text, char separator)
    {
        var parts = new List<string>();
        bool isQuoted = false;
        int begin = 0;
        for (int i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && text[i] == '"') { isQuoted = !isQuoted; }
            if (i < text.Length && (text[i] != separator || isQuoted)) { continue; }
            if (text[begin..i].Trim() is { Length: > 0 } part) { parts.Add(part); }
            begin = i + 1;
        }
        return parts;
    }

    private static IPAddress? AddressOf(string word)
    {
        string text = word.Trim('"');
        return IPEndPoint.TryParse(text, out IPEndPoint? end) ? end.Address : null;
    }
}
