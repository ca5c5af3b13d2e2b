using System.Collections.Concurrent;

namespace Eit.EndToEnd.Tests;

/// <summary>A context with one thread of its own, as a user interface has.</summary>
internal sealed class OneThread : SynchronizationContext, IDisposable
{
    private readonly BlockingCollection<(SendOrPostCallback Act, object? State)> _posts = [];
    private readonly Thread _thread;

    internal OneThread()
    {
        _thread = new Thread(Run) { IsBackground = true };
        _thread.Start();
    }

    internal int ThreadId => _thread.ManagedThreadId;

    public override void Post(SendOrPostCallback d, object? state) => _posts.Add((d, state));

    public void Dispose() => _posts.CompleteAdding();

    private void Run()
    {
        SetSynchronizationContext(this);
        foreach ((SendOrPostCallback act, object? state) in _posts.GetConsumingEnumerable()) { act(state); }
    }
}
