using System.ComponentModel;
using System.Diagnostics;

namespace Eit.Cli.Serve.Exec;

/// <summary>One life of a command: a shell that runs it, with lines in and out. Its standard error is the server's own.</summary>
internal sealed class ExecProcess : IDisposable
{
    private readonly Process _process;

    private ExecProcess(Process process)
    {
        _process = process;
    }

    internal int Id => _process.Id;

    /// <summary>Gets where events go.</summary>
    internal Stream Input => _process.StandardInput.BaseStream;

    /// <summary>Gets where actions come from.</summary>
    internal Stream Output => _process.StandardOutput.BaseStream;

    /// <summary>Starts a command.</summary>
    /// <param name="command">The command, for the shell.</param>
    /// <param name="folder">The folder in which it runs.</param>
    /// <param name="control">Where it finds the server that it serves.</param>
    /// <exception cref="IOException">There is no shell, or no such folder.</exception>
    internal static ExecProcess Start(string command, string folder, string? control)
    {
        (string shell, string option) = OperatingSystem.IsWindows() ? ("cmd.exe", "/c") : ("/bin/sh", "-c");
        var start = new ProcessStartInfo(shell, [option, command]) { WorkingDirectory = folder, UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment.Remove(ServiceManager.Variable);
        if (control is not null) { start.Environment[ControlSocket.Variable] = control; }
        try { return new ExecProcess(Process.Start(start)!); }
        catch (Win32Exception failure) { throw new IOException(failure.Message, failure); }
    }

    /// <summary>Ends it and what it has started, however busy they are.</summary>
    internal void Kill()
    {
        try { _process.Kill(entireProcessTree: true); }
        catch (Exception failure) when (failure is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It has ended by itself.
        }
    }

    /// <summary>Waits until it has ended.</summary>
    /// <returns>Its exit code.</returns>
    internal async Task<int> EndedAsync(CancellationToken cancellationToken = default)
    {
        await _process.WaitForExitAsync(cancellationToken);
        return _process.ExitCode;
    }

    public void Dispose() => _process.Dispose();
}
