using System.Buffers.Text;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Eit.Faults.Tests;

/// <summary>A session of a <see cref="ScriptedPeer"/>. It keeps everything that it has sent, and notes what it has received only now and then, so that a client sends some of it again.</summary>
internal sealed class ScriptedSession : IAsyncDisposable
{
    private const int AckEvery = 8;

    private readonly string _secret = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
    private readonly Mutation _mutation;
    private readonly Action<string> _handOver;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<string> _sent = [];
    private readonly List<string> _waiting = [];
    private readonly Task _talking;
    private WebSocket? _socket;
    private long _epoch;
    private long _received;
    private long _noted;
    private bool _isSilent;

    internal ScriptedSession(Mutation mutation, TimeSpan pace, Action<string> handOver)
    {
        (_mutation, _handOver) = (mutation, handOver);
        _talking = TalkAsync(pace);
    }

    internal string Id { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>Takes a transport's epoch, if that is higher than any before.</summary>
    internal bool TryTakeEpoch(long epoch)
    {
        if (epoch <= _epoch && _mutation != Mutation.DoesNotCheckEpochs) { return false; }
        _epoch = epoch;
        return true;
    }

    /// <summary>Carries the session on a transport, until that ends or another comes.</summary>
    internal async Task ServeAsync(WebSocket socket, RecordedHello hello)
    {
        await _turn.WaitAsync();
        try
        {
            _socket?.Abort();
            _socket = socket;
            if (_mutation == Mutation.AcknowledgesBeforeDelivery) { _waiting.Clear(); }
            await WriteAsync(Welcome(hello));
            for (long number = hello.Received + 1; number <= _sent.Count; number++) { await WriteAsync(Data(number)); }
        }
        finally { _turn.Release(); }
        try
        {
            while (await ReadAsync(socket) is { } message) { await TakeAsync(socket, message); }
        }
        catch (Exception cut) when (cut is WebSocketException or OperationCanceledException or IOException)
        {
            // It was cut.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _talking;
        _socket?.Abort();
    }

    private static JsonObject Frame(string type, params (string Name, JsonNode? Value)[] members)
    {
        var frame = new JsonObject { ["t"] = type };
        foreach ((string name, JsonNode? value) in members) { frame[name] = value; }
        return frame;
    }

    private static async Task<JsonNode?> ReadAsync(WebSocket socket)
    {
        using var message = new MemoryStream();
        byte[] buffer = new byte[4096];
        while (true)
        {
            ValueWebSocketReceiveResult got = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
            if (got.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseOutputAsync(socket.CloseStatus ?? WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
                return null;
            }
            message.Write(buffer, 0, got.Count);
            if (got.EndOfMessage) { return JsonNode.Parse(message.ToArray()); }
        }
    }

    private JsonObject Welcome(RecordedHello hello)
    {
        JsonObject welcome = Frame(
            "welcome", ("session", Id), ("epoch", hello.Epoch), ("resumed", hello.Session is not null), ("received", _noted), ("processed", new JsonArray(0, 0, _noted, 0)),
            ("timeout", 2_000), ("clientTimeout", 2_000), ("max", 1 << 20), ("credit", Credit()), ("window", 120_000), ("spread", 100));
        if (hello.Session is null) { welcome["secret"] = _secret; }
        return welcome;
    }

    private static JsonArray Credit() => new(1_000_000, 1_000_000_000);

    private JsonObject Data(long number) => Frame("data", ("n", number), ("text", _sent[(int)number - 1]));

    private async Task TakeAsync(WebSocket socket, JsonNode message)
    {
        await _turn.WaitAsync();
        try
        {
            if (!ReferenceEquals(socket, _socket)) { return; }
            IEnumerable<JsonNode?> frames = message as JsonArray ?? (IEnumerable<JsonNode?>)[message];
            foreach (JsonNode? frame in frames) { await TakeAsync(frame!); }
        }
        finally { _turn.Release(); }
    }

    private async Task TakeAsync(JsonNode frame)
    {
        switch ((string)frame["t"]!)
        {
            case "data":
                await TakeDataAsync((long)frame["n"]!, (string)frame["text"]!);
                break;
            case "ping":
                await WriteAsync(Frame("pong", ("id", (long)frame["id"]!)));
                break;
            case "close":
                _isSilent = true;
                await AckAsync();
                await WriteAsync(Frame("close", ("code", (int)frame["code"]!), ("reason", "done"), ("last", _sent.Count)));
                break;
            default:
                break;
        }
    }

    private async Task TakeDataAsync(long number, string text)
    {
        if (number <= _received && _mutation != Mutation.DoesNotDeduplicate) { return; }
        _received = Math.Max(_received, number);
        if (_mutation == Mutation.AcknowledgesBeforeDelivery)
        {
            _waiting.Add(text);
            await AckAsync();
            return;
        }
        await HandOverAsync(text);
        if (number % AckEvery == 0) { await AckAsync(); }
    }

    private Task AckAsync()
    {
        _noted = _received;
        return WriteAsync(Frame("ack", ("received", _noted), ("processed", new JsonArray(0, 0, _noted, 0)), ("credit", Credit())));
    }

    private async Task HandOverAsync(string text)
    {
        string[] words = text.Split(' ', 4);
        _handOver($"{words[0]} {words[1]}");
        if (words[2] == "?") { await SayAsync($"!{words[1]}"); }
        if (words[2] != "stop") { return; }
        _isSilent = true;
        await SayAsync("end");
        await AckAsync();
    }

    private async Task SayAsync(string more)
    {
        _sent.Add($"{_sent.Count + 1} {more} ");
        await WriteAsync(Data(_sent.Count));
    }

    private async Task TalkAsync(TimeSpan pace)
    {
        using var timer = new PeriodicTimer(pace);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                await _turn.WaitAsync(_stop.Token);
                try
                {
                    foreach (string text in _waiting) { await HandOverAsync(text); }
                    _waiting.Clear();
                    if (!_isSilent) { await SayAsync(string.Empty); }
                }
                finally { _turn.Release(); }
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private async Task WriteAsync(JsonObject frame)
    {
        if (_socket is not { State: WebSocketState.Open or WebSocketState.CloseReceived } socket) { return; }
        try { await socket.SendAsync(Encoding.UTF8.GetBytes(frame.ToJsonString()), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None); }
        catch (Exception cut) when (cut is WebSocketException or OperationCanceledException or IOException)
        {
            // It was cut: the frame is sent again after the resume.
        }
    }
}
