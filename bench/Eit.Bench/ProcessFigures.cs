using System.Globalization;

namespace Eit.Bench;

/// <summary>What a process says of itself.</summary>
internal static class ProcessFigures
{
    /// <summary>Says how many bytes it has allocated since it began.</summary>
    internal static string Allocated() => GC.GetTotalAllocatedBytes(precise: true).ToString(CultureInfo.InvariantCulture);

    /// <summary>Collects all garbage, and says how many bytes its heap and its working set hold.</summary>
    internal static string Memory()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }
        return string.Create(CultureInfo.InvariantCulture, $"{GC.GetTotalMemory(forceFullCollection: true)} {Environment.WorkingSet}");
    }
}
