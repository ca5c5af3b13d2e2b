namespace Eit.Backoff;

/// <summary>One measure of a credit window: doubles when half of it is used up within two round trips, because then it holds the sender back. Never shrinks.</summary>
/// <param name="size">The size to start with.</param>
/// <param name="max">The size that it does not grow beyond.</param>
/// <remarks>A part of its holder, in a field that is not read-only.</remarks>
internal struct GrowingWindow(long size, long max)
{
    private static readonly TimeSpan s_unknownRoundTrip = TimeSpan.FromMilliseconds(50);

    /// <summary>Nearer than this it is not the distance that counts, but how the two ends are scheduled.</summary>
    private static readonly TimeSpan s_roundTripMin = TimeSpan.FromMilliseconds(5);

    private long _half = HalfOf(size);
    private Instant _since;

    internal long Size { get; private set; } = size;

    /// <summary>Tells that the application has finished with so much in all.</summary>
    /// <param name="done">How much.</param>
    /// <param name="mayGrow">Whether there is room for a larger one.</param>
    /// <param name="now">The time.</param>
    /// <param name="roundTrip">What is known of the time to the peer and back.</param>
    /// <returns>Whether the window has grown.</returns>
    internal bool Finished(long done, bool mayGrow, Instant now, RoundTripEstimate roundTrip)
    {
        if (done < _half) { return false; }
        TimeSpan trip = !roundTrip.IsKnown ? s_unknownRoundTrip : roundTrip.Smoothed < s_roundTripMin ? s_roundTripMin : roundTrip.Smoothed;
        bool grows = mayGrow && Size < max && now.Since(_since) <= trip * 2;
        if (grows) { Size = Math.Min(Size * 2, max); }
        (_half, _since) = (done + HalfOf(Size), now);
        return grows;
    }

    private static long HalfOf(long size) => Math.Max(1, size / 2);
}
