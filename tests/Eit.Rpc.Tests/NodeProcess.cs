using System.Diagnostics;
using System.Text.Json;

namespace Eit.Rpc.Tests;

/// <summary>A script in Node.js, with the packages of socket.red as the registry has them.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    private static readonly string s_folder = Path.Combine(AppContext.BaseDirectory, "node");
    private static readonly Lazy<Task> s_installed = new(InstallAsync);
    private readonly Process _process;
    private readonly Task _reading;

    private NodeProcess(Process process)
    {
        _process = process;
        _reading = ReadAsync();
    }

    /// <summary>What it says.</summary>
    internal Happenings<string> Said { get; } = new();

    internal static async Task<NodeProcess> StartAsync(string script, params string[] arguments)
    {
        await s_installed.Value;
        return new NodeProcess(Start("node", [script, .. arguments]));
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

    private static async Task InstallAsync()
    {
        if (Directory.Exists(Path.Combine(s_folder, "node_modules", "socket.red-client"))) { return; }
        using Process npm = Start("npm", ["install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]);
        await npm.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.True(npm.ExitCode == 0, "The packages socket.red and socket.red-client could not be installed with npm, which these tests need.");
    }

    private static Process Start(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, WorkingDirectory = s_folder };
        foreach (string argument in arguments) { start.ArgumentList.Add(argument); }
        start.Environment["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";    // The server's certificate is its own.
        start.Environment["NODE_NO_WARNINGS"] = "1";
        return Process.Start(start)!;
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line) { Said.Add(line); }
    }
}
