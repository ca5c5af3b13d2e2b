using System.Text.Json;
using System.Threading.Channels;

namespace Eit.Rpc;

/// <summary>A call of this end that waits for its answer.</summary>
internal sealed class OutgoingCall : IDisposable
{
    private readonly TaskCompletionSource<JsonElement> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Queue<IncomingCall>? _waiting;                         // Calls that come back for this one, beyond those that run.
    private int _running;
    private bool _isClosed;

    internal OutgoingCall(long id, int items, long itemBytesMax)
    {
        Id = id;
        if (items == 0) { return; }
        Window = new ItemWindow(items, itemBytesMax);
        Items = Channel.CreateUnbounded<(JsonElement, int)>();      // The window bounds it.
    }

    internal long Id { get; }

    /// <summary>Whether it is one of those that are counted.</summary>
    internal bool TakesRoom { get; init; }

    internal Withdrawal Withdrawal { get; } = new();

    /// <summary>What it streams; null if it asks for one result.</summary>
    internal ItemWindow? Window { get; }

    internal Channel<(JsonElement Value, int Bytes)>? Items { get; }

    internal Task<JsonElement> Result => _result.Task;

    /// <summary>Whether calls may come back for it: it has no answer, and was not given up. The peer guards this and what follows.</summary>
    internal bool IsOpen => !_isClosed && !_result.Task.IsCompleted;

    /// <summary>A call comes back for this one.</summary>
    /// <returns>Whether it runs now; else it waits here.</returns>
    internal bool TryBeginNested(IncomingCall call, int parallelMax)
    {
        if (_running < parallelMax)
        {
            _running++;
            return true;
        }
        (_waiting ??= new Queue<IncomingCall>()).Enqueue(call);
        return false;
    }

    /// <summary>One of the calls that came back has ended.</summary>
    /// <param name="isAdopted">Whether this call was over before it.</param>
    /// <returns>The one that runs in its place; null for none.</returns>
    internal IncomingCall? EndNested(out bool isAdopted)
    {
        isAdopted = _isClosed;
        if (IsOpen && _waiting is not null && _waiting.TryDequeue(out IncomingCall? next)) { return next; }
        _running--;
        return null;
    }

    /// <summary>It is over: nothing comes back for it any more.</summary>
    /// <param name="stillRunning">How many of the calls that came back run.</param>
    /// <returns>Those that have not begun.</returns>
    internal IReadOnlyCollection<IncomingCall> Close(out int stillRunning)
    {
        IReadOnlyCollection<IncomingCall> waiting = _waiting ?? (IReadOnlyCollection<IncomingCall>)[];
        stillRunning = _isClosed ? 0 : _running;
        (_isClosed, _waiting) = (true, null);
        return waiting;
    }

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
