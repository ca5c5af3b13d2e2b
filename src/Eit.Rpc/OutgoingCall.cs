using System.Text.Json;
using System.Threading.Channels;

namespace Eit.Rpc;

/// <summary>A call of this end that waits for its answer.</summary>
internal sealed class OutgoingCall : IDisposable
{
    private readonly TaskCompletionSource<JsonElement> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal OutgoingCall(long id, int items)
    {
        Id = id;
        if (items == 0) { return; }
        Window = new ItemWindow(items);
        Items = Channel.CreateUnbounded<JsonElement>();             // The window bounds it.
    }

    internal long Id { get; }

    /// <summary>Whether it is one of those that are counted.</summary>
    internal bool TakesRoom { get; init; }

    internal Withdrawal Withdrawal { get; } = new();

    /// <summary>What it streams; null if it asks for one result.</summary>
    internal ItemWindow? Window { get; }

    internal Channel<JsonElement>? Items { get; }

    internal Task<JsonElement> Result => _result.Task;

    internal void Complete(JsonElement value)
    {
        _result.TrySetResult(value);
        Items?.Writer.TryComplete();
    }

    /// <summary>Nobody waits any more.</summary>
    internal void Cancel(CancellationToken why) => _result.TrySetCanceled(why);

    internal void Fail(Exception failure)
    {
        _result.TrySetException(failure);
        _ = _result.Task.Exception;                                // Who has given the call up does not look at it.
        Items?.Writer.TryComplete(failure);
    }

    public void Dispose() => Withdrawal.Dispose();
}
