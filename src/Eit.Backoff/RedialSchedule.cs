namespace Eit.Backoff;

/// <summary>Decides how long a client waits before it dials again.</summary>
/// <param name="options">The bounds.</param>
/// <param name="jitter">The chance that waits are drawn with.</param>
/// <remarks>
/// Full jitter over a bound that doubles with each failure; the bound is clamped before the draw, so that a fleet at the cap is still spread.
/// The count of failures goes back to zero only after a transport has lived for <see cref="RedialOptions.StableAfter"/>: opening is not success.
/// Owns no timer.
/// </remarks>
public sealed class RedialSchedule(RedialOptions options, IJitter jitter)
{
    private Instant? _connectedAt;

    /// <summary>Gets the number of failures in a row.</summary>
    public int Failures { get; private set; }

    /// <summary>Gets or sets the time over which the server wants its clients' redials to be drawn.</summary>
    public TimeSpan Spread { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Tells the schedule that a transport has been welcomed.</summary>
    /// <param name="now">The time.</param>
    public void Connected(Instant now) => _connectedAt = now;

    /// <summary>Tells the schedule that the transport was lost or the dial failed, and asks when to dial next.</summary>
    /// <param name="cause">Why.</param>
    /// <param name="hint">The wait that the server asked for (Retry-After), or null. It wins over everything shorter.</param>
    /// <param name="now">The time.</param>
    /// <returns>The wait from now; zero for at once.</returns>
    public TimeSpan NextWait(RedialCause cause, TimeSpan? hint, Instant now)
    {
        bool wasUp = _connectedAt is not null;
        bool wasStable = _connectedAt is { } connectedAt && now.Since(connectedAt) >= options.StableAfter;
        _connectedAt = null;
        if (wasStable) { Failures = 0; }

        bool counts = cause is RedialCause.Failure or RedialCause.Refused || (wasUp && !wasStable);
        TimeSpan wait = cause switch
        {
            RedialCause.Refused => jitter.Between(options.RefusedWait * 0.5, options.RefusedWait * 1.5),
            RedialCause.Spread => jitter.UpTo(Longer(Spread, Failures == 0 ? TimeSpan.Zero : BackoffBound(Failures))),
            RedialCause.Failure => jitter.UpTo(Failures <= 1 ? Longer(Spread, BackoffBound(Failures)) : BackoffBound(Failures)),
            _ when Failures > 0 => jitter.UpTo(BackoffBound(Failures - 1)),
            RedialCause.Loss => jitter.UpTo(Shorter(Spread, options.LossSpreadMax)),
            RedialCause.Local => TimeSpan.Zero,
            _ => throw new System.Diagnostics.UnreachableException(),
        };
        if (counts) { Failures++; }

        // A hint is a floor given to everyone at once, so that the draw goes on top of it.
        return hint is { } floor ? Longer(wait, floor + jitter.UpTo(Longer(Spread, options.FirstWait))) : wait;
    }

    /// <summary>Forgets all failures: the application or the network says that things have changed.</summary>
    public void Reset() => (Failures, _connectedAt) = (0, null);

    private TimeSpan BackoffBound(int failures)
    {
        double bound = options.FirstWait.Ticks * Math.Pow(2, Math.Min(failures, 62));
        return bound >= options.LongestWait.Ticks ? options.LongestWait : TimeSpan.FromTicks((long)bound);
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one >= other ? one : other;

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one <= other ? one : other;
}
