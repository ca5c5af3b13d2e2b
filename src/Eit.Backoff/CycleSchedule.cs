namespace Eit.Backoff;

/// <summary>Decides when a client moves to a new transport.</summary>
/// <param name="options">The bounds.</param>
/// <param name="jitter">The chance that the moment is drawn with.</param>
/// <remarks>Owns no timer: the holder cycles at or after <see cref="NextDeadline"/>.</remarks>
public sealed class CycleSchedule(CycleOptions options, IJitter jitter)
{
    private static readonly TimeSpan s_tooLate = TimeSpan.FromSeconds(1);

    private Instant _limitAt = Instant.Never;
    private Instant _askedBy = Instant.Never;

    /// <summary>Gets the moment of the next cycle; <see cref="Instant.Never"/> without a transport.</summary>
    public Instant NextDeadline { get; private set; } = Instant.Never;

    /// <summary>Tells the schedule that a new transport is in use.</summary>
    /// <param name="expires">The time after which the transport will be closed from outside: the credentials' remaining life, the server's maximum age; null if unknown.</param>
    /// <param name="now">The time.</param>
    public void Connected(TimeSpan? expires, Instant now)
    {
        (_limitAt, _askedBy) = (Instant.Never, Instant.Never);
        NextDeadline = options.Latest == TimeSpan.MaxValue ? Instant.Never : now + jitter.Between(options.Earliest, options.Latest);
        LimitKnown(expires, now);
    }

    /// <summary>Tells the schedule the transport's limit once more; the cycle comes at 80 to 95 % of what remains, if that is sooner.</summary>
    /// <param name="expires">The remaining time; null changes nothing.</param>
    /// <param name="now">The time.</param>
    public void LimitKnown(TimeSpan? expires, Instant now)
    {
        if (expires is not { } remaining) { return; }
        _limitAt = now + remaining;
        NextDeadline = Instant.Earlier(NextDeadline, now + (remaining * (0.8 + (0.15 * jitter.Next()))));
    }

    /// <summary>Tells the schedule that the server asked for a cycle.</summary>
    /// <param name="within">The time within which; the moment is drawn from its first nine tenths.</param>
    /// <param name="now">The time.</param>
    public void Asked(TimeSpan within, Instant now)
    {
        if (within > TimeSpan.Zero) { _askedBy = Instant.Earlier(_askedBy, now + within); }
        NextDeadline = Instant.Earlier(NextDeadline, now + jitter.UpTo(within * 0.9));
    }

    /// <summary>Tells the schedule that a cycle failed; it is tried again after a tenth of <see cref="CycleOptions.Earliest"/>, or in half of what remains of a known limit, or of the time within which the server has asked for it.</summary>
    /// <param name="now">The time.</param>
    public void Failed(Instant now)
    {
        TimeSpan wait = jitter.Between(options.Earliest * 0.05, options.Earliest * 0.15);
        TimeSpan remaining = HalfUntil(_limitAt, now);
        if (remaining < s_tooLate)
        {
            NextDeadline = Instant.Never;
            return;
        }
        TimeSpan asked = HalfUntil(_askedBy, now);
        if (asked < s_tooLate) { (_askedBy, asked) = (Instant.Never, TimeSpan.MaxValue); }
        TimeSpan shorter = asked < remaining ? asked : remaining;
        NextDeadline = now + (shorter < wait ? shorter : wait);
    }

    private static TimeSpan HalfUntil(Instant at, Instant now) => at == Instant.Never ? TimeSpan.MaxValue : at.Since(now) / 2;

    /// <summary>Tells the schedule that there is no transport, or that a cycle is under way.</summary>
    public void Stop() => NextDeadline = Instant.Never;
}
