namespace Eit.Rpc;

/// <summary>Runs user code on pool threads: so many pieces at once, the others wait in order.</summary>
internal sealed class WorkQueue(int parallelMax)
{
    private readonly Lock _gate = new();
    private readonly Queue<Func<Task>> _waiting = new();
    private TaskCompletionSource? _idle;
    private int _inOrder;
    private int _running;

    /// <summary>Adds a piece of work; it must not fail.</summary>
    internal void Add(Func<Task> work)
    {
        lock (_gate)
        {
            if (_inOrder >= parallelMax)
            {
                _waiting.Enqueue(work);
                return;
            }
            (_inOrder, _running) = (_inOrder + 1, _running + 1);
        }
        Start(() => RunInOrderAsync(work));
    }

    /// <summary>Adds a piece of work, unless too many wait; it must not fail.</summary>
    internal bool TryAdd(Func<Task> work, int waitingMax)
    {
        lock (_gate)
        {
            if (_waiting.Count >= waitingMax) { return false; }
        }
        Add(work);
        return true;
    }

    /// <summary>Runs a piece of work at once, whatever else runs; it must not fail.</summary>
    /// <param name="work">The work; says at its end whether it has been counted meanwhile (<see cref="Adopt"/>).</param>
    internal void AddNow(Func<Task<bool>> work)
    {
        lock (_gate) { _running++; }
        Start(() => RunNowAsync(work));
    }

    /// <summary>From now on a piece that was run at once counts as one of those in order: none of those begins in its place.</summary>
    internal void Adopt()
    {
        lock (_gate) { _inOrder++; }
    }

    /// <summary>Waits until nothing runs.</summary>
    internal Task IdleAsync()
    {
        lock (_gate)
        {
            if (_running == 0) { return Task.CompletedTask; }
            return (_idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    // Without the caller's context: whoever brings a message is not who the work is for.
    private static void Start(Func<Task> run) => ThreadPool.UnsafeQueueUserWorkItem(static run => _ = run(), run, preferLocal: false);

    private async Task RunInOrderAsync(Func<Task> work)
    {
        for (Func<Task>? next = work; next is not null; next = TakeNext(isInOrder: true)) { await next().ConfigureAwait(false); }
    }

    private async Task RunNowAsync(Func<Task<bool>> work)
    {
        bool isInOrder = await work().ConfigureAwait(false);
        if (TakeNext(isInOrder) is { } next) { await RunInOrderAsync(next).ConfigureAwait(false); }
    }

    private Func<Task>? TakeNext(bool isInOrder)
    {
        lock (_gate)
        {
            if (isInOrder && _inOrder <= parallelMax && _waiting.TryDequeue(out Func<Task>? next)) { return next; }
            if (isInOrder) { _inOrder--; }
            if (--_running == 0)
            {
                _idle?.TrySetResult();
                _idle = null;
            }
            return null;
        }
    }
}
