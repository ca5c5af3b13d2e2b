namespace Eit.Protocol.Session;

/// <summary>A running digest of a state (FNV-1a over whole numbers), by which an exploration knows that it has been there.</summary>
internal sealed class StateDigest
{
    private ulong _low = 14695981039346656037;
    private ulong _high = 0x9E3779B97F4A7C15;

    internal UInt128 Value => new(_high, _low);

    internal void Add(params ReadOnlySpan<long> numbers)
    {
        foreach (long number in numbers)
        {
            _low = (_low ^ (ulong)number) * 1099511628211;
            _high = ulong.RotateLeft(_high ^ (ulong)number, 23) * 0xBF58476D1CE4E5B9;
        }
    }
}
