using System.Text;
using Eit.Protocol.Wire;

namespace Eit.Chaos.Frames;

/// <summary>The beginning of a connection that may become a WebSocket: a request or an answer of HTTP/1.1, up to the empty line.</summary>
internal static class HttpHead
{
    internal const int BytesMax = 64 * 1024;

    private const string Offers = "Sec-WebSocket-Protocol";

    private static ReadOnlySpan<byte> End => "\r\n\r\n"u8;

    private static ReadOnlySpan<byte> Get => "GET "u8;

    /// <summary>Tells whether bytes may be the beginning of a request for a WebSocket.</summary>
    internal static bool MayBeGet(ReadOnlySpan<byte> bytes) => bytes.Length < Get.Length ? Get.StartsWith(bytes) : bytes.StartsWith(Get);

    /// <summary>Gives the length of the head; -1 if it is not complete.</summary>
    internal static int LengthOf(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf(End);
        return end < 0 ? -1 : end + End.Length;
    }

    /// <summary>Reads a request. One for a WebSocket is changed so that the frames of the answer can be read: no compression, and no other encoding than JSON.</summary>
    /// <returns>Whether it asks for a WebSocket.</returns>
    internal static bool TryReadRequest(ReadOnlySpan<byte> head, out byte[] changed)
    {
        List<string> lines = LinesOf(head);
        bool isUpgrade = lines.Exists(static line => Is(line, "Upgrade") && line.Contains("websocket", StringComparison.OrdinalIgnoreCase));
        if (isUpgrade)
        {
            lines.RemoveAll(static line => Is(line, "Sec-WebSocket-Extensions"));
            TakeOutUnread(lines);
        }
        changed = isUpgrade ? BytesOf(lines) : head.ToArray();
        return isUpgrade;
    }

    /// <summary>Reads the answer. One that declines is changed, so that the client does not ask again on the same connection, behind a body that nobody here reads.</summary>
    /// <returns>Whether the WebSocket is open.</returns>
    internal static bool TryReadAnswer(ReadOnlySpan<byte> head, out byte[] changed)
    {
        List<string> lines = LinesOf(head);
        bool isOpen = lines[0].StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal);
        if (!isOpen)
        {
            lines.RemoveAll(static line => Is(line, "Connection"));
            lines.Add("Connection: close");
        }
        changed = isOpen ? head.ToArray() : BytesOf(lines);
        return isOpen;
    }

    private static List<string> LinesOf(ReadOnlySpan<byte> head) => [.. Encoding.Latin1.GetString(head[..^End.Length]).Split("\r\n")];

    private static byte[] BytesOf(List<string> lines) => Encoding.Latin1.GetBytes(string.Join("\r\n", lines) + "\r\n\r\n");

    private static bool Is(string line, string header) => line.Length > header.Length && line[header.Length] == ':' && line.StartsWith(header, StringComparison.OrdinalIgnoreCase);

    /// <summary>Takes the encoding that is not read out of the offers, if there is the other one.</summary>
    private static void TakeOutUnread(List<string> lines)
    {
        string[] offers = [.. lines.Where(static line => Is(line, Offers)).SelectMany(static line => line[(Offers.Length + 1)..].Split(',', StringSplitOptions.TrimEntries))];
        if (!offers.Contains(WireLimits.JsonSubprotocol) || !offers.Contains(WireLimits.BinarySubprotocol)) { return; }
        int at = lines.FindIndex(static line => Is(line, Offers));
        lines.RemoveAll(static line => Is(line, Offers));
        lines.Insert(at, $"{Offers}: {string.Join(", ", offers.Where(static offer => offer != WireLimits.BinarySubprotocol))}");
    }
}
