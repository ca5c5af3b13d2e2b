using System.Globalization;

namespace Eit.Bench;

/// <summary>The values of the rounds, put in order.</summary>
internal sealed class Spread
{
    private const int Resamples = 2_000;
    private readonly double[] _values;

    internal Spread(IEnumerable<double> values) => _values = [.. values.Order()];

    internal int Count => _values.Length;

    internal double Median => MedianOf(_values);

    internal double Min => _values[0];

    internal double Max => _values[^1];

    /// <summary>The interval in which the median lies with 95 %, by drawing rounds anew; always the same for the same values.</summary>
    internal (double Low, double High) Interval()
    {
        var random = new Random(1);
        double[] medians = new double[Resamples];
        double[] drawn = new double[_values.Length];
        for (int i = 0; i < Resamples; i++)
        {
            for (int at = 0; at < drawn.Length; at++) { drawn[at] = _values[random.Next(_values.Length)]; }
            Array.Sort(drawn);
            medians[i] = MedianOf(drawn);
        }
        Array.Sort(medians);
        return (medians[Resamples / 40], medians[Resamples - 1 - (Resamples / 40)]);
    }

    public override string ToString() => Count == 1 ? Write(Median) : $"{Write(Median)} ({Write(Min)} to {Write(Max)})";

    internal static string Write(double value) => double.IsNaN(value) ? "-" : value.ToString(Math.Abs(value) switch { >= 100 => "N0", >= 10 => "N1", >= 0.1 or 0 => "N2", _ => "N4" }, CultureInfo.InvariantCulture);

    private static double MedianOf(double[] ordered) => (ordered[ordered.Length / 2] + ordered[(ordered.Length - 1) / 2]) / 2;
}
