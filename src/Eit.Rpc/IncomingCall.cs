namespace Eit.Rpc;

/// <summary>A call of the other end that is under way here.</summary>
internal sealed class IncomingCall : IDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _source;                // Of the deadline and of the cancellation: what is cancelled is so at once, and never begins.
    private TaskCompletionSource? _more;
    private long _itemsAllowed;
    private long _itemsSent;
    private volatile bool _isCancelled;
    private bool _isDisposed;

    internal IncomingCall(RpcPeer peer, RpcMessage message, int bytes, TimeProvider time)
    {
        (Peer, Message, Bytes, _itemsAllowed) = (peer, message, bytes, message.Items);
        _source = message.Left is { } left ? new CancellationTokenSource(left, time) : new CancellationTokenSource();
        Token = _source.Token;
    }

    internal RpcPeer Peer { get; }

    internal RpcMessage Message { get; }

    internal int Bytes { get; }

    internal CancellationToken Token { get; }

    internal bool IsOver { get; set; }

    internal bool IsPastDeadline => Token.IsCancellationRequested && !_isCancelled;

    /// <summary>Cancels it; the method's own code runs on a pool thread.</summary>
    internal void Cancel()
    {
        lock (_gate)
        {
            if (_isDisposed) { return; }
            _isCancelled = true;
            _ = _source.CancelAsync();
        }
    }

    internal void Allow(long items)
    {
        lock (_gate)
        {
            if (items <= _itemsAllowed) { return; }
            _itemsAllowed = items;
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
                Token.ThrowIfCancellationRequested();
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
        lock (_gate) { _isDisposed = true; }
        _source.Dispose();
    }
}
