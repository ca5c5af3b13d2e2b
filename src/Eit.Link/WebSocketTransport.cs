using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using Eit.Protocol.Wire;

namespace Eit.Link;

/// <summary>A transport over a WebSocket, of the client or of the server.</summary>
/// <remarks>
/// Owns the socket. A receive or send that completes at once allocates nothing; a send that has to wait uses pooled objects, and a receive the transport itself.
/// An empty close is reported as 1000, because .NET does not tell it from a close with that code.
/// </remarks>
public sealed class WebSocketTransport : ITransport, IValueTaskSource<TransportReceive>
{
    // .NET completes a receive only when the buffer is full or the frame has ended. On a slow path a large buffer would look like silence (L1.3); a TLS record
    // is as long as this, and nothing of it can be seen before its end.
    internal const int ReceiveBytesMax = 16_384;

    private static readonly TimeSpan s_answerLimit = TimeSpan.FromSeconds(2);

    private readonly WebSocket _socket;
    private readonly Action? _abort;
    private readonly CancellationTokenRegistration _gone;
    private ValueTask<ValueWebSocketReceiveResult> _receiving;     // The last receive that had to wait, and who waits for it.
    private CancellationToken _receivingToken;
    private Action? _onReceived;
    private Action<object?>? _continuation;
    private object? _continuationState;
    private Task _answering = Task.CompletedTask;
    private short _receives;
    private bool _isReceiving;
    private int _closed;
    private int _aborted;
    private int _disposed;

    /// <summary>Takes over a socket.</summary>
    /// <param name="socket">An open socket; disposed with the transport.</param>
    /// <param name="abort">What else to end at <see cref="Abort"/>, once: a server's HttpContext.Abort ends the connection under the socket.</param>
    /// <param name="gone">Aborts the transport: a server's HttpContext.RequestAborted tells that the connection under the socket is gone.</param>
    public WebSocketTransport(WebSocket socket, Action? abort = null, CancellationToken gone = default)
    {
        ArgumentNullException.ThrowIfNull(socket);
        _socket = socket;
        _abort = abort;
        _gone = gone.UnsafeRegister(static state => ((WebSocketTransport)state!).Abort(), this);
    }

    /// <inheritdoc/>
    public string Subprotocol => _socket.SubProtocol ?? "";

    /// <inheritdoc/>
    /// <remarks>Takes at most 16 KiB at a time, so that a large message on a slow path shows that it is alive.</remarks>
    public ValueTask<TransportReceive> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (_isReceiving) { throw new InvalidOperationException("A receive is under way."); }
        if (buffer.Length > ReceiveBytesMax) { buffer = buffer[..ReceiveBytesMax]; }
        try
        {
            ValueTask<ValueWebSocketReceiveResult> receiving = _socket.ReceiveAsync(buffer, cancellationToken);
            if (receiving.IsCompletedSuccessfully) { return new(Report(receiving.Result)); }
            (_receiving, _receivingToken, _isReceiving) = (receiving, cancellationToken, true);
            return new(this, ++_receives);
        }
        catch (Exception exception)
        {
            return ValueTask.FromException<TransportReceive>(Translate(exception, cancellationToken));
        }
    }

    /// <inheritdoc/>
    public ValueTask SendAsync(ReadOnlyMemory<byte> message, bool isText, CancellationToken cancellationToken) =>
        SendFragmentAsync(message, isText, endsMessage: true, cancellationToken);

    /// <inheritdoc/>
    /// <remarks>A WebSocket fragment of its own, and so a TLS record of its own, as long as that allows.</remarks>
    public ValueTask SendFragmentAsync(ReadOnlyMemory<byte> fragment, bool isText, bool endsMessage, CancellationToken cancellationToken)
    {
        try
        {
            ValueTask sending = _socket.SendAsync(
                fragment,
                isText ? WebSocketMessageType.Text : WebSocketMessageType.Binary,
                endsMessage ? WebSocketMessageFlags.EndOfMessage : WebSocketMessageFlags.None,
                cancellationToken);
            if (!sending.IsCompletedSuccessfully) { return AwaitSendAsync(sending, cancellationToken); }

            sending.GetAwaiter().GetResult();
            return default;
        }
        catch (Exception exception)
        {
            return ValueTask.FromException(Translate(exception, cancellationToken));
        }
    }

    /// <inheritdoc/>
    public ValueTask CloseAsync(CloseCode code, string reason, CancellationToken cancellationToken)
    {
        SendableCloseCode.Require(code);
        ArgumentNullException.ThrowIfNull(reason);
        return Interlocked.Exchange(ref _closed, 1) == 0 ? new(SendCloseAsync(code, CloseCodes.ToReason(reason), cancellationToken)) : default;
    }

    /// <inheritdoc/>
    public void Abort()
    {
        if (Interlocked.Exchange(ref _aborted, 1) != 0) { return; }
        Try(_socket.Abort);
        if (_abort is not null) { Try(_abort); }
    }

    /// <summary>Ends the transport, with <see cref="Abort"/> unless both ends have closed, and frees the socket.</summary>
    /// <remarks>
    /// Waits up to 2 s for the answer to the peer's close to leave, or until <see cref="Abort"/>. Then a server ends its connection in order, and a client waits up to 1 s of them
    /// for that (RFC 6455, 7.1.1). A dispose straight after <see cref="CloseAsync"/> may overtake the close on its way: wait for the peer's first, within a limit.
    /// </remarks>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) { return; }

        if (!_answering.IsCompleted) { await _answering.WaitAsync(s_answerLimit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); }
        await _gone.DisposeAsync().ConfigureAwait(false);          // An abort that has begun belongs to this request, and not to the next one in its place.

        // A server's Dispose alone would leave a pending receive hanging.
        if (_socket.State != WebSocketState.Closed) { Abort(); }
        Try(_socket.Dispose);
    }

    /// <inheritdoc/>
    TransportReceive IValueTaskSource<TransportReceive>.GetResult(short token)
    {
        RequireLast(token);
        CancellationToken cancellationToken = _receivingToken;
        _isReceiving = false;
        try
        {
            return Report(_receiving.GetAwaiter().GetResult());
        }
        catch (Exception exception)
        {
            throw Translate(exception, cancellationToken);
        }
    }

    /// <inheritdoc/>
    ValueTaskSourceStatus IValueTaskSource<TransportReceive>.GetStatus(short token)
    {
        RequireLast(token);
        if (!_receiving.IsCompleted) { return ValueTaskSourceStatus.Pending; }
        if (_receiving.IsCompletedSuccessfully) { return ValueTaskSourceStatus.Succeeded; }
        return _receivingToken.IsCancellationRequested ? ValueTaskSourceStatus.Canceled : ValueTaskSourceStatus.Faulted;   // As Translate has it.
    }

    /// <inheritdoc/>
    void IValueTaskSource<TransportReceive>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        RequireLast(token);
        (_continuation, _continuationState) = (continuation, state);
        _onReceived ??= GoOn;
        bool isOnContext = flags.HasFlag(ValueTaskSourceOnCompletedFlags.UseSchedulingContext);
        ConfiguredValueTaskAwaitable<ValueWebSocketReceiveResult>.ConfiguredValueTaskAwaiter waiting = _receiving.ConfigureAwait(isOnContext).GetAwaiter();
        if (flags.HasFlag(ValueTaskSourceOnCompletedFlags.FlowExecutionContext)) { waiting.OnCompleted(_onReceived); }
        else { waiting.UnsafeOnCompleted(_onReceived); }
    }

    private void GoOn()
    {
        (Action<object?> continuation, object? state) = (_continuation!, _continuationState);
        (_continuation, _continuationState) = (null, null);
        continuation(state);
    }

    private void RequireLast(short token)
    {
        if (token != _receives || !_isReceiving) { throw new InvalidOperationException("A receive is awaited once, and before the next one."); }
    }

    private TransportReceive Report(ValueWebSocketReceiveResult result)
    {
        if (result.MessageType != WebSocketMessageType.Close)
        {
            return TransportReceive.Data(result.Count, result.MessageType == WebSocketMessageType.Text, result.EndOfMessage);
        }

        CloseCode code = _socket.CloseStatus is { } status ? (CloseCode)status : TransportReceive.NoCode;
        string reason = CloseCodes.ToReason(_socket.CloseStatusDescription ?? "");   // A peer's words: nobody behind this sees what steers a terminal or a log.
        Answer(code, reason);
        return TransportReceive.Closed(code, reason);
    }

    // Only the dispose waits for the answer: behind a stalled send it would hold up the report of the close. It ends with the transport, and never fails.
    private void Answer(CloseCode code, string reason)
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0) { return; }
        _answering = SendCloseAsync(code == TransportReceive.NoCode ? (CloseCode)WebSocketCloseStatus.NormalClosure : code, reason, CancellationToken.None);
    }

    private async Task SendCloseAsync(CloseCode code, string reason, CancellationToken cancellationToken)
    {
        try
        {
            await _socket.CloseOutputAsync((WebSocketCloseStatus)code, reason, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // What can't carry a close can't carry anything.
            Abort();
            if (cancellationToken.IsCancellationRequested) { throw Canceled(exception, cancellationToken); }
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask AwaitSendAsync(ValueTask sending, CancellationToken cancellationToken)
    {
        try
        {
            await sending.ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            throw Translate(exception, cancellationToken);
        }
    }

    private Exception Translate(Exception exception, CancellationToken cancellationToken)
    {
        if (!cancellationToken.IsCancellationRequested) { return new TransportException($"The WebSocket is lost: {exception.Message}", exception); }

        Abort();
        return Canceled(exception, cancellationToken);
    }

    private static OperationCanceledException Canceled(Exception exception, CancellationToken cancellationToken) =>
        exception is OperationCanceledException canceled && canceled.CancellationToken == cancellationToken
            ? canceled
            : new OperationCanceledException("The operation on the WebSocket was cancelled.", exception, cancellationToken);

    // The socket is being given up: nobody is helped by what its platform has to say about that.
    private static void Try(Action end)
    {
        try
        {
            end();
        }
        catch (Exception)
        {
            return;
        }
    }
}
