namespace Eit.Backoff;

/// <summary>A jitter that draws the same numbers for the same seed (SplitMix64).</summary>
/// <param name="seed">Any number.</param>
/// <remarks>Not safe for use from several threads at once, and not for secrets.</remarks>
public sealed class SeededJitter(ulong seed) : IJitter
{
    private ulong _state = seed;

    /// <inheritdoc/>
    public double Next() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Draws 64 random bits.</summary>
    public ulong NextBits()
    {
        ulong bits = _state += 0x9E3779B97F4A7C15;
        bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
        bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
        return bits ^ (bits >> 31);
    }
}
