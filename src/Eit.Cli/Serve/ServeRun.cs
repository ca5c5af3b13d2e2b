using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Eit.Cli.Serve;

/// <summary>One run of the verb <c>serve</c>: from the start to the end of the drain that a signal begins.</summary>
internal sealed class ServeRun(ServeSource source, TimeProvider time, TextWriter output, TextWriter error)
{
    private const int CouldNotServe = 1;
    private const int BadUsage = 2;

    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Finds out whether the configuration and its files can be used, and prints it as it counts.</summary>
    /// <returns>The exit code.</returns>
    internal async Task<int> CheckAsync()
    {
        if (await MakeAsync() is not { } host) { return BadUsage; }
        await output.WriteLineAsync(ServeKeys.ToJson(host.Config).ToJsonString(s_indented));
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
            using PosixSignalRegistration hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal => ReloadAt(signal, host));
            try
            {
                using HeldFile? pidFile = host.Config.PidFile is { } path ? HeldFile.Take(path, $"Another server holds {path}. Choose another file with --pid-file.") : null;
                pidFile?.Write(string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}\n"));
                await using ControlServer? control = host.Config.Control is { } place ? new ControlServer(host, ControlSocket.Take(place), time, stop.Cancel, () => Reload(host)) : null;
                await ServeAsync(host, control, stop.Token);
                return 0;
            }
            catch (IOException taken)
            {
                await FailAsync(taken.Message.ReplaceLineEndings(" "));
                return CouldNotServe;
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
        if (host.Config.DevCertificate) { await output.WriteLineAsync($"Certificate SHA-256: {host.CertificateSha256}"); }
        await output.FlushAsync(CancellationToken.None);
        ServiceManager.TellReady($"Listening on {string.Join(", ", host.Addresses)}");
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (stop.UnsafeRegister(static state => ((TaskCompletionSource)state!).SetResult(), stopping)) { await stopping.Task; }
        ServiceManager.TellStopping();
        await host.StopAsync();
    }

    private async Task<ServeHost?> MakeAsync()
    {
        try { return new ServeHost(source.Load(), time); }
        catch (Exception wrong) when (Outside.IsFault(wrong))
        {
            await FailAsync(Outside.Line(wrong));
            return null;
        }
    }

    private async Task FailAsync(string why)
    {
        await Terminal.FailAsync(error, why);
        ServiceManager.TellFailure(why);
    }

    private ServeReload Reload(ServeHost host)
    {
        try
        {
            ServeReload reload = host.Reload(source.Load());
            host.Log.Reloaded(reload);
            return reload;
        }
        catch (Exception wrong) when (Outside.IsFault(wrong))
        {
            host.Log.ReloadRefused(Outside.Line(wrong));
            if (wrong is FormatException) { throw; }
            throw new FormatException(Outside.Line(wrong), wrong);
        }
    }

    private void ReloadAt(PosixSignalContext signal, ServeHost host)
    {
        signal.Cancel = true;
        try { Reload(host); }
        catch (FormatException)
        {
            // The log says so, and the server goes on as it was.
        }
    }

    /// <summary>The first signal begins the drain; the second one does what it does to any process.</summary>
    private static void EndOnce(PosixSignalContext signal, CancellationTokenSource stop)
    {
        signal.Cancel = !stop.IsCancellationRequested;
        stop.Cancel();
    }
}
