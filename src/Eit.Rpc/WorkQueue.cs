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
            if (_inOrder == parallelMax)
            {
                _waiting.Enqueue(work);
                return;
            }
            (_inOrder, _running) = (_inOrder + 1, _running + 1);
        }
        Start(work, isInOrder: true);
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
    internal void AddNow(Func<Task> work)
    {
        lock (_gate) { _running++; }
        Start(work, isInOrder: false);
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
    private void Start(Func<Task> work, bool isInOrder) =>
        ThreadPool.UnsafeQueueUserWorkItem(static started => _ = started.Queue.RunAsync(started.Work, started.IsInOrder), (Queue: this, Work: work, IsInOrder: isInOrder), preferLocal: false);

    private async Task RunAsync(Func<Task> work, bool isInOrder)
    {
        Func<Task>? next = work;
        while (next is not null)
        {
            await next().ConfigureAwait(false);
            next = TakeNext(isInOrder);
        }
    }

    private Func<Task>? TakeNext(bool isInOrder)
    {
        lock (_gate)
        {
            if (isInOrder && _waiting.TryDequeue(out Func<Task>? next)) { return next; }
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
