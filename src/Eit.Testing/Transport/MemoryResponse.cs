using Microsoft.AspNetCore.Http.Features;

namespace Eit.Testing.Transport;

/// <summary>The head of an answer, and what the application wants to do before it and after the request.</summary>
internal sealed class MemoryResponse : HttpResponseFeature
{
    private readonly Stack<(Func<object, Task> Act, object State)> _starting = new();
    private readonly Stack<(Func<object, Task> Act, object State)> _completed = new();
    private bool _hasStarted;

    public override bool HasStarted => _hasStarted;

    public override void OnStarting(Func<object, Task> callback, object state) => _starting.Push((callback, state));

    public override void OnCompleted(Func<object, Task> callback, object state) => _completed.Push((callback, state));

    internal async Task StartAsync()
    {
        if (_hasStarted) { return; }
        _hasStarted = true;
        while (_starting.TryPop(out (Func<object, Task> Act, object State) next)) { await next.Act(next.State).ConfigureAwait(false); }
    }

    internal async Task CompleteAsync()
    {
        while (_completed.TryPop(out (Func<object, Task> Act, object State) next)) { await next.Act(next.State).ConfigureAwait(false); }
    }
}
