using System.Buffers;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Eit.Link;
using Eit.Protocol.Session;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Eit.Rpc;

/// <summary>A client of a socket.red server (docs/RPC.md, W): calls, events and actions on one WebSocket. Nothing survives its WebSocket, and the server can't call.</summary>
/// <remarks>All members are safe from any thread.</remarks>
public sealed class SocketRedClient : IRpcCaller, IAsyncDisposable
{
    private const int ReceiveBytes = 4096;
    private static readonly TimeSpan s_closeLimit = TimeSpan.FromSeconds(2);

    private readonly RpcOptions _options;
    private readonly ILogger _logger;
    private readonly ClientWebSocket _socket = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<long, TaskCompletionSource<JsonElement>> _calls = [];
    private readonly RpcHandlers _handlers = new();
    private readonly WorkQueue _eventHandlers = new(parallelMax: 1);
    private readonly SemaphoreSlim _turn = new(1);
    private readonly SemaphoreSlim _room;
    private Task? _receiving;
    private long _lastCall;
    private long _eventBytes;
    private bool _isOver;

    /// <summary>Makes a client that is not connected.</summary>
    /// <param name="options">How; copied. Null for the defaults.</param>
    /// <param name="loggerFactory">Where it logs; null for nowhere.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message names each.</exception>
    public SocketRedClient(RpcOptions? options = null, ILoggerFactory? loggerFactory = null)
    {
        _options = (options ?? new RpcOptions()).Checked(nameof(options));
        _logger = (loggerFactory ?? NullLoggerFactory.Instance).CreateLogger<SocketRedClient>();
        _room = new SemaphoreSlim(_options.CallsUnderWayMax);
        Json = new RpcJson(_options.Json);
    }

    /// <inheritdoc/>
    public RpcJson Json { get; }

    /// <summary>Gets a task that ends when the connection is over; it never fails. Null before <see cref="ConnectAsync"/>.</summary>
    public Task? Closed => _receiving;

    /// <summary>Gets what the WebSocket is opened with: headers, certificates, proxy. To be set before <see cref="ConnectAsync"/>.</summary>
    public ClientWebSocketOptions WebSocketOptions => _socket.Options;

    /// <summary>Sets who handles an event. Set it before <see cref="ConnectAsync"/>.</summary>
    /// <typeparam name="T">The event's data.</typeparam>
    /// <param name="name">The event.</param>
    /// <param name="handler">The handler; the next event waits for its task. What it throws is logged.</param>
    public void On<T>(string name, Func<T?, ValueTask> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        _handlers.Events[name] = data => handler(Json.Read<T>(data));
    }

    /// <summary>Sets who handles actions. Set it before <see cref="ConnectAsync"/>.</summary>
    /// <typeparam name="T">An action.</typeparam>
    /// <param name="handler">The handler; the next action waits for its task. What it throws is logged.</param>
    public void OnDispatch<T>(Func<T?, ValueTask> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        _handlers.Dispatch = (action, _) => handler(Json.Read<T>(action));
    }

    /// <summary>Connects, once.</summary>
    /// <param name="url">The address: <c>wss:</c>, or <c>ws:</c> if that is allowed.</param>
    /// <param name="allowUnencryptedForDevelopment">Whether <c>ws:</c> is allowed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentException">The address is not encrypted.</exception>
    /// <exception cref="WebSocketException">There is no connection, or the server refuses the session.</exception>
    public async Task ConnectAsync(Uri url, bool allowUnencryptedForDevelopment = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(url);
        if (url.Scheme != "wss" && !allowUnencryptedForDevelopment) { throw new ArgumentException($"{url} is not encrypted: use wss://.", nameof(url)); }
        await _socket.ConnectAsync(url, cancellationToken).ConfigureAwait(false);
        _receiving = ReceiveAllAsync();
    }

    /// <summary>Calls a method whose answer nobody wants.</summary>
    /// <param name="name">The method.</param>
    /// <param name="arguments">Its arguments, each written as what it is.</param>
    /// <exception cref="RpcCallLostException">The connection is over.</exception>
    public Task PostAsync(string name, params object?[] arguments) => SendAsync(Write(0, name, this.Pack(arguments)), CancellationToken.None);

    /// <inheritdoc/>
    public async Task<T> CallAsync<T>(string name, RpcArguments arguments, RpcCallOptions? options, CancellationToken cancellationToken)
    {
        JsonElement value = await InvokeAsync(name, arguments, options, cancellationToken).ConfigureAwait(false);
        try { return Json.Read<T>(value)!; }
        catch (JsonException) { throw new RpcException(RpcError.BadResult, $"The result is not {typeof(T).Name}."); }
    }

    /// <inheritdoc/>
    public Task CallAsync(string name, RpcArguments arguments, RpcCallOptions? options, CancellationToken cancellationToken) => InvokeAsync(name, arguments, options, cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Always: this wire has no streams.</exception>
    public IAsyncEnumerable<T> StreamAsync<T>(string name, RpcArguments arguments, RpcCallOptions? options, CancellationToken cancellationToken) => throw new NotSupportedException("This wire has no streams.");

    /// <summary>Closes the connection; calls under way end as Unknown.</summary>
    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(s_closeLimit, _options.TimeProvider);
        try
        {
            if (_socket.State == WebSocketState.Open) { await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, string.Empty, limit.Token).ConfigureAwait(false); }
            if (_receiving is not null) { await _receiving.WaitAsync(limit.Token).ConfigureAwait(false); }
        }
        catch (Exception failure) when (failure is WebSocketException or OperationCanceledException or InvalidOperationException)
        {
            // The server does not answer: the socket is given up.
        }
        _socket.Abort();
        if (_receiving is not null) { await _receiving.ConfigureAwait(false); }
        _socket.Dispose();
    }

    private async Task<JsonElement> InvokeAsync(string name, RpcArguments arguments, RpcCallOptions? options, CancellationToken cancellationToken)
    {
        TimeSpan timeout = options?.Timeout ?? _options.CallTimeout;
        using CancellationTokenSource limit = timeout == Timeout.InfiniteTimeSpan ? new CancellationTokenSource() : new CancellationTokenSource(timeout, _options.TimeProvider);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        long id = Interlocked.Increment(ref _lastCall);
        bool hasRoom = false;
        bool isSent = false;
        try
        {
            await _room.WaitAsync(both.Token).ConfigureAwait(false);
            hasRoom = true;
            var call = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
            RpcText text = Write(id, name, arguments);
            lock (_gate) { _calls.Add(id, call); }
            isSent = true;
            await SendAsync(text, both.Token).ConfigureAwait(false);
            return await call.Task.WaitAsync(both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new RpcCallLostException(isSent ? SendOutcome.Unknown : SendOutcome.NotSent, isTimeout: true, "The time for the call was over before its answer came.");
        }
        finally
        {
            lock (_gate) { _calls.Remove(id); }
            if (hasRoom) { _room.Release(); }
        }
    }

    private RpcText Write(long id, string name, RpcArguments arguments)
    {
        RpcText text = RedRpcWire.Instance.Call(new OutgoingRequest(id, name, Left: null, Within: 0, Items: 0), arguments.Values);
        return text.Bytes <= _options.ArgumentBytesMax ? text : throw new RpcException(RpcError.TooLarge, $"The call has {text.Bytes} bytes; {_options.ArgumentBytesMax} are the limit.");
    }

    private async Task SendAsync(RpcText text, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            lock (_gate)
            {
                if (_isOver || _receiving is null) { throw new RpcCallLostException(SendOutcome.NotSent, isTimeout: false, "There is no connection."); }
            }
            // Not with the caller's token: a WebSocket whose send is cancelled is over.
            await _socket.SendAsync(Encoding.UTF8.GetBytes(text.Text), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is WebSocketException or ObjectDisposedException or InvalidOperationException)
        {
            throw new RpcCallLostException(SendOutcome.Unknown, isTimeout: false, "The connection ended while the call was sent.");
        }
        finally { _turn.Release(); }
    }

    private async Task ReceiveAllAsync()
    {
        await Task.Yield();
        var buffer = new ArrayBufferWriter<byte>(ReceiveBytes);
        try
        {
            while (await ReceiveOneAsync(buffer).ConfigureAwait(false)) { buffer.ResetWrittenCount(); }
        }
        catch (Exception failure) when (failure is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The connection is over.
        }
        TaskCompletionSource<JsonElement>[] calls;
        lock (_gate)
        {
            _isOver = true;
            calls = [.. _calls.Values];
        }
        foreach (TaskCompletionSource<JsonElement> call in calls) { call.TrySetException(new RpcCallLostException(SendOutcome.Unknown, isTimeout: false, "The connection ended before the call's answer came.")); }
        await _eventHandlers.IdleAsync().ConfigureAwait(false);
    }

    /// <summary>Receives and handles a message.</summary>
    /// <returns>False if there is no further one.</returns>
    private async ValueTask<bool> ReceiveOneAsync(ArrayBufferWriter<byte> buffer)
    {
        ValueWebSocketReceiveResult got;
        do
        {
            got = await _socket.ReceiveAsync(buffer.GetMemory(ReceiveBytes), CancellationToken.None).ConfigureAwait(false);
            if (got.MessageType == WebSocketMessageType.Close || buffer.WrittenCount + got.Count > _options.ResultBytesMax) { return false; }
            buffer.Advance(got.Count);
        }
        while (!got.EndOfMessage);
        try
        {
            if (TryHandle(JsonElement.Parse(buffer.WrittenSpan), buffer.WrittenCount)) { return true; }
        }
        catch (JsonException)
        {
            if (MayLog(LogLevel.Warning, nameof(SocketRedLog.MessageUnreadable), "the server")) { SocketRedLog.MessageUnreadable(_logger, buffer.WrittenCount); }
            return true;
        }
        SocketRedLog.TooManyEvents(_logger, _options.EventsWaitingMax, _options.EventBytesWaitingMax);
        _socket.Abort();
        return false;
    }

    /// <returns>False if more events would wait for their handlers than may: this wire has no credit, so the connection ends.</returns>
    private bool TryHandle(JsonElement message, int bytes)
    {
        int length = message.ValueKind == JsonValueKind.Array ? message.GetArrayLength() : 0;
        if (length < 2 || message[0].ValueKind != JsonValueKind.Number || !message[0].TryGetInt64(out long code)) { throw new JsonException(); }
        if (code > 0)
        {
            TaskCompletionSource<JsonElement>? call;
            lock (_gate) { call = _calls.GetValueOrDefault(code); }
            JsonElement value = length > 2 ? message[2] : JsonElement.Parse("null");
            if (message[1].ValueKind == JsonValueKind.True) { call?.TrySetResult(value); }
            else { call?.TrySetException(new RpcException(RpcWords.OfError(value.ValueKind == JsonValueKind.String ? value.GetString() : null))); }
            return true;
        }
        if (code == 0 && _handlers.Dispatch is { } onDispatch) { return TryQueue(() => onDispatch(message[1], null), bytes); }
        if (code < 0 && message[1].ValueKind == JsonValueKind.String && _handlers.Events.GetValueOrDefault(message[1].GetString()!) is { } onEvent)
        {
            JsonElement data = length > 2 ? message[2] : JsonElement.Parse("null");
            return TryQueue(() => onEvent(data), bytes);
        }
        return true;
    }

    private bool TryQueue(Func<ValueTask> handler, int bytes)
    {
        if (Interlocked.Add(ref _eventBytes, bytes) > _options.EventBytesWaitingMax) { return false; }
        return _eventHandlers.TryAdd(
            async () =>
            {
                await HandleAsync(handler).ConfigureAwait(false);
                Interlocked.Add(ref _eventBytes, -bytes);
            },
            _options.EventsWaitingMax);
    }

    private async Task HandleAsync(Func<ValueTask> handler)
    {
        try { await handler().ConfigureAwait(false); }
        catch (Exception failure)
        {
            if (MayLog(LogLevel.Error, nameof(SocketRedLog.HandlerThrew), $"{failure.GetType().Name}, {failure.Message}")) { SocketRedLog.HandlerThrew(_logger, failure); }
        }
    }

    /// <summary>What a peer can make happen again and again is not a line each time.</summary>
    private bool MayLog(LogLevel level, string kind, string source) => DeadlineWheel.Shared.LimitedLog.MayWrite(_logger, level, kind, source);
}
