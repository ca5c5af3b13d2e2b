using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;
using Eit.Connection;

namespace Eit.EndToEnd.Tests;

/// <summary>A server in a process of its own, which can be killed and told to stop.</summary>
internal sealed partial class ServerProcess : IAsyncDisposable
{
    private const int Terminate = 15;
    private readonly Process _process;
    private readonly Task _reading;
    private readonly TaskCompletionSource<int> _port = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServerProcess(Process process)
    {
        _process = process;
        _reading = ReadAsync();
    }

    internal int Port => _port.Task.Result;

    /// <summary>What the server's handler has finished with, as it said so before it died.</summary>
    internal ConcurrentQueue<string> Processed { get; } = new();

    internal int ExitCode => _process.ExitCode;

    internal Task Exited => _process.WaitForExitAsync();

    internal static async Task<ServerProcess> StartAsync(int port = 0, double drainSeconds = 5)
    {
        string certificate = Path.Combine(AppContext.BaseDirectory, "test-server.pfx");
        if (!File.Exists(certificate)) { await File.WriteAllBytesAsync(certificate, TestHost.Certificate.Export(X509ContentType.Pkcs12)); }
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        string[] arguments =
        [
            "exec", Path.Combine(AppContext.BaseDirectory, "Eit.TestServer.dll"), port.ToString(CultureInfo.InvariantCulture), certificate, drainSeconds.ToString(CultureInfo.InvariantCulture),
        ];
        foreach (string argument in arguments) { start.ArgumentList.Add(argument); }
        var server = new ServerProcess(Process.Start(start)!);
        await server._port.Task.WaitAsync(TimeSpan.FromSeconds(30));
        return server;
    }

    internal EitConnection Client(Action<EitConnectionOptions>? configure = null)
    {
        var options = new EitConnectionOptions { Url = new Uri($"wss://127.0.0.1:{Port}/eit"), CertificateValidation = static (_, certificate, _, _) => certificate!.Subject is "CN=localhost", WatchesNetwork = false };
        configure?.Invoke(options);
        return new EitConnection(options);
    }

    internal async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        await _reading;
    }

    internal void AskToStop() => Assert.Equal(0, Signal(_process.Id, Terminate));

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) { await KillAsync(); }
        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Signal(int process, int signal);

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("port ", StringComparison.Ordinal)) { _port.TrySetResult(int.Parse(line.AsSpan(5), CultureInfo.InvariantCulture)); }
            if (line.StartsWith("processed ", StringComparison.Ordinal)) { Processed.Enqueue(line[10..]); }
        }
        _port.TrySetException(new InvalidOperationException("The server ended before it listened."));
    }
}
