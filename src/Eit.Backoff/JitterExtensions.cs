namespace Eit.Backoff;

/// <summary>Draws in the units that decisions are made in.</summary>
public static class JitterExtensions
{
    /// <summary>Draws a time from zero to a bound, evenly: full jitter.</summary>
    /// <param name="jitter">The chance.</param>
    /// <param name="bound">The bound, itself never drawn; zero or less gives zero.</param>
    public static TimeSpan UpTo(this IJitter jitter, TimeSpan bound)
    {
        ArgumentNullException.ThrowIfNull(jitter);
        return bound <= TimeSpan.Zero ? TimeSpan.Zero : TimeSpan.FromTicks((long)(bound.Ticks * jitter.Next()));
    }

    /// <summary>Draws a time between two bounds, evenly.</summary>
    /// <param name="jitter">The chance.</param>
    /// <param name="shortest">The shortest time.</param>
    /// <param name="longest">The bound above, itself never drawn unless it equals the shortest.</param>
    public static TimeSpan Between(this IJitter jitter, TimeSpan shortest, TimeSpan longest) => shortest + jitter.UpTo(longest - shortest);
}
