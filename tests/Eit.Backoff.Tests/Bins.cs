namespace Eit.Backoff.Tests;

/// <summary>Counts how evenly draws are spread.</summary>
internal static class Bins
{
    /// <summary>Tells the share of the draws in each of some equal parts of 0 to 1.</summary>
    internal static double[] Shares(IReadOnlyCollection<double> draws, int parts) =>
        [.. Enumerable.Range(0, parts).Select(part => draws.Count(draw => (int)(draw * parts) == part) / (double)draws.Count)];
}
