using Eit.Chaos.Faults;

namespace Eit.Chaos;

/// <summary>One step of a <see cref="ChaosScenario"/>.</summary>
public abstract record ChaosStep
{
    private ChaosStep()
    {
    }

    /// <summary>A fault is added, or changed.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Fault">What it does.</param>
    public sealed record Set(string Name, ChaosFault Fault) : ChaosStep;

    /// <summary>A fault is removed, if it is there.</summary>
    /// <param name="Name">Its name.</param>
    public sealed record Remove(string Name) : ChaosStep;

    /// <summary>All faults are removed.</summary>
    public sealed record Clear : ChaosStep;

    /// <summary>All connections are ended.</summary>
    /// <param name="Way">How.</param>
    public sealed record Cut(CutWay Way) : ChaosStep;

    /// <summary>Time passes.</summary>
    /// <param name="Time">How much: 0 to 24 h.</param>
    public sealed record Wait(TimeSpan Time) : ChaosStep;
}
