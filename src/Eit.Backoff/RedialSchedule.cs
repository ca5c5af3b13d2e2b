using System.Numerics;

namespace Eit.Backoff;

/// <summary>Decides how long a client waits before it dials again.</summary>
/// <param name="options">The bounds.</param>
/// <param name="jitter">The chance that waits are drawn with.</param>
/// <remarks>
/// Full jitter over a bound that is clamped before the draw, so that a fleet at the cap is still spread. The bound doubles with each transport that opens and dies at once, and with each
/// failed dial as long as it stays within a quarter of the outage so far: who was refused for a second is back soon after it, who has been for an hour asks rarely. It is never less than
/// the server's spread, so that a fleet does not try more often than the server takes it.
/// A transport that has lived for <see cref="RedialOptions.FirstWait"/> or longer, and has not expired, is worth a wait of its life at most, of half of it after a loss. All is forgotten only after one that has lived for
/// <see cref="RedialOptions.StableAfter"/>: opening is not success.
/// Owns no timer.
/// </remarks>
public sealed class RedialSchedule(RedialOptions options, IJitter jitter)
{
    private const int OutagePerWait = 4;
    private Instant? _connectedAt;
    private Instant? _outageBegan;
    private int _doublings;

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
        TimeSpan lived = _connectedAt is { } connectedAt ? now.Since(connectedAt) : TimeSpan.Zero;
        bool wasStable = wasUp && lived >= options.StableAfter;
        _connectedAt = null;
        if (wasStable) { (Failures, _doublings) = (0, 0); }
        if (lived >= options.FirstWait && cause != RedialCause.Expired) { _doublings = Math.Min(_doublings, BitOperations.Log2((ulong)(lived / options.FirstWait))); }
        if (wasUp || _outageBegan is null) { _outageBegan = now; }

        bool isDial = !wasUp && cause is (RedialCause.Failure or RedialCause.Spread);
        bool counts = isDial || cause is RedialCause.Failure or RedialCause.Refused || (wasUp && !wasStable);
        TimeSpan wait = cause switch
        {
            RedialCause.Refused => jitter.Between(options.RefusedWait * 0.5, options.RefusedWait * 1.5),
            RedialCause.Spread => jitter.UpTo(wasUp && Failures == 0 ? Spread : Longer(Spread, BackoffBound(_doublings))),
            RedialCause.Failure => jitter.UpTo(Longer(Spread, BackoffBound(_doublings))),
            RedialCause.Loss when Failures > 0 => jitter.UpTo(Longer(Shorter(Spread, options.LossSpreadMax), BackoffBound(Math.Max(0, _doublings - 1)))),
            _ when Failures > 0 => jitter.UpTo(BackoffBound(Math.Max(0, _doublings - 1))),
            RedialCause.Loss => jitter.UpTo(Shorter(Spread, options.LossSpreadMax)),
            RedialCause.Local or RedialCause.Expired => TimeSpan.Zero,
            _ => throw new System.Diagnostics.UnreachableException(),
        };
        if (counts) { Count(isDial, now); }

        // A hint is a floor given to everyone at once, so that the draw goes on top of it.
        return hint is { } floor ? Longer(wait, floor + jitter.UpTo(Longer(Spread, options.FirstWait))) : wait;
    }

    /// <summary>Forgets all failures: the application or the network says that things have changed.</summary>
    public void Reset() => (Failures, _doublings, _connectedAt, _outageBegan) = (0, 0, null, null);

    /// <param name="isDial">Whether a dial has failed, and not a transport.</param>
    /// <param name="now">The time.</param>
    private void Count(bool isDial, Instant now)
    {
        Failures++;
        bool isEarly = isDial && BackoffBound(_doublings + 1) * OutagePerWait > now.Since(_outageBegan!.Value);
        if (!isEarly) { _doublings++; }
    }

    private TimeSpan BackoffBound(int doublings)
    {
        double bound = options.FirstWait.Ticks * Math.Pow(2, Math.Min(doublings, 62));
        return bound >= options.LongestWait.Ticks ? options.LongestWait : TimeSpan.FromTicks((long)bound);
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one >= other ? one : other;

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one <= other ? one : other;
}
