namespace Eit.Backoff;

/// <summary>Finds how long something was held up on its way, from what the sender's clock said when it left and this end's when it came: longer than the fastest that came lately.</summary>
/// <remarks>
/// The clocks have nothing in common but their pace, and that not for long: it remembers 5 to 10 s. So it sees a path that stalls, and neither one that is always slow nor the shortest
/// time on the way.
/// </remarks>
public sealed class HoldUpWatch
{
    /// <summary>Beyond it neither clock ever is; so differences fit.</summary>
    private const long TicksMax = long.MaxValue / 4;

    private static readonly TimeSpan s_memory = TimeSpan.FromSeconds(5);

    private long _least = long.MaxValue;
    private long _leastBefore = long.MaxValue;
    private Instant _since;

    /// <summary>Tells that something came.</summary>
    /// <param name="leftAt">What the sender's clock said, in ms from a beginning of its own; 0 to 2^53.</param>
    /// <param name="cameAt">When it came.</param>
    /// <returns>How much longer it took than the fastest: never more than it did, though the sender's clock counts in whole milliseconds.</returns>
    public TimeSpan HeldUp(long leftAt, Instant cameAt)
    {
        TimeSpan age = cameAt.Since(_since);
        if (age >= s_memory) { (_leastBefore, _least, _since) = (age >= s_memory * 2 ? long.MaxValue : _least, long.MaxValue, cameAt); }
        long apart = Math.Min(cameAt.Ticks, TicksMax) - (Math.Min(leftAt, TicksMax / TimeSpan.TicksPerMillisecond) * TimeSpan.TicksPerMillisecond);
        _least = Math.Min(_least, apart);
        long longer = apart - Math.Min(_least, _leastBefore) - TimeSpan.TicksPerMillisecond;
        return TimeSpan.FromTicks(Math.Max(longer, 0));
    }

    /// <summary>Gets everything that its next answer depends on but the moment.</summary>
    public (long Least, long LeastBefore) State => (_least, _leastBefore);
}
