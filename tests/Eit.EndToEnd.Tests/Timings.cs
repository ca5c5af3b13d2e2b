using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Eit.EndToEnd.Tests;

/// <summary>How long things took; a message that carries the moment at which it was sent measures its own way.</summary>
internal sealed class Timings
{
    private readonly ConcurrentQueue<(long From, long To)> _spans = new();

    internal int Count => _spans.Count;

    internal double Median => Quantile(0.5);

    internal double Longest => Quantile(1);

    /// <summary>The moment, as the text of a message.</summary>
    internal static string Stamp() => Stopwatch.GetTimestamp().ToString(CultureInfo.InvariantCulture);

    internal void Add(long from, long to) => _spans.Enqueue((from, to));

    internal void Arrived(string stamp) => Add(long.Parse(stamp, CultureInfo.InvariantCulture), Stopwatch.GetTimestamp());

    internal double Quantile(double share)
    {
        double[] sorted = [.. _spans.Select(static span => Stopwatch.GetElapsedTime(span.From, span.To).TotalMilliseconds).Order()];
        return sorted[(int)Math.Ceiling(share * (sorted.Length - 1))];
    }

    /// <summary>The same things without what the machine lost meanwhile.</summary>
    internal Timings Without(Heartbeat losses)
    {
        var rest = new Timings();
        foreach ((long from, long to) in _spans) { rest.Add(from, to - (long)(losses.LostBetween(from, to).TotalSeconds * Stopwatch.Frequency)); }
        return rest;
    }

    public override string ToString() => Count == 0
        ? "none"
        : string.Create(CultureInfo.InvariantCulture, $"{Count} of them, ms: median {Median:N1}, 95 % {Quantile(0.95):N1}, 99 % {Quantile(0.99):N1}, longest {Longest:N1}");
}
