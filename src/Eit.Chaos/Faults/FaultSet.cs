namespace Eit.Chaos.Faults;

/// <summary>The faults that apply to a connection, until others do.</summary>
internal sealed class FaultSet(IReadOnlyList<HitFault> hits)
{
    private readonly TaskCompletionSource _replaced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HitFault[] _up = [.. hits.Where(hit => hit.Up is not null)];
    private readonly HitFault[] _down = [.. hits.Where(hit => hit.Down is not null)];

    internal bool IsSilent => hits.Any(hit => hit.Fault.IsSilent);

    internal TimeSpan OpenWait => hits.Aggregate(TimeSpan.Zero, static (sum, hit) => sum + hit.Fault.OpenWait(hit.Chance));

    /// <summary>Gives the faults that do something to the bytes of a direction.</summary>
    internal ReadOnlySpan<HitFault> Of(ChaosDirection direction) => direction == ChaosDirection.Up ? _up : _down;

    /// <summary>Gives the fault that turns a connection away.</summary>
    internal HitFault? TurningAway(int others) => hits.FirstOrDefault(hit => hit.Fault.TurnsAway(others));

    /// <summary>Gives the first fault that ends the connection by the clock, and when.</summary>
    internal (TimeSpan At, HitFault Hit)? NextEnd(TimeSpan openedAt, TimeSpan heardAt)
    {
        (TimeSpan At, HitFault Hit)? first = null;
        foreach (HitFault hit in hits)
        {
            TimeSpan? at = hit.Fault.EndsAt(new ConnectionTimes(openedAt, hit.MetAt, heardAt), hit.Chance);
            if (at is { } time && !(first?.At <= time)) { first = (time, hit); }
        }
        return first;
    }

    internal void Replaced() => _replaced.TrySetResult();

    /// <summary>Waits for a time, at most until other faults apply or something else has happened.</summary>
    internal async Task WaitAsync(TimeSpan time, TimeProvider clock, CancellationToken cancellationToken, Task? other = null)
    {
        // Timers count whole milliseconds, and ring early rather than late: whoever asks again for the rest would spin.
        TimeSpan whole = time == Timeout.InfiniteTimeSpan ? time : TimeSpan.FromMilliseconds(Math.Ceiling(time.TotalMilliseconds));
        Task awaited = other is null ? _replaced.Task : Task.WhenAny(_replaced.Task, other);
        await awaited.WaitAsync(whole, clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }
}
