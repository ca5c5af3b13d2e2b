namespace Eit.Faults.Tests;

/// <summary>Numbers that should come as 1, 2, 3 …; counts what does not.</summary>
internal sealed class Sequence
{
    private readonly HashSet<long> _seen = [];
    private long _highest;

    internal int Count => _seen.Count;

    /// <summary>How many came again.</summary>
    internal int Duplicated { get; private set; }

    /// <summary>How many came after a higher one, for the first time.</summary>
    internal int Disordered { get; private set; }

    internal bool Has(long number) => _seen.Contains(number);

    internal void Add(long number)
    {
        if (!_seen.Add(number)) { Duplicated++; }
        else if (number < _highest) { Disordered++; }
        _highest = Math.Max(_highest, number);
    }

    /// <summary>How many up to the highest one, or up to a number that is known to be the last, did not come.</summary>
    internal long Lost(long last = 0) => Math.Max(_highest, last) - Count;
}
