using Eit.Backoff;

namespace Eit.Simulation.Exhaustive;

/// <summary>Draws the same number for ever.</summary>
internal sealed class FixedJitter(double number) : IJitter
{
    public double Next() => number;
}
