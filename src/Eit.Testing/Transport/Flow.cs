namespace Eit.Testing.Transport;

/// <summary>One direction of a connection: bytes on their way from one end to the other, in the world's time, as the network lets them.</summary>
/// <remarks>All members are called under the network's gate.</remarks>
internal sealed class Flow
{
    /// <summary>What the buffers of a path hold, sender's, path's and receiver's together; whoever writes more waits.</summary>
    private const int BufferedBytesMax = 256 * 1024;

    private readonly EitTestNetwork _network;
    private readonly EitTestDirection _direction;
    private readonly Queue<Parcel> _held = new();                  // In a black hole.
    private readonly Queue<Parcel> _onTheWay = new();
    private readonly Queue<Parcel> _arrived = new();
    private readonly ITimer _arrival;
    private int _headBytesRead;
    private int _bufferedBytes;
    private TimeSpan _lineFreeAt;
    private TimeSpan _lastArrival;
    private (Memory<byte> Buffer, TaskCompletionSource<int> Read)? _reader;
    private (ReadOnlyMemory<byte> Bytes, TaskCompletionSource Written)? _writer;
    private FlowState _state = FlowState.Open;
    private bool _isReaderGone;
    private long? _bytesUntilCut;

    internal Flow(EitTestNetwork network, EitTestDirection direction)
    {
        (_network, _direction) = (network, direction);
        _arrival = network.World.Clock.CreateTimer(static flow => ((Flow)flow!).ArriveDue(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Told when the end has arrived.</summary>
    internal Action? EndArrived { get; set; }

    /// <summary>Told when as many bytes have been written as <see cref="CutAfter"/> has let through.</summary>
    internal Action? CutDue { get; set; }

    /// <summary>Whether nobody reads here any more.</summary>
    internal bool IsOver => _isReaderGone || _state == FlowState.Lost;

    /// <summary>Whether the end that reads here has gone.</summary>
    internal bool IsReaderGone => _isReaderGone;

    /// <summary>Whether who reads here waits for more, or has no reason to.</summary>
    internal bool IsReaderWaiting => _reader is not null || IsOver;

    /// <summary>Cuts the connection in the middle of what is written next.</summary>
    internal void CutAfter(long bytes) => _bytesUntilCut = bytes;

    internal Task WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        if (_state != FlowState.Open) { return Task.FromException(Lost()); }
        if (_writer is not null) { return Task.FromException(new InvalidOperationException("A write is pending already.")); }
        if (_bufferedBytes < BufferedBytesMax)
        {
            Send(bytes);
            return Task.CompletedTask;
        }
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _writer = (bytes, written);
        return written.Task;
    }

    /// <summary>Sends something that has no bytes, and says when it arrives.</summary>
    internal Task MarkAsync()
    {
        if (_state != FlowState.Open) { return Task.FromException(Lost()); }
        var mark = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Dispatch(new Parcel([], mark, IsEnd: false));
        return mark.Task;
    }

    internal Task<int> ReadAsync(Memory<byte> buffer)
    {
        if (_reader is not null) { return Task.FromException<int>(new InvalidOperationException("A read is pending already.")); }
        if (IsOver) { return Task.FromException<int>(Lost()); }
        if (TryRead(buffer, out int count)) { return Task.FromResult(count); }
        var read = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        _reader = (buffer, read);
        return read.Task;
    }

    /// <summary>Who reads does not want it any more.</summary>
    internal void CancelRead(CancellationToken cancellationToken)
    {
        TaskCompletionSource<int>? read = _reader?.Read;
        _reader = null;
        read?.TrySetCanceled(cancellationToken);
    }

    /// <summary>The end that reads here has gone: nobody hears what arrives.</summary>
    internal void ReaderGone()
    {
        _isReaderGone = true;
        FailReader();
        while (_arrived.TryDequeue(out Parcel parcel)) { Discard(parcel); }
    }

    /// <summary>The process that reads here has died: what it waits for never comes, and nobody tells it.</summary>
    internal void ReaderDied()
    {
        (_isReaderGone, _reader) = (true, null);
        Lose();
    }

    /// <summary>The process that writes here has died: what it writes is never through, and nobody tells it.</summary>
    internal void WriterDied()
    {
        _writer = null;
        Lose();
    }

    /// <summary>The end that writes here has gone: after what it has written comes the end.</summary>
    internal void WriterGone()
    {
        if (_state != FlowState.Open) { return; }
        _state = FlowState.Ended;
        FailWriter();
        Dispatch(new Parcel([], Mark: null, IsEnd: true));
    }

    /// <summary>Nothing gets through any more, nor what is on the way.</summary>
    internal void Lose()
    {
        if (_state == FlowState.Lost) { return; }
        _state = FlowState.Lost;
        FailReader();
        FailWriter();
        foreach (Parcel parcel in _held.Concat(_onTheWay).Concat(_arrived)) { parcel.Mark?.TrySetException(Lost()); }
        _held.Clear();
        _onTheWay.Clear();
        _arrived.Clear();
        _arrival.Dispose();
    }

    /// <summary>Lets nothing through for a while.</summary>
    internal void HoldBack(TimeSpan time) => _lineFreeAt = _network.World.Clock.Elapsed + time;

    /// <summary>The black hole has gone: what it has held goes on its way.</summary>
    internal void Release()
    {
        for (int count = _held.Count; count > 0 && _state != FlowState.Lost && _held.TryDequeue(out Parcel parcel); count--) { Dispatch(parcel, isReleased: true); }
    }

    private static IOException Lost() => new("The connection in memory is lost.");

    private void Send(ReadOnlyMemory<byte> bytes)
    {
        bool isCut = _bytesUntilCut is { } left && bytes.Length >= left;
        if (isCut) { bytes = bytes[..(int)_bytesUntilCut!.Value]; }
        _bytesUntilCut -= bytes.Length;
        _bufferedBytes += bytes.Length;
        if (bytes.Length > 0) { Dispatch(new Parcel(bytes.ToArray(), Mark: null, IsEnd: false)); }
        if (isCut) { CutDue?.Invoke(); }
    }

    private void Dispatch(in Parcel parcel, bool isReleased = false)
    {
        _network.World.QuietWatch.Beat();
        if (_network.IsBlackHole(_direction) || (_held.Count > 0 && !isReleased))   // Nothing overtakes what is held.
        {
            _held.Enqueue(parcel);
            return;
        }
        TimeSpan now = _network.World.Clock.Elapsed;
        _lineFreeAt = (_lineFreeAt > now ? _lineFreeAt : now) + _network.TransmissionOf(_direction, parcel.Bytes.Length);
        TimeSpan arrivesAt = _lineFreeAt + _network.DrawLatency(_direction);
        if (arrivesAt < _lastArrival) { arrivesAt = _lastArrival; }   // Jitter does not reorder what TCP has put in order.
        _lastArrival = arrivesAt;
        _onTheWay.Enqueue(parcel with { ArrivesAt = arrivesAt });
        if (arrivesAt <= now) { ArriveDue(now); }
        else if (_onTheWay.Count == 1) { Arm(now); }
    }

    private void ArriveDue()
    {
        lock (_network.Gate)
        {
            if (_state != FlowState.Lost) { ArriveDue(_network.World.Clock.Elapsed); }
        }
    }

    private void ArriveDue(TimeSpan now)
    {
        while (_onTheWay.TryPeek(out Parcel parcel) && parcel.ArrivesAt <= now)
        {
            _onTheWay.Dequeue();
            Arrive(parcel);
        }
        if (_onTheWay.Count > 0) { Arm(now); }
    }

    private void Arm(TimeSpan now) => _arrival.Change(_onTheWay.Peek().ArrivesAt - now, Timeout.InfiniteTimeSpan);

    private void Arrive(in Parcel parcel)
    {
        _network.World.QuietWatch.Beat();
        if (parcel.Mark is not null)
        {
            parcel.Mark.TrySetResult();
            return;
        }
        if (_isReaderGone) { Discard(parcel); }
        else { _arrived.Enqueue(parcel); }
        if (parcel.IsEnd) { EndArrived?.Invoke(); }
        if (_reader is { } reader && TryRead(reader.Buffer, out int count))
        {
            _reader = null;
            reader.Read.TrySetResult(count);
        }
    }

    private bool TryRead(Memory<byte> buffer, out int count)
    {
        count = 0;
        if (!_arrived.TryPeek(out Parcel parcel)) { return false; }
        if (parcel.IsEnd || buffer.Length == 0) { return true; }       // The end stays; or it was a look whether something is there.
        _network.World.QuietWatch.Beat();
        count = Math.Min(buffer.Length, parcel.Bytes.Length - _headBytesRead);
        parcel.Bytes.AsSpan(_headBytesRead, count).CopyTo(buffer.Span);
        _headBytesRead += count;
        if (_headBytesRead < parcel.Bytes.Length) { return true; }
        _headBytesRead = 0;
        _arrived.Dequeue();
        Discard(parcel);
        return true;
    }

    private void Discard(in Parcel parcel)
    {
        _bufferedBytes -= parcel.Bytes.Length;
        if (_writer is not { } writer || _bufferedBytes >= BufferedBytesMax) { return; }
        _writer = null;
        Send(writer.Bytes);
        writer.Written.TrySetResult();
    }

    private void FailReader()
    {
        TaskCompletionSource<int>? read = _reader?.Read;
        _reader = null;
        read?.TrySetException(Lost());
    }

    private void FailWriter()
    {
        TaskCompletionSource? written = _writer?.Written;
        _writer = null;
        written?.TrySetException(Lost());
    }

    private enum FlowState
    {
        Open,
        Ended,
        Lost,
    }

    private readonly record struct Parcel(byte[] Bytes, TaskCompletionSource? Mark, bool IsEnd)
    {
        internal TimeSpan ArrivesAt { get; init; }
    }
}
