using System.Diagnostics;
using System.Text.Json;

namespace Eit.Rpc.Tests;

/// <summary>A script in Node.js, with the packages of socket.red as the registry has them. They are never passed over: where they are missing, the test fails.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    private static readonly string s_folder = FindFolder();
    private readonly Process _process;
    private readonly Task _reading;

    private NodeProcess(Process process)
    {
        _process = process;
        _reading = ReadAsync();
    }

    /// <summary>What it says.</summary>
    internal Happenings<string> Said { get; } = new();

    internal static NodeProcess Start(string script, params string[] arguments)
    {
        string package = Path.Combine(s_folder, "node_modules", "socket.red-client");
        Assert.True(Directory.Exists(package), "npm's packages socket.red and socket.red-client are not installed. Run ./test in the repository's root: it installs what the tests need, and runs them.");
        var start = new ProcessStartInfo("node", [script, .. arguments]) { RedirectStandardOutput = true, WorkingDirectory = s_folder };
        start.Environment["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";    // The server's certificate is its own.
        start.Environment["NODE_NO_WARNINGS"] = "1";
        return new NodeProcess(Process.Start(start)!);
    }

    /// <summary>Waits for a line and gives what follows its first word.</summary>
    internal async Task<JsonElement> NextAsync(string word)
    {
        string line = await Said.UntilAsync(line => line.StartsWith($"[\"{word}\"", StringComparison.Ordinal));
        return JsonElement.Parse(line)[1];
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) { _process.Kill(); }
        await _reading;
        _process.Dispose();
    }

    private static string FindFolder()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Eit.sln"))) { return Path.Combine(folder.FullName, "tests", "Eit.Rpc.Tests", "node"); }
        }
        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} has Eit.sln.");
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line) { Said.Add(line); }
    }
}
