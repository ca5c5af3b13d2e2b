using System.Globalization;

namespace Eit.Faults.Tests;

/// <summary>The file descriptors of other processes; Linux only.</summary>
internal static class Descriptors
{
    internal static int CountOf(int process) => NumbersOf(process).Length;

    /// <summary>Gets the least limit that takes none away.</summary>
    internal static int LeastLimitOf(int process) => NumbersOf(process).Max() + 1;

    /// <summary>Sets below which number a process gets new ones; those that it has it keeps.</summary>
    /// <returns>The limit of before.</returns>
    internal static async Task<int> LimitAsync(int process, int limit)
    {
        string id = Text(process);
        string before = await Commands.RunAsync("prlimit", "--pid", id, "--nofile", "--output", "SOFT", "--noheadings");
        await Commands.RunAsync("prlimit", "--pid", id, $"--nofile={Text(limit)}:");
        return int.Parse(before, CultureInfo.InvariantCulture);
    }

    private static int[] NumbersOf(int process) => [.. Directory.EnumerateFileSystemEntries($"/proc/{Text(process)}/fd").Select(static path => int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture))];

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
