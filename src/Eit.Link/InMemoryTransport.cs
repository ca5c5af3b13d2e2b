using System.Buffers;
using System.Runtime.InteropServices;
using Eit.Protocol.Wire;

namespace Eit.Link;

/// <summary>One of two ends that are joined in memory, with the contract of a WebSocket and faults on demand. For tests and for benchmarks.</summary>
/// <remarks>
/// Messages, the close and a loss travel in order, each direction by itself. What has been sent before a loss can still be received before it; an end
/// that aborts is lost at once. A send completes when the other end's buffer has taken the message, and waits while that buffer is full.
/// </remarks>
public sealed class InMemoryTransport : ITransport
{
    private readonly Lock _gate;                                       // shared by the two ends
    private readonly int _bufferedMessagesMax;
    private readonly Queue<Parcel> _inbox = new();                     // has arrived here and is not received yet
    private readonly Queue<Parcel> _blackHole = new();                 // was sent from here and arrives when the path thaws
    private readonly PendingResult<TransportReceive> _receiving = new();
    private readonly PendingResult<bool> _sending = new();
    private InMemoryTransport _peer;
    private Path _incoming;
    private Path _outgoing;
    private int _headBytesReceived;                                    // of the first parcel in the inbox
    private int _bufferedMessages;                                     // sent from here and not received yet
    private bool _isFrozen;
    private bool _cutsNext;
    private PendingArguments<Memory<byte>> _receive;
    private PendingArguments<ReadOnlyMemory<byte>> _send;
    private CancellationTokenRegistration _receiveCancellation;
    private CancellationTokenRegistration _sendCancellation;

    private InMemoryTransport(string subprotocol, int bufferedMessagesMax, Lock gate)
    {
        Subprotocol = subprotocol;
        _bufferedMessagesMax = bufferedMessagesMax;
        _gate = gate;
        _peer = this;
    }

    // What one direction of this end can still do.
    private enum Path
    {
        Open,
        Closed,
        Lost,
    }

    private enum ParcelKind
    {
        Message,
        Close,
        Loss,
    }

    /// <inheritdoc/>
    public string Subprotocol { get; }

    /// <summary>Joins two ends.</summary>
    /// <param name="subprotocol">What both ends say they agreed on.</param>
    /// <param name="bufferedMessagesMax">How many messages each direction holds before a send waits. Default 64; at least 1.</param>
    public static (InMemoryTransport First, InMemoryTransport Second) CreatePair(string subprotocol, int bufferedMessagesMax = 64)
    {
        ArgumentNullException.ThrowIfNull(subprotocol);
        ArgumentOutOfRangeException.ThrowIfLessThan(bufferedMessagesMax, 1);
        Lock gate = new();
        InMemoryTransport first = new(subprotocol, bufferedMessagesMax, gate);
        InMemoryTransport second = new(subprotocol, bufferedMessagesMax, gate);
        (first._peer, second._peer) = (second, first);
        return (first, second);
    }

    /// <inheritdoc/>
    public ValueTask<TransportReceive> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_receiving.IsPending) { throw new InvalidOperationException("A receive is pending already."); }
            if (cancellationToken.IsCancellationRequested)
            {
                Lose();
                return ValueTask.FromCanceled<TransportReceive>(cancellationToken);
            }

            if (TryReceive(buffer, out TransportReceive received)) { return new(received); }
            if (_incoming != Path.Open) { return ValueTask.FromException<TransportReceive>(Lost()); }

            ValueTask<TransportReceive> wait = new(_receiving, _receiving.Begin());
            _receive = new(buffer, IsText: false, EndsMessage: false, cancellationToken);
            _receiveCancellation = RegisterCancellation(cancellationToken);
            return wait;
        }
    }

    /// <inheritdoc/>
    public ValueTask SendAsync(ReadOnlyMemory<byte> message, bool isText, CancellationToken cancellationToken) =>
        SendFragmentAsync(message, isText, endsMessage: true, cancellationToken);

    /// <inheritdoc/>
    public ValueTask SendFragmentAsync(ReadOnlyMemory<byte> fragment, bool isText, bool endsMessage, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_sending.IsPending) { throw new InvalidOperationException("A send is pending already."); }
            if (cancellationToken.IsCancellationRequested)
            {
                Lose();
                return ValueTask.FromCanceled(cancellationToken);
            }

            if (_outgoing != Path.Open) { return ValueTask.FromException(Lost()); }
            if (_bufferedMessages < _bufferedMessagesMax)
            {
                Post(Pack(fragment.Span, isText, endsMessage));
                return default;
            }

            ValueTask wait = new(_sending, _sending.Begin());
            _send = new(fragment, isText, endsMessage, cancellationToken);
            _sendCancellation = RegisterCancellation(cancellationToken);
            return wait;
        }
    }

    /// <inheritdoc/>
    public ValueTask CloseAsync(CloseCode code, string reason, CancellationToken cancellationToken)
    {
        SendableCloseCode.Require(code);
        ArgumentNullException.ThrowIfNull(reason);
        lock (_gate)
        {
            if (_outgoing != Path.Open) { return default; }
            if (cancellationToken.IsCancellationRequested)
            {
                Lose();
                return ValueTask.FromCanceled(cancellationToken);
            }

            PostClose(code, CloseCodes.ToReason(reason));
            return default;
        }
    }

    /// <inheritdoc/>
    /// <remarks>The peer hears of it after what was sent before; while this end is frozen it hears nothing.</remarks>
    public void Abort()
    {
        lock (_gate) { Lose(); }
    }

    /// <summary>Ends the transport, with <see cref="Abort"/> unless both ends have closed.</summary>
    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_incoming != Path.Closed || _outgoing != Path.Closed) { Lose(); }
        }

        return default;
    }

    /// <summary>Makes a black hole of this end's outgoing direction: what is sent is accepted and does not arrive, nor does a close or a loss.</summary>
    /// <remarks>The bound holds: beyond it a send waits. What has arrived at the other end before stays there.</remarks>
    public void Freeze()
    {
        lock (_gate) { _isFrozen = true; }
    }

    /// <summary>Lets all that was sent since <see cref="Freeze"/> arrive, in order.</summary>
    public void Thaw()
    {
        lock (_gate)
        {
            // Frozen until all has arrived: a message that waits for room and gets it here still comes last.
            while (_blackHole.TryDequeue(out Parcel parcel)) { _peer.Arrive(parcel); }
            _isFrozen = false;
        }
    }

    /// <summary>Lets the first half of the next message arrive, without its end, and then loses the transport; the send itself succeeds.</summary>
    public void CutMidMessage()
    {
        lock (_gate) { _cutsNext = true; }
    }

    private static TransportException Lost() => new("The in-memory transport is closed or lost.");

    // ---- Sending. All from here on runs under the gate.

    private Parcel Pack(ReadOnlySpan<byte> message, bool isText, bool endsMessage)
    {
        int count = _cutsNext ? message.Length / 2 : message.Length;
        byte[] bytes = ArrayPool<byte>.Shared.Rent(count);
        message[..count].CopyTo(bytes);
        return new Parcel(ParcelKind.Message, bytes, count, isText, EndsMessage: endsMessage && !_cutsNext, default, "");
    }

    private void Post(Parcel message)
    {
        _bufferedMessages++;
        Dispatch(message);
        if (_cutsNext) { Lose(); }
    }

    private void PostClose(CloseCode code, string reason)
    {
        // The close follows the message that waits for room, which takes a place beyond the bound.
        if (_sending.IsPending) { PostWaiting(); }
        if (_outgoing != Path.Open) { return; }
        _outgoing = Path.Closed;
        Dispatch(new Parcel(ParcelKind.Close, [], 0, IsText: false, EndsMessage: true, code, reason));
    }

    private void PostWaiting()
    {
        Parcel message = Pack(_send.Buffer.Span, _send.IsText, _send.EndsMessage);
        _send = default;
        _sendCancellation.Unregister();
        _sending.Complete(true);
        Post(message);
    }

    private void Dispatch(Parcel parcel)
    {
        if (_isFrozen) { _blackHole.Enqueue(parcel); }
        else { _peer.Arrive(parcel); }
    }

    private void MakeRoom()
    {
        _bufferedMessages--;
        if (_sending.IsPending && _bufferedMessages < _bufferedMessagesMax) { PostWaiting(); }
    }

    // ---- Receiving

    private void Arrive(Parcel parcel)
    {
        if (_incoming == Path.Lost)
        {
            Discard(parcel);
            return;
        }

        _inbox.Enqueue(parcel);
        if (parcel.Kind == ParcelKind.Loss) { LoseOutgoing(); }
        if (!_receiving.IsPending) { return; }
        if (TryReceive(_receive.Buffer, out TransportReceive received))
        {
            _receive = default;
            _receiveCancellation.Unregister();
            _receiving.Complete(received);
        }
        else if (_incoming != Path.Open)
        {
            FailReceive();
        }
    }

    private bool TryReceive(Memory<byte> buffer, out TransportReceive received)
    {
        received = default;
        if (_incoming != Path.Open || !_inbox.TryPeek(out Parcel parcel)) { return false; }
        switch (parcel.Kind)
        {
            case ParcelKind.Message:
                received = ReceiveFrom(parcel, buffer);
                return true;
            case ParcelKind.Close:
                _inbox.Dequeue();
                _incoming = Path.Closed;
                PostClose(parcel.Code, parcel.Reason);
                received = TransportReceive.Closed(parcel.Code, parcel.Reason);
                return true;
            default:
                _inbox.Dequeue();
                _incoming = Path.Lost;
                return false;
        }
    }

    private TransportReceive ReceiveFrom(Parcel parcel, Memory<byte> buffer)
    {
        int count = Math.Min(buffer.Length, parcel.Count - _headBytesReceived);
        parcel.Bytes.AsSpan(_headBytesReceived, count).CopyTo(buffer.Span);
        _headBytesReceived += count;
        if (_headBytesReceived < parcel.Count) { return TransportReceive.Data(count, parcel.IsText, endsMessage: false); }

        _headBytesReceived = 0;
        _inbox.Dequeue();
        Discard(parcel);
        return TransportReceive.Data(count, parcel.IsText, parcel.EndsMessage);
    }

    private void Discard(Parcel parcel)
    {
        if (parcel.Kind != ParcelKind.Message) { return; }
        ArrayPool<byte>.Shared.Return(parcel.Bytes);
        _peer.MakeRoom();
    }

    // ---- Losing

    private void Lose()
    {
        if (_incoming == Path.Lost && _outgoing == Path.Lost) { return; }
        bool peerKnows = _outgoing == Path.Lost;
        _incoming = Path.Lost;
        _headBytesReceived = 0;
        LoseOutgoing();
        if (_receiving.IsPending) { FailReceive(); }

        // First the loss, if it gets through: a message that waits for room here then fails. Else it goes into the void.
        if (!peerKnows) { Dispatch(new Parcel(ParcelKind.Loss, [], 0, IsText: false, EndsMessage: true, default, "")); }
        while (_inbox.TryDequeue(out Parcel parcel)) { Discard(parcel); }
    }

    private void LoseOutgoing()
    {
        _outgoing = Path.Lost;
        if (!_sending.IsPending) { return; }
        Exception failure = _send.WhyFailed();
        _send = default;
        _sendCancellation.Unregister();
        _sending.Fail(failure);
    }

    private void FailReceive()
    {
        Exception failure = _receive.WhyFailed();
        _receive = default;
        _receiveCancellation.Unregister();
        _receiving.Fail(failure);
    }

    // A token that has been cancelled meanwhile calls back at once, on this thread.
    private CancellationTokenRegistration RegisterCancellation(CancellationToken cancellationToken) =>
        cancellationToken.UnsafeRegister(static state => ((InMemoryTransport)state!).LoseIfCanceled(), this);

    private void LoseIfCanceled()
    {
        lock (_gate)
        {
            // A late call for a wait that is over finds another token, or none.
            if (_receiving.IsPending && _receive.CancellationToken.IsCancellationRequested) { Lose(); }
            else if (_sending.IsPending && _send.CancellationToken.IsCancellationRequested) { Lose(); }
        }
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Parcel(ParcelKind Kind, byte[] Bytes, int Count, bool IsText, bool EndsMessage, CloseCode Code, string Reason);

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct PendingArguments<T>(T Buffer, bool IsText, bool EndsMessage, CancellationToken CancellationToken)
    {
        public Exception WhyFailed() => CancellationToken.IsCancellationRequested ? new OperationCanceledException(CancellationToken) : Lost();
    }
}
