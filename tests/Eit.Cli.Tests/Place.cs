namespace Eit.Cli.Tests;

/// <summary>Files of the repository.</summary>
internal static class Place
{
    internal static string Root { get; } = FindRoot();

    internal static string Sample(string name) => Path.Combine(Root, "samples", "Daemon", name);

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Eit.sln"))) { return folder.FullName; }
        }
        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} has Eit.sln.");
    }
}
