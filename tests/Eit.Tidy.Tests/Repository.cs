using System.Diagnostics;

namespace Eit.Tidy.Tests;

/// <summary>The repository's own files, by paths relative to its root, with forward slashes.</summary>
internal static class Repository
{
    private static readonly string[] s_skippedFolders = ["bin", "obj", ".git", "artifacts", "TestResults", "node_modules"];

    public static string Root { get; } = FindRoot();

    /// <summary>Gets every file that is tracked or would be.</summary>
    public static IReadOnlyList<string> Files { get; } = ListFiles();

    public static IEnumerable<string> FilesUnder(string folder, string extension) =>
        Files.Where(path => path.StartsWith(folder + "/", StringComparison.Ordinal) && path.EndsWith(extension, StringComparison.Ordinal));

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    public static string[] ReadLines(string path) => File.ReadAllLines(Path.Combine(Root, path));

    public static bool Has(string path) => File.Exists(Path.Combine(Root, path));

    /// <summary>Fails with one line per fault.</summary>
    public static void AssertNone(IEnumerable<string> faults)
    {
        string[] all = [.. faults];
        Assert.True(all.Length == 0, string.Join('\n', all));
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Eit.sln"))) { return folder.FullName; }
        }

        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} has Eit.sln.");
    }

    private static string[] ListFiles()
    {
        IEnumerable<string> files = Path.Exists(Path.Combine(Root, ".git")) ? ListWithGit() : ListFromDisk();
        return [.. files.Where(Has).Order(StringComparer.Ordinal)];
    }

    private static string[] ListWithGit()
    {
        ProcessStartInfo command = new("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        {
            WorkingDirectory = Root,
            RedirectStandardOutput = true,
        };
        using Process git = Process.Start(command)!;
        string output = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        Assert.True(git.ExitCode == 0, "git ls-files failed.");
        return output.Split('\0', StringSplitOptions.RemoveEmptyEntries);
    }

    private static IEnumerable<string> ListFromDisk() =>
        Directory.EnumerateFiles(Root, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Root, path).Replace('\\', '/'))
            .Where(path => !path.Split('/').Any(s_skippedFolders.Contains));
}
