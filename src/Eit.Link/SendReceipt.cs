using Eit.Protocol.Session;

namespace Eit.Link;

/// <summary>What a sender holds of a message that was taken over. For one message; safe from any thread.</summary>
public sealed class SendReceipt
{
    private SessionPump? _pump;
    private long _id;

    /// <summary>Gets what became of the message at last: Processed, Expired, Replaced, NotSent or Unknown. Never completes if the message was not taken over.</summary>
    public Task<SendOutcome> Outcome => Source.Task;

    internal TaskCompletionSource<SendOutcome> Source { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Takes the message back: it is <see cref="SendOutcome.NotSent"/>.</summary>
    /// <returns>False if it was not taken over, has begun to leave, or has its outcome.</returns>
    public bool TryWithdraw() => Volatile.Read(ref _pump) is { } pump && pump.TryWithdraw(_id);

    internal void Accepted(SessionPump pump, long id)
    {
        _id = id;
        Volatile.Write(ref _pump, pump);
    }
}
