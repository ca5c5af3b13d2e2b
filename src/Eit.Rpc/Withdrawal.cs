using Eit.Link;
using Eit.Protocol.Session;

namespace Eit.Rpc;

/// <summary>Takes a message back, wherever it is on its way out.</summary>
internal sealed class Withdrawal(CancellationToken stop) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _source = CancellationTokenSource.CreateLinkedTokenSource(stop);
    private readonly TaskCompletionSource<bool> _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _hasBegun;
    private bool _isWithdrawn;

    internal SendReceipt Receipt { get; } = new();

    internal CancellationToken Token => _source.Token;

    /// <summary>The message is about to be offered to the session.</summary>
    /// <returns>False if it was taken back.</returns>
    internal bool TryBegin()
    {
        lock (_gate) { return _hasBegun = !_isWithdrawn; }
    }

    /// <summary>The session has taken the message, or has not.</summary>
    internal void Settle(bool isAccepted) => _settled.TrySetResult(isAccepted);

    /// <summary>Takes the message back.</summary>
    /// <returns>NotSent if nothing of it has left, or ever will; Unknown otherwise.</returns>
    internal async ValueTask<SendOutcome> WithdrawAsync()
    {
        lock (_gate)
        {
            _isWithdrawn = true;
            if (!_hasBegun) { return SendOutcome.NotSent; }
        }
        await _source.CancelAsync().ConfigureAwait(false);
        bool isAccepted = await _settled.Task.ConfigureAwait(false);
        if (!isAccepted || Receipt.TryWithdraw()) { return SendOutcome.NotSent; }
        return Receipt.Outcome is { IsCompletedSuccessfully: true, Result: SendOutcome.NotSent or SendOutcome.Expired } ? SendOutcome.NotSent : SendOutcome.Unknown;
    }

    public void Dispose() => _source.Dispose();
}
