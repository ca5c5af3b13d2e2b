using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Eit.Chaos;
using Eit.Connection;

namespace Eit.EndToEnd.Tests;

/// <summary>A server in a process of its own, which can be killed and told to stop.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private static readonly string s_certificate = MakeCertificate();

    private readonly Process _process;
    private readonly Task _reading;
    private readonly TaskCompletionSource<int> _port = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServerProcess(Process process)
    {
        _process = process;
        _reading = ReadAsync();
    }

    internal int Port => _port.Task.Result;

    internal int Id => _process.Id;

    /// <summary>What the server's handler has finished with, as it said so before it died.</summary>
    internal ConcurrentQueue<string> Processed { get; } = new();

    /// <summary>The hello header of each dial.</summary>
    internal ConcurrentQueue<string> Hellos { get; } = new();

    internal int ExitCode => _process.ExitCode;

    internal Task Exited => _process.WaitForExitAsync();

    internal static Task<ServerProcess> StartAsync(double drainSeconds = 5) => StartAsync("127.0.0.1:0", [string.Create(CultureInfo.InvariantCulture, $"drain={drainSeconds}")], []);

    /// <param name="listen">Where it listens.</param>
    /// <param name="settings">What <c>Eit.TestServer</c> is told.</param>
    /// <param name="under">The command that it is run by; none, or one that becomes it.</param>
    /// <param name="environment">More for its environment.</param>
    internal static async Task<ServerProcess> StartAsync(string listen, IEnumerable<string> settings, IReadOnlyList<string> under, IEnumerable<(string Name, string Value)>? environment = null)
    {
        string[] command = [.. under, "dotnet", "exec", Path.Combine(AppContext.BaseDirectory, "Eit.TestServer.dll"), $"listen={listen}", .. settings];
        var start = new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardOutput = true };
        start.Environment["EIT_TEST_CERTIFICATE"] = s_certificate;
        foreach ((string name, string value) in environment ?? []) { start.Environment[name] = value; }
        var server = new ServerProcess(Process.Start(start)!);
        await server._port.Task.WaitAsync(TimeSpan.FromMinutes(5));
        return server;
    }

    internal EitConnection Client(Action<EitConnectionOptions>? configure = null)
    {
        var options = new EitConnectionOptions { Url = new Uri($"wss://127.0.0.1:{Port}/eit"), CertificateValidation = static (_, certificate, _, _) => certificate!.Subject is "CN=eit test", WatchesNetwork = false };
        configure?.Invoke(options);
        return new EitConnection(options);
    }

    internal async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        await _reading;
    }

    internal void AskToStop() => Signal(ProcessSignal.Terminate);

    internal void Signal(ProcessSignal signal) => Signals.Send(_process.Id, signal);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) { await KillAsync(); }
        _process.Dispose();
    }

    private static string MakeCertificate()
    {
        using X509Certificate2 certificate = TestCertificate.Make(TimeProvider.System.GetUtcNow());
        return Convert.ToBase64String(certificate.Export(X509ContentType.Pkcs12));
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("port ", StringComparison.Ordinal)) { _port.TrySetResult(int.Parse(line.AsSpan(5), CultureInfo.InvariantCulture)); }
            if (line.StartsWith("processed ", StringComparison.Ordinal)) { Processed.Enqueue(line[10..]); }
            if (line.StartsWith("hello ", StringComparison.Ordinal)) { Hellos.Enqueue(line[6..]); }
        }
        _port.TrySetException(new InvalidOperationException("The server ended before it listened."));
    }
}
