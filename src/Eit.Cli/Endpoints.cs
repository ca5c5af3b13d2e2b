using System.CommandLine;
using System.Net;

namespace Eit.Cli;

/// <summary>Options that take an address and a port.</summary>
internal static class Endpoints
{
    /// <summary>Makes an option for <c>host:port</c>, such as <c>127.0.0.1:80</c>, <c>[::1]:80</c> or <c>example.org:80</c>.</summary>
    internal static Option<EndPoint?> Option(string name, string description, bool takesNames) => new(name)
    {
        Description = description,
        HelpName = "HOST:PORT",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (Read(text) is { } endpoint && (takesNames || endpoint is IPEndPoint)) { return endpoint; }
            result.AddError($"{name} takes {(takesNames ? "a host" : "an address of this machine")} and a port, such as 127.0.0.1:8443, not '{text}'.");
            return null;
        },
    };

    private static EndPoint? Read(string text)
    {
        int colon = text.LastIndexOf(':');
        bool hasPort = colon > 0 && ushort.TryParse(text.AsSpan(colon + 1), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out _);
        if (!hasPort) { return null; }
        if (IPEndPoint.TryParse(text, out IPEndPoint? address)) { return address; }
        string host = text[..colon];
        return Uri.CheckHostName(host) == UriHostNameType.Dns ? new DnsEndPoint(host, ushort.Parse(text.AsSpan(colon + 1), System.Globalization.CultureInfo.InvariantCulture)) : null;
    }
}
