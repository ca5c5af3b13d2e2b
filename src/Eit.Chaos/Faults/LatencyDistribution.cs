namespace Eit.Chaos.Faults;

/// <summary>How a latency is drawn from its mean and its jitter.</summary>
public enum LatencyDistribution
{
    /// <summary>Evenly, from the delay less the jitter to the delay plus the jitter.</summary>
    Uniform,

    /// <summary>A bell curve around the delay, of which the jitter is the standard deviation; never below zero.</summary>
    Normal,

    /// <summary>Mostly near the delay, and rarely far above it: delay plus jitter times a Pareto draw less one (shape 1.5), at most 20 jitters.</summary>
    Pareto,
}
