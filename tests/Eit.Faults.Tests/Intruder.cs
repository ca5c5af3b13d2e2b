using System.Net;
using System.Net.WebSockets;
using System.Text.Json;
using Eit.Cli;

namespace Eit.Faults.Tests;

/// <summary>Somebody who has recorded what a client said.</summary>
internal static class Intruder
{
    /// <summary>Says a hello again.</summary>
    /// <returns>Whether that let him into the session.</returns>
    internal static async Task<bool> TryAsync(int port, string hello)
    {
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("eit.v1.json");
        socket.Options.SetRequestHeader("Eit-Hello", hello);
        socket.Options.RemoteCertificateValidationCallback = AnyCertificate.Take;
        socket.Options.Proxy = new WebProxy();
        byte[] buffer = new byte[16 * 1024];
        try
        {
            await socket.ConnectAsync(new Uri($"wss://127.0.0.1:{port}/talk?pace=20&size=100"), CancellationToken.None).Soon();
            WebSocketReceiveResult got = await socket.ReceiveAsync(buffer, CancellationToken.None).Soon();
            if (got.MessageType == WebSocketMessageType.Close) { return false; }
            JsonElement first = JsonElement.Parse(buffer.AsSpan(0, got.Count));
            if (first.ValueKind == JsonValueKind.Array) { first = first[0]; }
            return first.GetProperty("t").GetString() == "welcome" && first.GetProperty("resumed").GetBoolean();
        }
        catch (WebSocketException)
        {
            return false;
        }
    }
}
