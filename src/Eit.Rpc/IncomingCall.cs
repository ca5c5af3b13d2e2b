namespace Eit.Rpc;

/// <summary>A call of the other end that is under way here.</summary>
internal sealed class IncomingCall(RpcPeer peer, RpcMessage message, int bytes, TimeProvider time) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly long _beganAt = message.Left is null ? 0 : time.GetTimestamp();
    private CancellationTokenSource? _source;                      // Made when somebody asks: most methods do not.
    private CancellationToken _token;
    private TaskCompletionSource? _more;
    private long _itemsAllowed = Math.Min(message.Items, RpcCallOptions.ItemsMax);
    private long _itemsSent;
    private volatile bool _isCancelled;
    private bool _isDisposed;

    internal RpcPeer Peer { get; } = peer;

    internal RpcMessage Message { get; } = message;

    internal int Bytes { get; } = bytes;

    /// <summary>Gets what is cancelled with the call, and at the end of its time.</summary>
    internal CancellationToken Token
    {
        get
        {
            lock (_gate)
            {
                if (_source is not null) { return _token; }
                if (IsCancelled || _isDisposed) { return new CancellationToken(IsCancelled); }
                _source = Message.Left is { } left ? new CancellationTokenSource(TimeSpan.FromTicks(Math.Max(0, (left - time.GetElapsedTime(_beganAt)).Ticks)), time) : new CancellationTokenSource();
                return _token = _source.Token;
            }
        }
    }

    /// <summary>Gets or sets whether its method has ended.</summary>
    internal bool IsOver { get; set; }

    internal bool IsPastDeadline => !_isCancelled && (_token.IsCancellationRequested || (Message.Left is { } left && time.GetElapsedTime(_beganAt) >= left));

    /// <summary>Gets whether nobody waits for it any more.</summary>
    internal bool IsCancelled => _isCancelled || IsPastDeadline;

    /// <summary>Cancels it; the method's own code runs on a pool thread.</summary>
    internal void Cancel()
    {
        lock (_gate)
        {
            if (_isDisposed) { return; }
            _isCancelled = true;
            if (_source is not null) { _ = _source.CancelAsync(); }
        }
    }

    internal void Allow(long items)
    {
        lock (_gate)
        {
            long allowed = Math.Min(items, _itemsSent + RpcCallOptions.ItemsMax);
            if (allowed <= _itemsAllowed) { return; }
            _itemsAllowed = allowed;
            _more?.TrySetResult();
            _more = null;
        }
    }

    /// <summary>Waits until an item may leave, and counts it.</summary>
    internal async ValueTask TakeItemAsync()
    {
        while (true)
        {
            Task more;
            lock (_gate)
            {
                if (IsCancelled) { throw new OperationCanceledException(); }
                if (_itemsSent < _itemsAllowed)
                {
                    _itemsSent++;
                    return;
                }
                more = (_more ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }
            await more.WaitAsync(Token).ConfigureAwait(false);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _source?.Dispose();
        }
    }
}
