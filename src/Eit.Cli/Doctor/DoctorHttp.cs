using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Eit.Link;

namespace Eit.Cli.Doctor;

/// <summary>Asks for an upgrade as a client does, and reads what is answered, whoever answers.</summary>
internal static class DoctorHttp
{
    private const int HeadBytesMax = 32 * 1024;
    private const string Offer = "eit.v1.json";

    /// <summary>Asks.</summary>
    /// <returns>What was found of the status, and behind it of the subprotocol.</returns>
    /// <exception cref="IOException">The connection is lost.</exception>
    internal static async Task<IReadOnlyList<DoctorFinding>> AskAsync(Stream stream, Uri url, string? token, CancellationToken cancellationToken)
    {
        string key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));
        string credential = token is null ? "" : $"Authorization: Bearer {token}\r\n";
        string request = $"GET {url.PathAndQuery} HTTP/1.1\r\nHost: {url.Authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: {Offer}\r\n{credential}\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request), cancellationToken);
        string[] head = (await ReadHeadAsync(stream, cancellationToken)).Split("\r\n");
        string[] words = head[0].Split(' ', 3);
        bool isHttp = words[0].StartsWith("HTTP/", StringComparison.Ordinal) && words.Length > 1 && int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out _);
        if (!isHttp) { return [new DoctorFinding("HTTP", "what answers does not speak HTTP", "Check host and port.")]; }
        int status = int.Parse(words[1], CultureInfo.InvariantCulture);
        string? HeaderOf(string name) => head.Skip(1).FirstOrDefault(line => line.StartsWith($"{name}:", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim();
        if (status != 101) { return [new DoctorFinding("HTTP", string.Create(CultureInfo.InvariantCulture, $"the server answers {status}"), AdviceOn(status, token is not null, HeaderOf("Location"), HeaderOf("Retry-After")))]; }
        var http = new DoctorFinding("HTTP", "the WebSocket is opened (101)");
        string? chosen = HeaderOf("Sec-WebSocket-Protocol");
        return [http, chosen == Offer ? new DoctorFinding("Subprotocol", Offer) : new DoctorFinding("Subprotocol", $"the server has chosen {chosen ?? "none"}, not {Offer}", "This WebSocket server does not speak Eit, or a proxy drops Sec-WebSocket-Protocol: try 'eit connect --plain'.")];
    }

    private static string AdviceOn(int status, bool hasToken, string? location, string? retryAfter) => status switch
    {
        400 => "The server does not take this subprotocol: the endpoint may be for plain clients only ('eit connect --plain'), or no endpoint of Eit.",
        401 => hasToken ? "The token is not taken: it may be wrong, expired or withdrawn. Get a new one." : "Give a token: --token-file, or EIT_TOKEN.",
        403 => "This client may not come here: the endpoint may be for plain clients only ('eit connect --plain'), or a firewall answers.",
        404 => "There is no endpoint with this path: check it, and the paths that a proxy passes on.",
        426 => "The server saw no upgrade: a proxy before it does not pass on Connection and Upgrade.",
        429 or 503 => $"The server has no room, or drains{(retryAfter is null ? "" : $"; it asks to wait for {retryAfter} s")}. Try again later.",
        >= 300 and < 400 => $"Use the address that it points to, unless that is a sign-in page: then the token is missing or not taken. It is {(location is null ? "not said" : PeerText.Harmless(location))}. Eit follows no redirect.",
        >= 200 and < 300 => "A web server answers, and knows of no WebSocket: a proxy does not pass the upgrade on, or the path is wrong.",
        502 or 504 => "A proxy answers, and does not reach the server behind it.",
        _ => "The log of the server, or of the proxy before it, says more.",
    };

    private static async Task<string> ReadHeadAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[HeadBytesMax];
        int length = 0;
        while (length < HeadBytesMax)
        {
            int count = await stream.ReadAsync(bytes.AsMemory(length), cancellationToken);
            if (count == 0) { throw new IOException("the connection was closed without an answer"); }
            length += count;
            int end = bytes.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            if (end >= 0) { return Encoding.Latin1.GetString(bytes, 0, end); }
        }
        throw new IOException("the head of the answer has no end");
    }
}
