using Eit.Link;
using Eit.Protocol.Session;

namespace Eit.Rpc;

/// <summary>Sends messages in order, each when the session has room for it.</summary>
internal sealed class OrderedSender(IRpcLink link, SendOptions options, CancellationToken stop)
{
    private readonly Lock _gate = new();
    private readonly Queue<Outgoing> _waiting = new();
    private TaskCompletionSource? _idle;
    private TaskCompletionSource? _less;
    private bool _isSending;
    private long _bytes;
    private int _events;
    private long _eventBytes;

    /// <summary>Gets how many messages wait, without the one that is being handed to the session.</summary>
    internal int Count
    {
        get
        {
            lock (_gate) { return _waiting.Count; }
        }
    }

    /// <summary>Gets how many bytes the messages hold that the session has not taken.</summary>
    internal long Bytes
    {
        get
        {
            lock (_gate) { return _bytes; }
        }
    }

    /// <summary>Gets how many events the session has not taken, and how many bytes they hold.</summary>
    internal (int Count, long Bytes) Events
    {
        get
        {
            lock (_gate) { return (_events, _eventBytes); }
        }
    }

    /// <summary>Adds a message; <see cref="Flush"/> follows, outside of the caller's lock.</summary>
    /// <param name="message">The message.</param>
    /// <param name="isCharged">Whether the link's account is charged with it already; it is released here.</param>
    internal void Add(Outgoing message, bool isCharged = false)
    {
        if (!isCharged) { link.Account.Charge(message.Held); }
        lock (_gate)
        {
            _waiting.Enqueue(message);
            Note(message, 1);
        }
    }

    /// <summary>Sends what waits, unless somebody does already.</summary>
    internal void Flush()
    {
        lock (_gate)
        {
            if (_isSending || _waiting.Count == 0) { return; }
            _isSending = true;
        }
        _ = SendAllAsync();
    }

    /// <summary>Waits until the session has taken a message, if any waits.</summary>
    internal Task LessAsync()
    {
        lock (_gate)
        {
            if (_bytes == 0) { return Task.CompletedTask; }
            return (_less ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>Waits until nothing is being sent.</summary>
    internal Task IdleAsync()
    {
        lock (_gate)
        {
            if (!_isSending) { return Task.CompletedTask; }
            return (_idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    private async Task SendAllAsync()
    {
        while (TryTake() is { } message)
        {
            message.Leaving?.Invoke();
            if (message.Withdrawal is not { } withdrawal || withdrawal.TryBegin()) { await SendAsync(message).ConfigureAwait(false); }
            Forget(message);
            message.End();
        }
    }

    private async ValueTask SendAsync(Outgoing message)
    {
        SendOutcome outcome = await link.SendAsync(message.Text, message.Fit(options), message.Withdrawal?.Token ?? stop).ConfigureAwait(false);
        message.Withdrawal?.Settle(outcome == SendOutcome.Accepted);
        if (outcome != SendOutcome.Accepted) { message.NotTaken?.Invoke(outcome == SendOutcome.TooLarge); }
    }

    private Outgoing? TryTake()
    {
        lock (_gate)
        {
            if (_waiting.TryDequeue(out Outgoing? next)) { return next; }
            _isSending = false;
            _idle?.TrySetResult();
            _idle = null;
            return null;
        }
    }

    private void Forget(Outgoing message)
    {
        link.Account.Release(message.Held);
        lock (_gate)
        {
            Note(message, -1);
            _less?.TrySetResult();
            _less = null;
        }
    }

    private void Note(Outgoing message, int one)
    {
        _bytes += one * message.Bytes;
        if (message.IsEvent) { (_events, _eventBytes) = (_events + one, _eventBytes + (one * message.Bytes)); }
    }
}
