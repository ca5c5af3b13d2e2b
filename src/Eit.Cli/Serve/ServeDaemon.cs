using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Eit.Cli.Serve;

/// <summary>Starts the server as a daemon: this program once more, in a session of its own, and waits until it is ready.</summary>
internal static class ServeDaemon
{
    private const int CouldNotStart = 1;
    private const int DatagramBytes = 4_096;

    // The shell gives way to setsid and that to the server: all three are one process. A daemon has no terminal, and its log is what it writes.
    private const string Script = """exec setsid "$@" </dev/null >>"$0" 2>&1""";

    private static readonly TimeSpan s_readyLimit = TimeSpan.FromSeconds(60);

    /// <summary>Starts it.</summary>
    /// <param name="arguments">The arguments of the program.</param>
    /// <param name="logFile">Where what it writes is added to.</param>
    /// <param name="output">Where the process is named.</param>
    /// <param name="error">Where it is said why it has not started.</param>
    /// <param name="interrupted">Ends the wait; the daemon goes on.</param>
    /// <returns>The exit code: 0 when the daemon is ready, else its own.</returns>
    internal static async Task<int> StartAsync(IEnumerable<string> arguments, string logFile, TextWriter output, TextWriter error, CancellationToken interrupted)
    {
        if (OperatingSystem.IsWindows())
        {
            await error.WriteLineAsync("eit: --daemon needs sessions as Unix has them.");
            return CouldNotStart;
        }
        try { OwnFiles.Prepare(logFile); }
        catch (IOException failure)
        {
            await Terminal.FailAsync(error, failure.Message);
            return CouldNotStart;
        }
        string folder = Directory.CreateTempSubdirectory("eit").FullName;   // Its mode is 0700.
        try
        {
            string place = Path.Combine(folder, "notify");
            using var ready = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            ready.Bind(new UnixDomainSocketEndPoint(place));
            var start = new ProcessStartInfo("/bin/sh", ["-c", Script, logFile, .. ThisProgram(), .. arguments]) { Environment = { [ServiceManager.Variable] = place } };
            using Process daemon = Process.Start(start)!;
            (bool isReady, string status) = await WaitAsync(daemon, ready, interrupted);
            if (isReady)
            {
                await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"Process {daemon.Id}. {status}"));
                return 0;
            }
            if (!daemon.HasExited)
            {
                await error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"eit: The daemon, process {daemon.Id}, is not ready after {s_readyLimit.TotalSeconds} s; {logFile} may say why."));
                return CouldNotStart;
            }
            await Terminal.FailAsync(error, status.Length > 0 ? status : string.Create(CultureInfo.InvariantCulture, $"The daemon has ended with exit code {daemon.ExitCode}; {logFile} may say why."));
            return daemon.ExitCode;
        }
        catch (Exception failure) when (failure is Win32Exception or ArgumentException)
        {
            await Terminal.FailAsync(error, failure.Message);
            return CouldNotStart;
        }
        finally { Directory.Delete(folder, recursive: true); }
    }

    /// <summary>The program that runs: a file of its own, or a library that <c>dotnet</c> runs.</summary>
    private static string[] ThisProgram()
    {
        string program = Environment.ProcessPath!;
        return Path.GetFileNameWithoutExtension(program) == "dotnet" ? [program, "exec", typeof(ServeDaemon).Assembly.Location] : [program];
    }

    /// <summary>Waits until the daemon is ready, or has ended.</summary>
    private static async Task<(bool IsReady, string Status)> WaitAsync(Process daemon, Socket ready, CancellationToken interrupted)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(interrupted);
        over.CancelAfter(s_readyLimit);
        Task ended = EndedAsync(daemon, over);
        string status = "";
        bool isReady = false;
        byte[] datagram = new byte[DatagramBytes];
        try
        {
            while (!isReady)
            {
                int length = await ready.ReceiveAsync(datagram, over.Token);
                Take(datagram, length, ref isReady, ref status);
            }
        }
        catch (OperationCanceledException) when (!interrupted.IsCancellationRequested)
        {
            while (ready.Available > 0) { Take(datagram, ready.Receive(datagram), ref isReady, ref status); }   // Its last words.
            isReady = false;
        }
        await over.CancelAsync();
        await ended;
        return (isReady, status);
    }

    private static async Task EndedAsync(Process daemon, CancellationTokenSource over)
    {
        await daemon.WaitForExitAsync(over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await over.CancelAsync();
    }

    private static void Take(byte[] datagram, int length, ref bool isReady, ref string status)
    {
        foreach (string line in Encoding.UTF8.GetString(datagram, 0, length).Split('\n'))
        {
            isReady |= line == ServiceManager.Ready;
            if (line.StartsWith(ServiceManager.StatusPrefix, StringComparison.Ordinal)) { status = line[ServiceManager.StatusPrefix.Length..]; }
        }
    }
}
