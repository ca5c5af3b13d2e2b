using System.Globalization;

namespace Eit.Faults.Tests;

/// <summary>How much else the machine has to do. Bounds are for one that gets to everything in time.</summary>
internal static class Load
{
    private const double MostPerProcessor = 4;

    /// <summary>Gets the average of the last minute: how many threads ran or wanted to. 0 where it is not to be had.</summary>
    internal static double Now => File.Exists("/proc/loadavg") ? double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture) : 0;

    internal static bool IsTooHigh => Now > MostPerProcessor * Environment.ProcessorCount;
}
