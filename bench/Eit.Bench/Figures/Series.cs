namespace Eit.Bench;

/// <summary>What one stack showed in the rounds of one workload.</summary>
internal sealed record Series(string Workload, string Metric, string Stack)
{
    internal List<double> Values { get; } = [];

    internal Spread Spread => new(Values);

    /// <summary>Each round against the same round of another stack.</summary>
    internal Spread Against(Series other) => new(Values.Zip(other.Values, static (one, base1) => one / base1));
}
