namespace Eit.Faults.Tests;

/// <summary>Where Debian has libfaketime.</summary>
internal static class Faketime
{
    internal static string Library { get; } =
        Directory.Exists("/usr/lib") ? Directory.EnumerateFiles("/usr/lib", "libfaketimeMT.so.1", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true }).FirstOrDefault(string.Empty) : string.Empty;
}
