namespace Eit.Chaos;

/// <summary>The last events, and who waits for one. Safe from any thread.</summary>
internal sealed class EventLog(int eventsMax, Func<TimeSpan> now)
{
    private readonly Lock _gate = new();
    private readonly Queue<ChaosEvent> _events = new();
    private TaskCompletionSource _more = NewSignal();
    private long _number;

    internal IReadOnlyList<ChaosEvent> Events
    {
        get
        {
            lock (_gate) { return [.. _events]; }
        }
    }

    internal void Add(ChaosEventKind kind, string text, int? connection = null, string? fault = null)
    {
        TaskCompletionSource told;
        lock (_gate)
        {
            if (_events.Count == eventsMax) { _events.Dequeue(); }
            _events.Enqueue(new ChaosEvent(++_number, now(), kind, connection, fault, text));
            (told, _more) = (_more, NewSignal());
        }
        told.TrySetResult();
    }

    /// <summary>Waits for the first event, of those kept or of those to come, that is meant.</summary>
    internal async Task<ChaosEvent> FirstAsync(Func<ChaosEvent, bool> isMeant, CancellationToken cancellationToken)
    {
        long seen = 0;
        while (true)
        {
            Task more;
            ChaosEvent[] unseen;
            lock (_gate) { (more, unseen) = (_more.Task, [.. _events.SkipWhile(happened => happened.Number <= seen)]); }
            if (unseen.FirstOrDefault(isMeant) is { } found) { return found; }
            if (unseen is [.., var last]) { seen = last.Number; }
            await more.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
