namespace Eit.Browser.Tests;

/// <summary>Software that these tests need beside .NET. It is never passed over: what is missing fails the test.</summary>
internal static class Installed
{
    internal static string Chromium => Find("chromium");

    internal static string Node => Find("node");

    /// <summary>Gets the script of the plain client, beside which npm has installed <c>ws</c>.</summary>
    internal static string PlainScript
    {
        get
        {
            string folder = FindProject();
            string ws = Path.Combine(folder, "node_modules", "ws", "package.json");
            return File.Exists(ws) ? Path.Combine(folder, "plain.js") : throw Missing("npm's package ws");
        }
    }

    private static string Find(string command)
    {
        IEnumerable<string> folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        return folders.Select(folder => Path.Combine(folder, command)).FirstOrDefault(File.Exists) ?? throw Missing(command);
    }

    private static string FindProject()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Eit.sln"))) { return Path.Combine(folder.FullName, "tests", "Eit.Browser.Tests"); }
        }
        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} has Eit.sln.");
    }

    private static InvalidOperationException Missing(string what) => new($"{what} is not installed. Run ./test in the repository's root: it installs what the tests need, and runs them.");
}
