using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;

namespace Eit.Bench;

/// <summary>A minimal client of SignalR over WebSockets. It stands in for Microsoft's, whose packages do not restore everywhere.</summary>
/// <remarks>
/// <para>It reads and writes with SignalR's own <see cref="JsonHubProtocol"/>, out of the shared framework, and has what shapes the real client's figures: a lock over each write, a pipe to the
/// socket that gathers what is written while the socket is busy, a pipe from it, a queue between reading and the handlers, pings, automatic reconnects at 0, 2, 10 and 30 s,
/// and stateful reconnect: a buffer of 100,000 bytes, an acknowledgement a second, one attempt at once.</para>
/// <para>It has no streams, no fallback transports and no reflection: a little faster and smaller than the real one.</para>
/// </remarks>
internal sealed class SignalRClient : IInvocationBinder, IAsyncDisposable
{
    /// <summary>The real client's default, in bytes.</summary>
    internal const int DefaultStatefulBuffer = 100_000;

    private const int PipeBytes = 1024 * 1024;
    private static readonly TimeSpan s_pingEvery = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_serverTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_closeLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_acknowledgeEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan[] s_retryDelays = [TimeSpan.Zero, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30)];
    private static readonly PipeOptions s_pipeOptions = new(pauseWriterThreshold: PipeBytes, resumeWriterThreshold: PipeBytes / 2, useSynchronizationContext: false);

    private readonly Uri _hub;
    private readonly byte[] _pin;
    private readonly Settings _settings;
    private readonly JsonHubProtocol _protocol = new();
    private readonly SemaphoreSlim _gate = new(1, 1);               // Over each write, and over a change of the transport.
    private readonly Dictionary<string, Handler> _handlers = [];
    private readonly ConcurrentDictionary<string, Call> _calls = new();
    private readonly CancellationTokenSource _stop = new();
    private Transport? _transport;
    private ReplayBuffer? _replay;
    private Uri? _address;
    private HttpClient? _http;
    private Task _running = Task.CompletedTask;
    private long _lastCall;

    /// <summary>Makes a client that has not been started.</summary>
    /// <param name="hub">The hub's address, <c>https:</c>.</param>
    /// <param name="certificateSha256">The SHA-256 of the server's certificate, in hexadecimal.</param>
    /// <param name="settings">How it connects.</param>
    internal SignalRClient(Uri hub, string certificateSha256, Settings? settings = null) => (_hub, _pin, _settings) = (hub, Convert.FromHexString(certificateSha256), settings ?? new Settings());

    /// <summary>Gets how often it was connected again.</summary>
    internal int Reconnects { get; private set; }

    /// <summary>Sets who handles the server's calls of a method. Set it before <see cref="StartAsync"/>.</summary>
    /// <param name="method">The method's name.</param>
    /// <param name="types">The types of its arguments.</param>
    /// <param name="handle">Called for one at a time; the next waits for its task.</param>
    internal void On(string method, Type[] types, Func<object?[], ValueTask> handle) => _handlers[method] = new Handler(types, handle);

    /// <summary>Connects.</summary>
    internal async Task StartAsync()
    {
        await ConnectAsync();
        _running = RunAsync();
    }

    /// <summary>Calls a method of the hub and waits for nothing but room.</summary>
    /// <exception cref="InvalidOperationException">There is no connection.</exception>
    internal ValueTask SendAsync(string method, params object?[] arguments) => WriteAsync(new InvocationMessage(method, arguments));

    /// <summary>Calls a method of the hub and waits for its result.</summary>
    /// <exception cref="InvalidOperationException">There is no connection, it was lost, or the method failed.</exception>
    internal async Task<T?> InvokeAsync<T>(string method, params object?[] arguments)
    {
        string id = Interlocked.Increment(ref _lastCall).ToString(CultureInfo.InvariantCulture);
        var call = new Call(typeof(T));
        _calls[id] = call;
        await WriteAsync(new InvocationMessage(id, method, arguments));
        return (T?)await call.Result.Task;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_transport is { } transport) { await transport.CloseAsync(); }
        await _running;
        _http?.Dispose();
        _stop.Dispose();
        _gate.Dispose();
    }

    Type IInvocationBinder.GetReturnType(string invocationId) => _calls.TryGetValue(invocationId, out Call? call) ? call.ResultType : typeof(object);

    IReadOnlyList<Type> IInvocationBinder.GetParameterTypes(string methodName) => _handlers[methodName].Types;

    Type IInvocationBinder.GetStreamItemType(string streamId) => throw new NotSupportedException("This client has no streams.");

    // ---- Connecting

    private async Task ConnectAsync()
    {
        string address = _hub.AbsoluteUri.Replace("https:", "wss:", StringComparison.Ordinal);
        if (!_settings.SkipsNegotiation || _settings.StatefulBuffer > 0) { address += "?id=" + Uri.EscapeDataString(await NegotiateAsync()); }
        _address = new Uri(address);
        Transport transport = await Transport.OpenAsync(_address, Accepts, _stop.Token);
        try
        {
            int version = _settings.StatefulBuffer > 0 ? _protocol.Version : 1;
            HandshakeProtocol.WriteRequestMessage(new HandshakeRequestMessage(_protocol.Name, version), transport.Output);
            await transport.Output.FlushAsync();
            await ReadHandshakeAsync(transport);
        }
        catch (Exception)
        {
            await transport.CloseAsync();
            throw;
        }
        _replay = _settings.StatefulBuffer > 0 ? new ReplayBuffer(_settings.StatefulBuffer) : null;
        _transport = transport;
    }

    private async Task<string> NegotiateAsync()
    {
        _http?.Dispose();
        _http = new HttpClient(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => Accepts(certificate!.GetRawCertData()) } });
        string query = _settings.StatefulBuffer > 0 ? "negotiateVersion=1&useStatefulReconnect=true" : "negotiateVersion=1";
        using HttpResponseMessage response = await _http.PostAsync(new Uri($"{_hub}/negotiate?{query}"), content: null, _stop.Token);
        response.EnsureSuccessStatusCode();
        using JsonDocument answer = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(_stop.Token));
        return answer.RootElement.GetProperty("connectionToken").GetString()!;
    }

    private bool Accepts(byte[] certificate) => SHA256.HashData(certificate).AsSpan().SequenceEqual(_pin);

    private static async Task ReadHandshakeAsync(Transport transport)
    {
        while (true)
        {
            ReadResult read = await transport.Input.ReadAsync();
            ReadOnlySequence<byte> buffer = read.Buffer;
            if (HandshakeProtocol.TryParseResponseMessage(ref buffer, out HandshakeResponseMessage? response))
            {
                transport.Input.AdvanceTo(buffer.Start);
                if (response.Error is { } error) { throw new InvalidOperationException(error); }
                return;
            }
            transport.Input.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted) { throw new ConnectionResetException("The server did not answer the handshake."); }
        }
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            await ServeAsync(_transport!);
            if (_stop.IsCancellationRequested || await ResumeAsync()) { continue; }
            await LoseAsync();
            if (!_settings.Reconnects || !await ReconnectAsync()) { return; }
        }
    }

    /// <summary>Takes the stateful connection up again: one attempt, at once, as the real client does.</summary>
    private async Task<bool> ResumeAsync()
    {
        if (_replay is not { } replay) { return false; }
        await _gate.WaitAsync();
        try
        {
            _transport = await Transport.OpenAsync(_address!, Accepts, _stop.Token);
            replay.BeginReceiving();
            _protocol.WriteMessage(new SequenceMessage(replay.FirstKept), _transport.Output);
            replay.CopyTo(_transport.Output);
            await _transport.Output.FlushAsync();
        }
        catch (Exception failure) when (failure is WebSocketException or OperationCanceledException) { return false; }
        finally { _gate.Release(); }
        Reconnects++;
        return true;
    }

    private async Task LoseAsync()
    {
        await _gate.WaitAsync();
        (_transport, ReplayBuffer? replay, _replay) = (null, _replay, null);
        _gate.Release();
        replay?.End();
        foreach (string id in _calls.Keys)
        {
            if (_calls.TryRemove(id, out Call? call)) { call.Result.TrySetException(new InvalidOperationException("The connection was lost.")); }
        }
    }

    private async Task<bool> ReconnectAsync()
    {
        foreach (TimeSpan delay in s_retryDelays)
        {
            try
            {
                await Task.Delay(delay, _stop.Token);
                await ConnectAsync();
                Reconnects++;
                return true;
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested) { return false; }
            catch (Exception failure) when (failure is WebSocketException or HttpRequestException or ConnectionResetException or OperationCanceledException)
            {
                // The next attempt.
            }
        }
        return false;
    }

    // ---- Sending

    private async ValueTask WriteAsync(HubMessage message)
    {
        if (_replay is { } full && message is HubInvocationMessage) { await full.RoomAsync(); }
        await _gate.WaitAsync();
        try
        {
            Transport transport = _transport ?? throw new InvalidOperationException("There is no connection.");
            if (_replay is { } replay && message is HubInvocationMessage) { await WriteKeptAsync(transport, replay.Keep(_protocol.GetMessageBytes(message))); }
            else
            {
                _protocol.WriteMessage(message, transport.Output);
                await transport.Output.FlushAsync();
            }
        }
        finally { _gate.Release(); }
    }

    private static async ValueTask WriteKeptAsync(Transport transport, ReadOnlyMemory<byte> bytes)
    {
        try { await transport.Output.WriteAsync(bytes); }
        catch (InvalidOperationException)
        {
            // The transport is gone; the next one will have it.
        }
    }

    // ---- Receiving

    /// <summary>Reads one transport until it is gone.</summary>
    private async Task ServeAsync(Transport transport)
    {
        Channel<InvocationMessage> inbound = Channel.CreateUnbounded<InvocationMessage>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        Task handling = HandleAsync(inbound.Reader);
        using var over = new CancellationTokenSource();
        Task timing = TimeAsync(transport, over.Token);
        await ReadAsync(transport, inbound.Writer);
        await over.CancelAsync();
        inbound.Writer.Complete();
        await timing;
        await handling;
        await transport.CloseAsync();
    }

    private async Task HandleAsync(ChannelReader<InvocationMessage> inbound)
    {
        await foreach (InvocationMessage message in inbound.ReadAllAsync()) { await _handlers[message.Target].Handle(message.Arguments); }
    }

    private async Task ReadAsync(Transport transport, ChannelWriter<InvocationMessage> inbound)
    {
        while (true)
        {
            ReadResult read = await transport.Input.ReadAsync();
            ReadOnlySequence<byte> buffer = read.Buffer;
            while (_protocol.TryParseMessage(ref buffer, this, out HubMessage? message))
            {
                if (_replay is { } replay && !replay.Takes(message)) { continue; }
                if (message is InvocationMessage invocation) { inbound.TryWrite(invocation); }
                else if (message is CompletionMessage completion) { Complete(completion); }
                else if (message is CloseMessage) { return; }
            }
            transport.Input.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted) { return; }
        }
    }

    private void Complete(CompletionMessage completion)
    {
        if (!_calls.TryRemove(completion.InvocationId!, out Call? call)) { return; }
        if (completion.Error is { } error) { call.Result.TrySetException(new InvalidOperationException(error)); }
        else { call.Result.TrySetResult(completion.Result); }
    }

    /// <summary>Pings, acknowledges, and gives up a silent server.</summary>
    private async Task TimeAsync(Transport transport, CancellationToken over)
    {
        using var ticks = new PeriodicTimer(s_acknowledgeEvery);
        long pingedAt = Environment.TickCount64;
        long acknowledged = 0;
        try
        {
            while (await ticks.WaitForNextTickAsync(over))
            {
                if (Environment.TickCount64 - transport.HeardAt > s_serverTimeout.TotalMilliseconds) { transport.Abort(); }
                if (_replay is { } replay && replay.Received > acknowledged) { await WriteAsync(new AckMessage(acknowledged = replay.Received)); }
                if (Environment.TickCount64 - pingedAt < s_pingEvery.TotalMilliseconds) { continue; }
                pingedAt = Environment.TickCount64;
                await WriteAsync(PingMessage.Instance);
            }
        }
        catch (Exception failure) when (failure is OperationCanceledException or InvalidOperationException)
        {
            // The transport is gone.
        }
    }

    /// <summary>How a client connects.</summary>
    internal sealed record Settings
    {
        /// <summary>Gets whether it opens the WebSocket straight away.</summary>
        internal bool SkipsNegotiation { get; init; }

        /// <summary>Gets whether it connects again after a loss.</summary>
        internal bool Reconnects { get; init; }

        /// <summary>Gets how many bytes it keeps for a stateful reconnect; 0: it has none.</summary>
        internal int StatefulBuffer { get; init; }
    }

    private sealed record Handler(Type[] Types, Func<object?[], ValueTask> Handle);

    private sealed class Call(Type resultType)
    {
        internal Type ResultType { get; } = resultType;

        internal TaskCompletionSource<object?> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>One WebSocket with a pipe each way.</summary>
    private sealed class Transport
    {
        private readonly ClientWebSocket _socket = new();
        private readonly Pipe _up = new(s_pipeOptions);
        private readonly Pipe _down = new(s_pipeOptions);
        private Task _running = Task.CompletedTask;
        private long _heardAt = Environment.TickCount64;

        internal PipeWriter Output => _up.Writer;

        internal PipeReader Input => _down.Reader;

        internal long HeardAt => Volatile.Read(ref _heardAt);

        internal static async Task<Transport> OpenAsync(Uri address, Func<byte[], bool> accepts, CancellationToken cancellationToken)
        {
            var transport = new Transport();
            transport._socket.Options.RemoteCertificateValidationCallback = (_, certificate, _, _) => accepts(certificate!.GetRawCertData());
            try { await transport._socket.ConnectAsync(address, cancellationToken); }
            catch (Exception)
            {
                transport._socket.Dispose();
                throw;
            }
            transport._running = Task.WhenAll(transport.SendAsync(), transport.ReceiveAsync());
            return transport;
        }

        internal void Abort() => _socket.Abort();

        internal async Task CloseAsync()
        {
            await _up.Writer.CompleteAsync();
            await Task.WhenAny(_running, Task.Delay(s_closeLimit));
            _socket.Abort();
            await _running;
            _socket.Dispose();
        }

        private async Task SendAsync()
        {
            try
            {
                while (true)
                {
                    ReadResult read = await _up.Reader.ReadAsync();
                    if (!read.Buffer.IsEmpty) { await SendAsync(read.Buffer); }
                    _up.Reader.AdvanceTo(read.Buffer.End);
                    if (read.IsCompleted) { break; }
                }
                await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, statusDescription: null, CancellationToken.None);
            }
            catch (Exception failure) when (failure is WebSocketException or OperationCanceledException or ObjectDisposedException)
            {
                _socket.Abort();
            }
            await _up.Reader.CompleteAsync();
        }

        private async Task SendAsync(ReadOnlySequence<byte> bytes)
        {
            SequencePosition at = bytes.Start;
            bytes.TryGet(ref at, out ReadOnlyMemory<byte> part);
            while (bytes.TryGet(ref at, out ReadOnlyMemory<byte> next))
            {
                await _socket.SendAsync(part, WebSocketMessageType.Text, endOfMessage: false, CancellationToken.None);
                part = next;
            }
            await _socket.SendAsync(part, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        }

        private async Task ReceiveAsync()
        {
            try
            {
                while (true)
                {
                    ValueWebSocketReceiveResult got = await _socket.ReceiveAsync(Memory<byte>.Empty, CancellationToken.None);
                    if (got.MessageType == WebSocketMessageType.Close) { break; }
                    got = await _socket.ReceiveAsync(_down.Writer.GetMemory(), CancellationToken.None);
                    if (got.MessageType == WebSocketMessageType.Close) { break; }
                    Volatile.Write(ref _heardAt, Environment.TickCount64);
                    _down.Writer.Advance(got.Count);
                    await _down.Writer.FlushAsync();
                }
            }
            catch (Exception failure) when (failure is WebSocketException or OperationCanceledException or ObjectDisposedException)
            {
                _socket.Abort();
            }
            await _down.Writer.CompleteAsync();
            await _up.Writer.CompleteAsync();
        }
    }

    /// <summary>What is kept for a stateful reconnect, and what has come.</summary>
    private sealed class ReplayBuffer(int bytesMax)
    {
        private readonly Lock _lock = new();
        private readonly Queue<(long Number, ReadOnlyMemory<byte> Bytes)> _kept = new();
        private TaskCompletionSource? _room;
        private long _sent;
        private long _bytes;
        private long _next = 1;
        private bool _awaitsSequence;

        internal long Received { get; private set; }

        internal long FirstKept
        {
            get
            {
                lock (_lock) { return _kept.TryPeek(out (long Number, ReadOnlyMemory<byte>) first) ? first.Number : _sent + 1; }
            }
        }

        internal ReadOnlyMemory<byte> Keep(ReadOnlyMemory<byte> bytes)
        {
            lock (_lock)
            {
                _kept.Enqueue((++_sent, bytes));
                _bytes += bytes.Length;
            }
            return bytes;
        }

        internal void CopyTo(PipeWriter output)
        {
            lock (_lock)
            {
                foreach ((_, ReadOnlyMemory<byte> bytes) in _kept) { output.Write(bytes.Span); }
            }
        }

        internal Task RoomAsync()
        {
            lock (_lock) { return _bytes < bytesMax ? Task.CompletedTask : (_room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task; }
        }

        internal void BeginReceiving() => _awaitsSequence = true;

        /// <summary>Notes what has come.</summary>
        /// <returns>Whether it is for the application.</returns>
        internal bool Takes(HubMessage message)
        {
            if (message is AckMessage ack) { Acknowledged(ack.SequenceId); }
            else if (message is SequenceMessage sequence) { (_next, _awaitsSequence) = (sequence.SequenceId, false); }
            else if (message is HubInvocationMessage && !_awaitsSequence)
            {
                long number = _next++;
                if (number <= Received) { return false; }
                Received = number;
                return true;
            }
            return message is not HubInvocationMessage;
        }

        internal void End()
        {
            lock (_lock) { _room?.TrySetResult(); }
        }

        private void Acknowledged(long number)
        {
            lock (_lock)
            {
                while (_kept.TryPeek(out (long Number, ReadOnlyMemory<byte> Bytes) first) && first.Number <= number) { _bytes -= _kept.Dequeue().Bytes.Length; }
                if (_bytes >= bytesMax) { return; }
                _room?.TrySetResult();
                _room = null;
            }
        }
    }
}
