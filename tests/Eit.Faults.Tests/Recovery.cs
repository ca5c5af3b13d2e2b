namespace Eit.Faults.Tests;

/// <summary>How long it took until all went on.</summary>
/// <param name="Took">From the end of the fault until a question that was asked then was answered.</param>
/// <param name="Starved">How much of that something had to wait for a processor.</param>
internal readonly record struct Recovery(TimeSpan Took, TimeSpan Starved)
{
    private const int StarvedBoundsMax = 2;

    /// <summary>Gets whether it took longer than a bound, on a machine with time for it. No starvation makes up for more than twice the bound.</summary>
    internal bool IsBeyond(TimeSpan bound) => Took > Suite.Limit(bound + (Starved < bound * StarvedBoundsMax ? Starved : bound * StarvedBoundsMax));
}
