namespace Eit.Backoff.Tests;

/// <summary>A jitter without chance: it always draws the same number.</summary>
/// <param name="draw">What it draws, 0 (included) to 1 (excluded).</param>
internal sealed class FixedJitter(double draw) : IJitter
{
    /// <summary>The largest number that a jitter may draw.</summary>
    internal const double Highest = 1 - (1.0 / (1UL << 53));

    public double Next() => draw;
}
