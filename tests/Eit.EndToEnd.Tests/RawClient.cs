using System.Buffers.Text;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Eit.Protocol.Wire;

namespace Eit.EndToEnd.Tests;

/// <summary>A bare WebSocket that speaks the protocol only as far as a test makes it.</summary>
internal sealed class RawClient : IAsyncDisposable
{
    internal const string Ack = """{"t":"ack","received":0,"processed":[0,0,0,0],"credit":[1024,1048576]}""";

    private readonly ClientWebSocket _socket = new();
    private readonly Queue<JsonElement> _frames = new();

    /// <summary>The status that the request was answered with; 101 when the WebSocket is open.</summary>
    internal int Status { get; private set; }

    internal IReadOnlyDictionary<string, IEnumerable<string>> Headers { get; private set; } = new Dictionary<string, IEnumerable<string>>();

    internal string? Subprotocol => _socket.SubProtocol;

    /// <summary>The code of the server's close; null before it.</summary>
    internal int? CloseCode => (int?)_socket.CloseStatus;

    internal string? CloseReason => _socket.CloseStatusDescription;

    internal static Task<RawClient> OpenAsync(TestHost host, Hello? hello = null, string? token = null, string path = "/eit", string scheme = "wss", string? subprotocol = WireLimits.JsonSubprotocol, Action<ClientWebSocketOptions>? configure = null) =>
        OpenAsync(new Uri($"{scheme}://127.0.0.1:{host.Port}{path}"), hello, token, subprotocol, configure);

    internal static async Task<RawClient> OpenAsync(Uri url, Hello? hello, string? token, string? subprotocol, Action<ClientWebSocketOptions>? configure = null)
    {
        var client = new RawClient();
        ClientWebSocketOptions options = client._socket.Options;
        options.CollectHttpResponseDetails = true;
        if (subprotocol is not null) { options.AddSubProtocol(subprotocol); }
        if (token is not null) { options.SetRequestHeader("Authorization", $"Bearer {token}"); }
        if (hello is not null) { options.SetRequestHeader(WireLimits.HelloHeader, Base64Url.EncodeToString(Encoding.UTF8.GetBytes(Json(hello)))); }
        configure?.Invoke(options);
        try { await client._socket.ConnectAsync(url, new HttpMessageInvoker(Handler()), CancellationToken.None).Soon(); }
        catch (WebSocketException)
        {
            // The status says why.
        }
        client.Status = (int)client._socket.HttpStatusCode;
        client.Headers = client._socket.HttpResponseHeaders ?? client.Headers;
        return client;
    }

    internal static Hello Hello(long epoch = 1, ulong instance = 7, HelloWant want = HelloWant.New) => new()
    {
        Instance = new InstanceId(instance),
        Epoch = epoch,
        Want = want,
        Timeout = TimeSpan.FromSeconds(5),
        MessageBytesMax = 1024 * 1024,
        Credit = new Credit(1024, 1024 * 1024),
    };

    internal static string Json(Hello hello)
    {
        var writer = new JsonFrameWriter();
        writer.Begin();
        writer.WriteHello(hello);
        string json = Encoding.UTF8.GetString(writer.End().Span);
        writer.Release();
        return json;
    }

    internal Task SendAsync(string text) => _socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None).Soon();

    internal Task SendAsync(string text, bool endOfMessage) => _socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage, CancellationToken.None).Soon();

    /// <summary>Closes, and says why.</summary>
    internal Task CloseAsync(int code, string reason) => _socket.CloseOutputAsync((WebSocketCloseStatus)code, reason, CancellationToken.None).Soon();

    /// <summary>Receives the next WebSocket message, as a plain client would.</summary>
    internal async Task<string> NextTextAsync()
    {
        byte[] buffer = new byte[1024];
        WebSocketReceiveResult got = await _socket.ReceiveAsync(buffer, CancellationToken.None).Soon();
        return Encoding.UTF8.GetString(buffer, 0, got.Count);
    }

    /// <summary>Receives the next frame; null when the server has closed.</summary>
    internal async Task<JsonElement?> NextAsync()
    {
        while (_frames.Count == 0)
        {
            using var message = new MemoryStream();
            byte[] buffer = new byte[16 * 1024];
            WebSocketReceiveResult got;
            do
            {
                got = await _socket.ReceiveAsync(buffer, CancellationToken.None).Soon();
                message.Write(buffer, 0, got.Count);
            }
            while (!got.EndOfMessage);
            if (got.MessageType == WebSocketMessageType.Close) { return null; }
            JsonElement root = JsonDocument.Parse(message.ToArray()).RootElement;
            if (root.ValueKind != JsonValueKind.Array) { return root; }
            foreach (JsonElement frame in root.EnumerateArray()) { _frames.Enqueue(frame); }
        }
        return _frames.Dequeue();
    }

    /// <summary>Receives until a frame of a type comes.</summary>
    internal async Task<JsonElement> UntilAsync(string type)
    {
        while (true)
        {
            JsonElement frame = await NextAsync() ?? throw new InvalidOperationException($"The server closed with {CloseCode} before {type}.");
            if (frame.GetProperty("t").GetString() == type) { return frame; }
        }
    }

    /// <summary>Receives until the server closes.</summary>
    /// <returns>The code of the close.</returns>
    internal async Task<CloseCode> UntilClosedAsync()
    {
        while (await NextAsync() is not null) { }
        return (CloseCode)CloseCode!.Value;
    }

    public ValueTask DisposeAsync()
    {
        _socket.Abort();
        _socket.Dispose();
        return default;
    }

    /// <summary>A handler that keeps the status of every answer and knows the test's own certificate.</summary>
    internal static SocketsHttpHandler Handler()
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false };
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate?.GetCertHashString() == TestHost.Certificate.GetCertHashString();
        return handler;
    }
}
