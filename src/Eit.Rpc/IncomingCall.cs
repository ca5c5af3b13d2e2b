namespace Eit.Rpc;

/// <summary>A call of the other end that is under way here.</summary>
internal sealed class IncomingCall : IDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _cancelled = new();
    private readonly CancellationTokenSource? _deadline;
    private readonly CancellationTokenSource _both;
    private TaskCompletionSource? _more;
    private long _itemsAllowed;
    private long _itemsSent;
    private bool _isDisposed;

    internal IncomingCall(RpcPeer peer, RpcMessage message, int bytes, TimeProvider time)
    {
        (Peer, Message, Bytes, _itemsAllowed) = (peer, message, bytes, message.Items);
        if (message.Left is { } left) { _deadline = new CancellationTokenSource(left, time); }
        _both = CancellationTokenSource.CreateLinkedTokenSource(_cancelled.Token, _deadline?.Token ?? CancellationToken.None);
        Token = _both.Token;
    }

    internal RpcPeer Peer { get; }

    internal RpcMessage Message { get; }

    internal int Bytes { get; }

    internal CancellationToken Token { get; }

    internal bool IsOver { get; set; }

    internal bool IsPastDeadline => _deadline is { IsCancellationRequested: true };

    /// <summary>Cancels it; the method's own code runs on a pool thread.</summary>
    internal void Cancel()
    {
        lock (_gate)
        {
            if (!_isDisposed) { _ = _cancelled.CancelAsync(); }
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
        _both.Dispose();
        _deadline?.Dispose();
        _cancelled.Dispose();
    }
}
