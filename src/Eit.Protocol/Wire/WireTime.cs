namespace Eit.Protocol.Wire;

/// <summary>Times travel as whole milliseconds.</summary>
internal static class WireTime
{
    private const long MillisecondsMax = 3_155_760_000_000;

    internal static long ToMilliseconds(TimeSpan time) => (long)Math.Max(0, Math.Min(time.TotalMilliseconds, WireLimits.NumberMax));

    /// <summary>A time that a peer names may be absurd; a hundred years stand for everything longer.</summary>
    internal static TimeSpan FromMilliseconds(long ms) => TimeSpan.FromMilliseconds(Math.Min(ms, MillisecondsMax));
}
