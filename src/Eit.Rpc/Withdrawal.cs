using Eit.Link;
using Eit.Protocol.Session;

namespace Eit.Rpc;

/// <summary>Takes a message back, wherever it is on its way out.</summary>
internal sealed class Withdrawal : IDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _source = new();
    private readonly TaskCompletionSource<bool> _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _hasBegun;
    private bool _isWithdrawn;
    private bool _isDisposed;

    internal Withdrawal() => Token = _source.Token;

    internal SendReceipt Receipt { get; } = new();

    internal CancellationToken Token { get; }

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
        Task cancelling;
        lock (_gate)
        {
            _isWithdrawn = true;
            if (!_hasBegun) { return SendOutcome.NotSent; }
            cancelling = _isDisposed ? Task.CompletedTask : _source.CancelAsync();
        }
        await cancelling.ConfigureAwait(false);
        bool isAccepted = await _settled.Task.ConfigureAwait(false);
        if (!isAccepted || Receipt.TryWithdraw()) { return SendOutcome.NotSent; }
        return Receipt.Outcome is { IsCompletedSuccessfully: true, Result: SendOutcome.NotSent or SendOutcome.Expired } ? SendOutcome.NotSent : SendOutcome.Unknown;
    }

    public void Dispose()
    {
        lock (_gate) { _isDisposed = true; }
        _source.Dispose();
    }
}
