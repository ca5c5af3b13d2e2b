namespace Eit.Backoff;

/// <summary>Decides when a client moves to a new transport.</summary>
/// <param name="options">The bounds.</param>
/// <param name="stableAfter">How long a transport has to live so that leaving it is no sign of trouble (<see cref="RedialOptions.StableAfter"/>).</param>
/// <param name="jitter">The chance that the moment is drawn with.</param>
/// <remarks>
/// What the server causes, by a limit or a request, has a floor: <see cref="CycleOptions.ShortestInterval"/> after the cycle before, twice as long each time that the transport which is left
/// has lived for less than <paramref name="stableAfter"/>. What the client's own options or its application want has none.
/// Owns no timer: the holder cycles at or after <see cref="NextDeadline"/>.
/// </remarks>
public sealed class CycleSchedule(CycleOptions options, TimeSpan stableAfter, IJitter jitter)
{
    private const int IntervalDoublingsMax = 4;
    private static readonly TimeSpan s_tooLate = TimeSpan.FromSeconds(1);

    private Instant _limitAt = Instant.Never;
    private Instant _askedBy = Instant.Never;
    private Instant _ownAt = Instant.Never;
    private Instant _askedAt = Instant.Never;
    private Instant _beforeLimitAt = Instant.Never;
    private Instant? _connectedAt;
    private bool _wasForLimit;
    private int _shortLived;

    /// <summary>Gets the moment of the next cycle; <see cref="Instant.Never"/> without a transport.</summary>
    public Instant NextDeadline => Instant.Earlier(_ownAt, CausedAt is var at && at != Instant.Never && at < NotBefore ? NotBefore : at);

    /// <summary>Gets the moment before which no cycle begins that the server causes, nor one because it is silent.</summary>
    public Instant NotBefore { get; private set; }

    /// <summary>Gets whether the next cycle is for the transport's known limit.</summary>
    public bool IsForLimit => _beforeLimitAt != Instant.Never && _beforeLimitAt <= _askedAt && _beforeLimitAt <= _ownAt;

    private Instant CausedAt => Instant.Earlier(_askedAt, _beforeLimitAt);

    /// <summary>Tells the schedule that a new transport is in use.</summary>
    /// <param name="expires">The time after which the transport will be closed from outside: the credentials' remaining life, the server's maximum age; null if unknown.</param>
    /// <param name="now">The time.</param>
    public void Connected(TimeSpan? expires, Instant now)
    {
        Stop();
        (_limitAt, _askedBy, _connectedAt) = (Instant.Never, Instant.Never, now);
        _ownAt = options.Latest == TimeSpan.MaxValue ? Instant.Never : now + jitter.Between(options.Earliest, options.Latest);
        LimitKnown(expires, now);
    }

    /// <summary>Tells the schedule the transport's limit once more; the cycle comes at 80 to 95 % of what remains, if that is sooner.</summary>
    /// <param name="expires">The remaining time; null changes nothing.</param>
    /// <param name="now">The time.</param>
    public void LimitKnown(TimeSpan? expires, Instant now)
    {
        if (expires is not { } remaining) { return; }
        _limitAt = now + remaining;
        _beforeLimitAt = Instant.Earlier(_beforeLimitAt, now + (remaining * (0.8 + (0.15 * jitter.Next()))));
    }

    /// <summary>Tells the schedule that the server asked for a cycle.</summary>
    /// <param name="within">The time within which; the moment is drawn from its first nine tenths.</param>
    /// <param name="now">The time.</param>
    public void Asked(TimeSpan within, Instant now)
    {
        if (within > TimeSpan.Zero) { _askedBy = Instant.Earlier(_askedBy, now + within); }
        _askedAt = Instant.Earlier(_askedAt, now + jitter.UpTo(within * 0.9));
    }

    /// <summary>Tells the schedule that this side wants a cycle now: its application, or another network.</summary>
    /// <param name="now">The time.</param>
    public void Wanted(Instant now) => _ownAt = Instant.Earlier(_ownAt, now);

    /// <summary>Tells the schedule that a cycle begins, for whatever reason.</summary>
    /// <param name="now">The time.</param>
    public void Began(Instant now)
    {
        bool isShortLived = _connectedAt is { } at && now.Since(at) < stableAfter;
        _shortLived = isShortLived ? Math.Min(_shortLived + 1, IntervalDoublingsMax + 1) : 0;
        NotBefore = now + (options.ShortestInterval * (1 << Math.Max(0, _shortLived - 1)));
        _wasForLimit = IsForLimit;
        Stop();
    }

    /// <summary>Tells the schedule that a cycle failed; it is tried again after a tenth of <see cref="CycleOptions.Earliest"/>, or in half of what remains of a known limit, or of the time within which the server has asked for it.</summary>
    /// <param name="now">The time.</param>
    public void Failed(Instant now)
    {
        Stop();
        TimeSpan wait = jitter.Between(options.Earliest * 0.05, options.Earliest * 0.15);
        TimeSpan remaining = HalfUntil(_limitAt, now);
        if (remaining < s_tooLate) { return; }
        TimeSpan asked = HalfUntil(_askedBy, now);
        if (asked < s_tooLate) { (_askedBy, asked) = (Instant.Never, TimeSpan.MaxValue); }
        TimeSpan shorter = asked < remaining ? asked : remaining;
        Instant again = now + (shorter < wait ? shorter : wait);
        if (_wasForLimit || (remaining < asked && remaining < wait)) { _beforeLimitAt = again; }
        else { _askedAt = again; }
    }

    /// <summary>Tells the schedule that there is no transport, or that a cycle is under way.</summary>
    public void Stop() => (_ownAt, _askedAt, _beforeLimitAt) = (Instant.Never, Instant.Never, Instant.Never);

    private static TimeSpan HalfUntil(Instant at, Instant now) => at == Instant.Never ? TimeSpan.MaxValue : at.Since(now) / 2;
}
