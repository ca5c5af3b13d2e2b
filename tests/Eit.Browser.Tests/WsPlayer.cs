using System.Diagnostics;
using System.Text.Json;

namespace Eit.Browser.Tests;

/// <summary>A player who knows nothing of Eit: a script with npm's <c>ws</c>, in a process of its own.</summary>
internal sealed class WsPlayer : IAsyncDisposable
{
    private readonly Process _node;
    private readonly Task _reading;

    private WsPlayer(Process node)
    {
        _node = node;
        _reading = ReadAsync();
    }

    /// <summary>Gets what the script has printed.</summary>
    internal Happenings<string> Lines { get; } = new();

    internal IEnumerable<string> Seen => Lines.All.Select(WhatOf).OfType<string>();

    internal static async Task<WsPlayer> SitDownAsync(TablesHost host, string name, int table = 1)
    {
        var command = new ProcessStartInfo(Installed.Node, [Installed.PlainScript, host.TableAddress(table).ToString(), await host.LogInAsync(name)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            Environment = { ["NODE_EXTRA_CA_CERTS"] = host.CertificatePath },
        };
        return new WsPlayer(Process.Start(command)!);
    }

    internal Task SeesAsync(string what) => Lines.UntilAsync(line => WhatOf(line) == what);

    internal Task SendAsync(string message) => _node.StandardInput.WriteLineAsync(message);

    /// <summary>Closes the WebSocket, and waits until the script has ended.</summary>
    internal async Task LeaveAsync()
    {
        _node.StandardInput.Close();
        await _node.WaitForExitAsync().Soon();
        await _reading.Soon();
    }

    public async ValueTask DisposeAsync()
    {
        _node.Kill();
        await _reading.Soon();
        _node.Dispose();
    }

    private static string? WhatOf(string line) =>
        line.StartsWith("message ", StringComparison.Ordinal) ? JsonElement.Parse(line.AsSpan("message ".Length)).GetProperty("what").GetString() : null;

    private async Task ReadAsync()
    {
        while (await _node.StandardOutput.ReadLineAsync() is { } line) { Lines.Add(line); }
    }
}
