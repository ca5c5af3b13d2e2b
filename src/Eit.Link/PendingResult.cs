using System.Threading.Tasks.Sources;

namespace Eit.Link;

/// <summary>A wait for one result at a time that allocates nothing: it is used again for the next wait.</summary>
/// <remarks>The holder guards it; whoever awaits goes on on the thread pool, never under the holder's lock.</remarks>
internal sealed class PendingResult<T> : IValueTaskSource<T>, IValueTaskSource
{
    private ManualResetValueTaskSourceCore<T> _core = new() { RunContinuationsAsynchronously = true };

    /// <summary>Gets whether somebody waits.</summary>
    public bool IsPending { get; private set; }

    /// <summary>Begins a wait, the one before having been awaited.</summary>
    public short Begin()
    {
        _core.Reset();
        IsPending = true;
        return _core.Version;
    }

    public void Complete(T result)
    {
        IsPending = false;
        _core.SetResult(result);
    }

    public void Fail(Exception exception)
    {
        IsPending = false;
        _core.SetException(exception);
    }

    public T GetResult(short token) => _core.GetResult(token);

    void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
