using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Eit.EndToEnd.Tests;

/// <summary>How long things took; a message that carries the moment at which it was sent measures its own way.</summary>
internal sealed class Timings
{
    private readonly ConcurrentQueue<double> _milliseconds = new();

    internal int Count => _milliseconds.Count;

    internal double Median => Quantile(0.5);

    internal double Longest => Quantile(1);

    /// <summary>The moment, as the text of a message.</summary>
    internal static string Stamp() => Stopwatch.GetTimestamp().ToString(CultureInfo.InvariantCulture);

    internal static TimeSpan Since(string stamp) => Stopwatch.GetElapsedTime(long.Parse(stamp, CultureInfo.InvariantCulture));

    internal void Add(TimeSpan took) => _milliseconds.Enqueue(took.TotalMilliseconds);

    internal void Arrived(string stamp) => Add(Since(stamp));

    internal double Quantile(double share)
    {
        double[] sorted = [.. _milliseconds.Order()];
        return sorted[(int)Math.Ceiling(share * (sorted.Length - 1))];
    }

    public override string ToString() => Count == 0
        ? "none"
        : string.Create(CultureInfo.InvariantCulture, $"{Count} of them, ms: median {Median:N1}, 95 % {Quantile(0.95):N1}, 99 % {Quantile(0.99):N1}, longest {Longest:N1}");
}
