namespace Eit.Backoff;

/// <summary>A point on a monotonic clock. The pure floors are told the time as one of these and never read it themselves.</summary>
/// <param name="Ticks">100 ns since a beginning that only the holder of the clock knows; not comparable between processes.</param>
public readonly record struct Instant(long Ticks) : IComparable<Instant>
{
    /// <summary>Gets the beginning of the clock.</summary>
    public static Instant Zero => default;

    /// <summary>Gets an instant that never comes: the deadline of what has none.</summary>
    public static Instant Never => new(long.MaxValue);

    /// <summary>Tells the time that has passed since an earlier instant; zero if it is not earlier, <see cref="TimeSpan.MaxValue"/> if no time is as long.</summary>
    /// <param name="earlier">The earlier instant.</param>
    public TimeSpan Since(Instant earlier)
    {
        if (Ticks <= earlier.Ticks) { return TimeSpan.Zero; }
        return earlier.Ticks < 0 && Ticks > long.MaxValue + earlier.Ticks ? TimeSpan.MaxValue : new TimeSpan(Ticks - earlier.Ticks);
    }

    /// <summary>Picks the earlier of two instants.</summary>
    /// <param name="one">One of them.</param>
    /// <param name="other">The other.</param>
    public static Instant Earlier(Instant one, Instant other) => one.Ticks <= other.Ticks ? one : other;

    /// <inheritdoc/>
    public int CompareTo(Instant other) => Ticks.CompareTo(other.Ticks);

    /// <summary>Adds a time; never runs past <see cref="Never"/>.</summary>
    /// <param name="instant">The instant to add to.</param>
    /// <param name="time">The time to add; negative goes back.</param>
    public static Instant operator +(Instant instant, TimeSpan time) =>
        time.Ticks > 0 && instant.Ticks > long.MaxValue - time.Ticks ? Never : new(instant.Ticks + time.Ticks);

    /// <summary>Takes a time away; never runs past <see cref="Never"/>.</summary>
    /// <param name="instant">The instant to take from.</param>
    /// <param name="time">The time to take; negative goes ahead.</param>
    public static Instant operator -(Instant instant, TimeSpan time) =>
        time.Ticks < 0 && instant.Ticks > long.MaxValue + time.Ticks ? Never : new(instant.Ticks - time.Ticks);

    /// <summary>Tells whether one instant is before another.</summary>
    /// <param name="left">The one.</param>
    /// <param name="right">The other.</param>
    public static bool operator <(Instant left, Instant right) => left.Ticks < right.Ticks;

    /// <summary>Tells whether one instant is after another.</summary>
    /// <param name="left">The one.</param>
    /// <param name="right">The other.</param>
    public static bool operator >(Instant left, Instant right) => left.Ticks > right.Ticks;

    /// <summary>Tells whether one instant is not after another.</summary>
    /// <param name="left">The one.</param>
    /// <param name="right">The other.</param>
    public static bool operator <=(Instant left, Instant right) => left.Ticks <= right.Ticks;

    /// <summary>Tells whether one instant is not before another.</summary>
    /// <param name="left">The one.</param>
    /// <param name="right">The other.</param>
    public static bool operator >=(Instant left, Instant right) => left.Ticks >= right.Ticks;

    /// <summary>Adds a time; the named form of the operator.</summary>
    /// <param name="instant">The instant to add to.</param>
    /// <param name="time">The time to add.</param>
    public static Instant Add(Instant instant, TimeSpan time) => instant + time;

    /// <summary>Takes a time away; the named form of the operator.</summary>
    /// <param name="instant">The instant to take from.</param>
    /// <param name="time">The time to take.</param>
    public static Instant Subtract(Instant instant, TimeSpan time) => instant - time;

    /// <inheritdoc/>
    public override string ToString() => this == Never ? "never" : $"{Ticks / (double)TimeSpan.TicksPerMillisecond:0.###} ms";
}
