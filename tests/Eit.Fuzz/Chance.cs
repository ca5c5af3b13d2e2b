using Eit.Backoff;
using Eit.Protocol.Wire;

namespace Eit.Fuzz;

/// <summary>Draws whatever has to be drawn: the same for the same seed.</summary>
/// <param name="seed">Any number.</param>
internal sealed class Chance(ulong seed)
{
    private readonly SeededJitter _jitter = new(seed);

    internal ulong Bits() => _jitter.NextBits();

    internal UInt128 Id() => new(_jitter.NextBits(), _jitter.NextBits());

    /// <summary>Draws a whole number from zero to one below a bound.</summary>
    internal int Below(int bound) => (int)(_jitter.Next() * bound);

    internal bool Is(double share) => _jitter.Next() < share;

    internal bool Flip() => Is(0.5);

    internal T Pick<T>(params ReadOnlySpan<T> choices) => choices[Below(choices.Length)];

    internal byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) { bytes[i] = (byte)Below(256); }
        return bytes;
    }

    /// <summary>Draws a number that a peer could name instead of another: near it as a rule, else at an end of the range or anywhere.</summary>
    internal long Number(long near) => Below(12) switch
    {
        <= 3 => Math.Clamp(near + Below(5) - 2, 0, WireLimits.NumberMax),
        4 => near,
        5 => 0,
        6 => 1,
        7 => WireLimits.NumberMax - Below(2),
        8 => Math.Min(near * 2, WireLimits.NumberMax),
        9 => Below(64),
        10 => near / 2,
        _ => (long)(_jitter.NextBits() >> 11) >> Below(53),
    };

    internal TimeSpan Time(TimeSpan near) => TimeSpan.FromMilliseconds(Math.Min(Number((long)near.TotalMilliseconds), 3_155_760_000_000));
}
