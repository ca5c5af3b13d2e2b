using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Floods;

/// <summary>A client that keeps to nothing but the form of frames.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly FrameWriter _writer = WireEncodings.NewWriter(WireEncoding.Binary);
    private readonly FrameReader _reader = WireEncodings.NewReader(WireEncoding.Binary);
    private readonly FrameBatch _frames = new();
    private readonly byte[] _buffer = new byte[WireLimits.TransportMessageBytesMax];

    /// <summary>Gets the server's welcome; null before <see cref="ReadAsync"/> has met it.</summary>
    internal Welcome? Welcome { get; private set; }

    /// <summary>Gets the credit that the server has given.</summary>
    internal Credit Credit { get; private set; } = new(0, 0);

    /// <summary>Gets the last number that has come.</summary>
    internal long Received { get; private set; }

    /// <summary>Gets the last number that was sent.</summary>
    internal long Sent { get; private set; }

    internal long SentBytes { get; private set; }

    internal static Hello HelloOf(long epoch = 1, HelloWant want = HelloWant.New) => new()
    {
        Instance = new InstanceId(BitConverter.ToUInt128(RandomNumberGenerator.GetBytes(16))),
        Epoch = epoch,
        Want = want,
        Timeout = TimeSpan.FromSeconds(60),
        MessageBytesMax = 1024 * 1024,
        Credit = new Credit(1L << 40, 1L << 50),
    };

    /// <summary>Opens a WebSocket.</summary>
    /// <param name="port">Where.</param>
    /// <param name="path">To which endpoint.</param>
    /// <param name="user">As whom.</param>
    /// <param name="hello">What the header says; null: nothing.</param>
    /// <param name="subprotocol">What is offered; null for a plain client.</param>
    /// <param name="ballast">Headers of so many characters.</param>
    internal async Task OpenAsync(int port, string path, string user, Hello? hello, string? subprotocol = WireLimits.BinarySubprotocol, int ballast = 0)
    {
        _socket.Options.RemoteCertificateValidationCallback = FloodCertificate.IsTheServers;
        _socket.Options.KeepAliveInterval = TimeSpan.Zero;
        _socket.Options.SetRequestHeader("Authorization", $"Bearer {user}");
        if (subprotocol is not null) { _socket.Options.AddSubProtocol(subprotocol); }
        if (hello is not null) { _socket.Options.SetRequestHeader(WireLimits.HelloHeader, JsonFrameWriter.HelloHeaderOf(hello)); }
        for (int i = 0; i < ballast / 4_000; i++) { _socket.Options.SetRequestHeader($"X-Ballast-{i}", new string((char)('a' + i), 4_000)); }
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        await _socket.ConnectAsync(new Uri($"wss://localhost:{port}{path}"), limit.Token);
    }

    /// <summary>Reads a message, and notes what it says.</summary>
    internal async Task ReadAsync()
    {
        int length = 0;
        ValueWebSocketReceiveResult got;
        do
        {
            got = await _socket.ReceiveAsync(_buffer.AsMemory(length), CancellationToken.None);
            if (got.MessageType == WebSocketMessageType.Close) { throw new WebSocketException($"closed: {(int?)_socket.CloseStatus} {_socket.CloseStatusDescription}"); }
            length += got.Count;
        }
        while (!got.EndOfMessage);
        if (_reader.Read(_buffer.AsMemory(0, length), isText: false, _frames) is { } violation) { throw new WebSocketException(violation.Reason); }
        for (int i = 0; i < _frames.Count; i++)
        {
            ref readonly Frame frame = ref _frames[i];
            switch (frame.Body)
            {
                case Welcome welcome:
                    (Welcome, Credit) = (welcome, welcome.Credit);
                    break;
                case Ack ack:
                    Credit = ack.Credit;
                    break;
                default:
                    if (frame.Type == FrameType.Data) { Received = frame.Number; }
                    break;
            }
        }
        _frames.Clear();
    }

    /// <summary>Sends a message of pieces in one WebSocket message.</summary>
    internal Task SendAsync(string text, int count = 1, Lane lane = Lane.Normal, bool hasMore = false, byte kind = 0)
    {
        byte[] payload = Encoding.UTF8.GetBytes(text);
        _writer.Begin();
        for (int i = 0; i < count; i++) { _writer.WriteData(new Frame { Type = FrameType.Data, Number = ++Sent, Lane = lane, IsText = true, HasMore = hasMore, Kind = kind }, payload); }
        SentBytes += payload.Length * (long)count;
        return EndAsync();
    }

    /// <summary>Acknowledges what has come.</summary>
    /// <param name="isProcessed">Whether as processed too.</param>
    internal Task AckAsync(bool isProcessed) =>
        WriteAsync(writer => writer.WriteAck(Received, new LaneMarks(0, 0, isProcessed ? Received : 0, 0), new Credit(1L << 40, 1L << 50)));

    internal Task WriteAsync(Action<FrameWriter> write)
    {
        _writer.Begin();
        write(_writer);
        return EndAsync();
    }

    /// <summary>Sends bytes as part of a message that does not end.</summary>
    internal Task SendPartAsync(int bytes) => _socket.SendAsync(new byte[bytes], WebSocketMessageType.Binary, endOfMessage: false, CancellationToken.None);

    public void Dispose()
    {
        _socket.Abort();
        _socket.Dispose();
        _writer.Release();
    }

    private async Task EndAsync() => await _socket.SendAsync(_writer.End(), WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);
}
