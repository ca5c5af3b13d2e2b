using System.Text;

namespace Eit.Cli.Demo;

/// <summary>The file whose lines are sent.</summary>
internal static class DemoInput
{
    private const int LineBytesMax = 1_000_000;
    private const long FileBytesMax = 256 * 1024 * 1024;

    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="fault">What is wrong with it; null if nothing is.</param>
    internal static IReadOnlyList<string> Read(string path, out string? fault)
    {
        fault = null;
        try
        {
            var file = new FileInfo(path);
            if (file.Exists && file.Length > FileBytesMax) { fault = "is larger than 256 MiB"; }
            string[] lines = fault is null ? File.ReadAllLines(path, s_strict) : [];
            if (fault is null && lines.Length == 0) { fault = "has no lines"; }
            if (lines.Any(static line => s_strict.GetByteCount(line) > LineBytesMax)) { fault = "has a line of more than 1,000,000 bytes"; }
            return lines;
        }
        catch (DecoderFallbackException) { fault = "is not UTF-8 text"; }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException) { fault = "does not exist"; }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException) { fault = "can't be read"; }
        return [];
    }
}
