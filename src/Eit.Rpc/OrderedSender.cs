using Eit.Link;
using Eit.Protocol.Session;

namespace Eit.Rpc;

/// <summary>Sends messages in order, each when the session has room for it.</summary>
internal sealed class OrderedSender(IRpcLink link, SendOptions options, CancellationToken stop)
{
    private readonly Lock _gate = new();
    private readonly Queue<Outgoing> _waiting = new();
    private TaskCompletionSource? _idle;
    private bool _isSending;

    internal int Count
    {
        get
        {
            lock (_gate) { return _waiting.Count; }
        }
    }

    /// <summary>Adds a message; <see cref="Flush"/> follows, outside of the caller's lock.</summary>
    internal void Add(Outgoing message)
    {
        lock (_gate) { _waiting.Enqueue(message); }
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
            if (message.Withdrawal is { } withdrawal && !withdrawal.TryBegin()) { continue; }
            bool isAccepted = false;
            bool isTooLarge = false;
            try { isAccepted = await link.SendAsync(message.Text, message.Fit(options), message.Withdrawal?.Token ?? stop).ConfigureAwait(false) == SendOutcome.Accepted; }
            catch (ArgumentException) { isTooLarge = true; }
            message.Withdrawal?.Settle(isAccepted);
            if (!isAccepted) { message.NotTaken?.Invoke(isTooLarge); }
        }
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
}
