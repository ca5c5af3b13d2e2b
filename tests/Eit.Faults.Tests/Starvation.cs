using System.Globalization;

namespace Eit.Faults.Tests;

/// <summary>How long something on this machine has waited for a processor while it could have run. Bounds are for a machine that gets to everything at once.</summary>
internal static class Starvation
{
    private const string Pressure = "/proc/pressure/cpu";          // "some avg10=0.42 avg60=4.64 avg300=13.41 total=22996658304", in microseconds
    private const string Total = "total=";

    /// <summary>Gets the sum since the machine was started. 0 where it is not to be had.</summary>
    internal static TimeSpan Now
    {
        get
        {
            if (!File.Exists(Pressure)) { return TimeSpan.Zero; }
            string some = File.ReadLines(Pressure).First();
            return TimeSpan.FromMicroseconds(long.Parse(some[(some.IndexOf(Total, StringComparison.Ordinal) + Total.Length)..], CultureInfo.InvariantCulture));
        }
    }
}
