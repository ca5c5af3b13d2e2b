using System.Runtime.InteropServices;

namespace Eit.Cli.Serve;

/// <summary>One run of the verb <c>serve</c>: from the start to the end of the drain that a signal begins.</summary>
internal sealed class ServeRun(ServeConfig config, TimeProvider time, TextWriter output, TextWriter error)
{
    private const int CouldNotServe = 1;
    private const int BadUsage = 2;

    /// <summary>Finds out whether the files of the configuration can be used.</summary>
    /// <returns>The exit code.</returns>
    internal async Task<int> CheckAsync()
    {
        if (await MakeAsync() is not { } host) { return BadUsage; }
        await host.DisposeAsync();
        return 0;
    }

    /// <summary>Serves until it is told to stop.</summary>
    /// <returns>The exit code.</returns>
    internal async Task<int> RunAsync()
    {
        using var stop = new CancellationTokenSource();
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => EndOnce(signal, stop));
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => EndOnce(signal, stop));
        if (await MakeAsync() is not { } host) { return BadUsage; }
        await using (host)
        {
            ControlServer? control = null;
            try
            {
                if (config.Control is { } path) { control = new ControlServer(config, host, ControlSocket.Take(path), time, stop.Cancel); }
                await ServeAsync(host, control, stop.Token);
                return 0;
            }
            catch (IOException taken)
            {
                await error.WriteLineAsync($"eit: {taken.Message.ReplaceLineEndings(" ")}");
                return CouldNotServe;
            }
            finally
            {
                if (control is not null) { await control.DisposeAsync(); }
            }
        }
    }

    private async Task ServeAsync(ServeHost host, ControlServer? control, CancellationToken stop)
    {
        try
        {
            await host.StartAsync(stop);
            if (control is not null) { await control.StartAsync(stop); }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested) { return; }
        foreach (string address in host.Addresses) { await output.WriteLineAsync($"Listening on {address}"); }
        if (config.DevCertificate) { await output.WriteLineAsync($"Certificate SHA-256: {host.CertificateSha256}"); }
        await output.FlushAsync(CancellationToken.None);
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (stop.UnsafeRegister(static state => ((TaskCompletionSource)state!).SetResult(), stopping)) { await stopping.Task; }
        await host.StopAsync();
    }

    private async Task<ServeHost?> MakeAsync()
    {
        try { return new ServeHost(config, time); }
        catch (FormatException wrong)
        {
            await error.WriteLineAsync($"eit: {wrong.Message}");
            return null;
        }
    }

    /// <summary>The first signal begins the drain; the second one does what it does to any process.</summary>
    private static void EndOnce(PosixSignalContext signal, CancellationTokenSource stop)
    {
        signal.Cancel = !stop.IsCancellationRequested;
        stop.Cancel();
    }
}
