using System.Buffers;
using Eit.Backoff;
using Eit.Protocol.Wire;

namespace Eit.Link;

/// <summary>One transport with its codec and its place in a session: puts messages together, and holds no buffer while nothing comes.</summary>
/// <remarks>Used first by whoever says hello or welcome on it, then by the <see cref="SessionPump"/> that it is attached to.</remarks>
public sealed class TransportLine : IThreadPoolWorkItem
{
    private const int BufferBytes = 20 * 1024;

    /// <summary>How long no handler has run before the line lets go what only they need.</summary>
    private static readonly TimeSpan s_restsAfter = TimeSpan.FromSeconds(5);

    private byte[] _buffer = [];
    private int _filled;
    private int _charged;                                          // What of the buffer is charged to the account: all of one that had to grow.
    private bool _isReadable;
    private bool _isText;
    private DeadlineEntry? _turnLimit;
    private Instant _turnUntil;
    private long _lastTurn;
    private long _turn;                                            // The one that is under way; 0 for none, or when the reading has been taken from it.

    /// <summary>Makes a line.</summary>
    /// <param name="transport">The transport; the line owns it from now on.</param>
    /// <param name="epoch">Its epoch.</param>
    /// <param name="reader">Reads its frames.</param>
    /// <param name="writer">Writes its frames.</param>
    public TransportLine(ITransport transport, long epoch, FrameReader reader, FrameWriter writer)
    {
        (Transport, Epoch, Reader, Writer) = (transport, epoch, reader, writer);
    }

    /// <summary>Gets the transport.</summary>
    public ITransport Transport { get; }

    /// <summary>Gets or sets the epoch; a server learns it from hello.</summary>
    public long Epoch { get; set; }

    /// <summary>Gets the writer of its frames.</summary>
    public FrameWriter Writer { get; }

    /// <summary>Gets the frames of the message that was read last.</summary>
    public FrameBatch Frames { get; } = new();

    /// <summary>Gets a task that ends when the transport is over and its memory released; it never fails.</summary>
    public Task Finished => FinishedSource.Task;

    internal FrameReader Reader { get; }

    internal TaskCompletionSource FinishedSource { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal SessionPump? Pump { get; private set; }

    /// <summary>Whether somebody writes; guarded by the pump's gate.</summary>
    internal bool IsWriting { get; set; }

    /// <summary>Whether writes still get through; guarded by the pump's gate.</summary>
    internal bool CanWrite { get; set; } = true;

    /// <summary>Whether the read side has ended; guarded by the pump's gate.</summary>
    internal bool HasEnded { get; set; }

    /// <summary>How it is to be closed, once nobody writes; guarded by the pump's gate.</summary>
    internal (CloseCode Code, string Reason)? ToClose { get; set; }

    internal bool IsCloseSent { get; set; }

    /// <summary>Whether it waits for its turn to be written; guarded by the pump's gate.</summary>
    internal bool IsQueued { get; set; }

    /// <summary>When the write that is under way began; of a message that leaves in fragments, the write of the last one.</summary>
    internal Instant WriteBeganAt { get; set; }

    /// <summary>How much of a message may leave at a time; guarded by the pump's gate, and read by who writes.</summary>
    internal int FragmentBytes { get; set; } = int.MaxValue;

    /// <summary>When the last write ended.</summary>
    internal Instant WroteAt { get; set; }

    internal DeadlineEntry? CloseLimit { get; set; }

    /// <summary>Goes on writing on a pool thread.</summary>
    void IThreadPoolWorkItem.Execute() => Pump!.Write(this);

    /// <summary>Receives a complete message and reads its frames.</summary>
    /// <returns>What came.</returns>
    /// <exception cref="TransportException">The transport is lost.</exception>
    public async ValueTask<LineRead> ReadMessageAsync()
    {
        while (true)
        {
            TransportReceive got = await ReceiveNext().ConfigureAwait(false);
            if (got.Kind == TransportReceiveKind.Closed) { return LineRead.Closed(got.Code, got.Reason); }
            if (Take(got) is { } read) { return read; }
        }
    }

    /// <summary>Writes one message and waits for it.</summary>
    /// <param name="write">Writes the frames.</param>
    /// <param name="cancellationToken">Gives the write up, and with it the transport.</param>
    /// <exception cref="TransportException">The transport is lost.</exception>
    public async ValueTask WriteAsync(Action<FrameWriter> write, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(write);
        Writer.Begin();
        write(Writer);
        await Transport.SendAsync(Writer.End(), Writer.IsText, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Closes a transport that belongs to no session, and waits a little for the peer's answer.</summary>
    /// <param name="code">The code.</param>
    /// <param name="reason">The reason.</param>
    /// <param name="limit">How long all of it may take.</param>
    public async Task RefuseAsync(CloseCode code, string reason, TimeSpan limit)
    {
        try
        {
            using var source = new CancellationTokenSource(limit);
            await Transport.CloseAsync(code, CloseCodes.ToReason(reason), source.Token).ConfigureAwait(false);
            while ((await Transport.ReceiveAsync(new byte[256], source.Token).ConfigureAwait(false)).Kind != TransportReceiveKind.Closed) { }
        }
        catch (Exception failure) when (failure is TransportException or OperationCanceledException)
        {
            // The peer did not wait for the end; there is nobody to tell.
        }
        await ReleaseAsync().ConfigureAwait(false);
    }

    /// <summary>Ends the transport, in order where both ends have closed it, and releases its memory; no read may be under way but one that its end ends. Idempotent.</summary>
    public async ValueTask ReleaseAsync()
    {
        await Transport.DisposeAsync().ConfigureAwait(false);
        CloseLimit?.Dispose();
        _turnLimit?.Dispose();
        ReturnBuffer();
        Writer.Release();
        FinishedSource.TrySetResult();
    }

    internal void AttachTo(SessionPump pump) => Pump = pump;

    /// <summary>Reads, or reads on, on a pool thread.</summary>
    internal void ReadSoon() => ThreadPool.UnsafeQueueUserWorkItem(static line => _ = line.Pump!.ReadAsync(line), this, preferLocal: false);

    /// <summary>The reader begins to run handlers.</summary>
    /// <param name="until">When another thread reads on.</param>
    /// <param name="wheel">Where that is told.</param>
    /// <returns>For <see cref="TryEndTurn"/>.</returns>
    internal long BeginTurn(Instant until, DeadlineWheel wheel)
    {
        DeadlineEntry limit = _turnLimit ??= wheel.Register(static state => ((TransportLine)state!).EndTurn(), this);
        _turnUntil = until;
        Volatile.Write(ref _turn, ++_lastTurn);
        limit.Set(until);                                          // From here on another thread may read on, and let the entry go.
        return _lastTurn;
    }

    /// <summary>The handlers are through.</summary>
    /// <returns>False if another thread reads on.</returns>
    internal bool TryEndTurn(long turn)
    {
        if (Interlocked.CompareExchange(ref _turn, 0, turn) != turn) { return false; }
        _turnLimit!.Set(Instant.Never);
        return true;
    }

    /// <summary>Nothing that came is for a handler. Called by the reader.</summary>
    internal void Rest()
    {
        if (_turnLimit is null || _turnLimit.Now.Since(_turnUntil) < s_restsAfter) { return; }
        _turnLimit.Dispose();
        _turnLimit = null;
    }

    /// <summary>Asks for the next bytes: with no buffer while nothing has come.</summary>
    internal ValueTask<TransportReceive> ReceiveNext()
    {
        if (!_isReadable && _filled == 0)
        {
            ValueTask<TransportReceive> waiting = Transport.ReceiveAsync(Memory<byte>.Empty, CancellationToken.None);
            if (!waiting.IsCompleted)
            {
                ReturnBuffer();
                Frames.Trim();
            }
            return waiting;
        }
        if (_buffer.Length == 0) { _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes); }
        if (_filled == _buffer.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
            _buffer.AsSpan(0, _filled).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            Pump?.Account.Charge(larger.Length - _charged);
            (_buffer, _charged) = (larger, Pump is null ? 0 : larger.Length);
        }
        return Transport.ReceiveAsync(_buffer.AsMemory(_filled), CancellationToken.None);
    }

    /// <summary>Takes what a receive brought.</summary>
    /// <returns>The message if it is complete; null if more has to come.</returns>
    internal LineRead? Take(in TransportReceive got)
    {
        if (got.Count == 0 && !got.EndsMessage)
        {
            _isReadable = true;
            return null;
        }
        _filled += got.Count;
        _isText = got.IsText;
        if (_filled > WireLimits.TransportMessageBytesMax)
        {
            _filled = 0;                                           // What still comes before the close gets through must not pile up.
            return LineRead.Of(new Violation(CloseCode.TooLarge, "F1.6", $"A WebSocket message has more than {WireLimits.TransportMessageBytesMax} bytes."));
        }
        if (!got.EndsMessage) { return null; }
        Violation? violation = Reader.Read(_buffer.AsMemory(0, _filled), _isText, Frames);
        (_filled, _isReadable) = (0, false);
        return violation is null ? LineRead.Message : LineRead.Of(violation);
    }

    private void EndTurn()
    {
        long turn = Volatile.Read(ref _turn);
        bool isOver = turn != 0 && _turnLimit?.Now >= _turnUntil;
        if (isOver && Interlocked.CompareExchange(ref _turn, 0, turn) == turn) { ReadSoon(); }
    }

    private void ReturnBuffer()
    {
        if (_buffer.Length == 0) { return; }
        ArrayPool<byte>.Shared.Return(_buffer);
        if (_charged > 0) { Pump!.Account.Release(_charged); }
        (_buffer, _charged) = ([], 0);
    }
}
