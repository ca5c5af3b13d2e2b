using System.Diagnostics;
using System.Globalization;
using Eit.Connection;

namespace Eit.Bench;

/// <summary>The server in a process of its own.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly Process _process;

    private ServerProcess(Process process, int port, string certificateSha256)
    {
        (_process, Port, CertificateSha256) = (process, port, certificateSha256);
    }

    internal int Port { get; }

    internal string CertificateSha256 { get; }

    internal static async Task<ServerProcess> StartAsync()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };
        bool isHosted = Path.GetFileNameWithoutExtension(Environment.ProcessPath!) is "dotnet";
        if (isHosted) { start.ArgumentList.Add(typeof(ServerProcess).Assembly.Location); }
        start.ArgumentList.Add("server");
        start.Environment["DOTNET_gcServer"] = "1";                 // As in every ASP.NET Core application.
        Process process = Process.Start(start) ?? throw new InvalidOperationException("The server process did not start.");
        string[] words = (await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The server process said nothing.")).Split(' ');
        return new ServerProcess(process, int.Parse(words[0], CultureInfo.InvariantCulture), words[1]);
    }

    /// <summary>Gets the processor time that client and server have used.</summary>
    internal TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime + Environment.CpuUsage.TotalTime;
        }
    }

    internal EitConnection Client(int? port = null) => new(new EitConnectionOptions
    {
        Url = new Uri($"wss://127.0.0.1:{port ?? Port}/eit"),
        PinnedCertificateSha256 = CertificateSha256,
        WatchesNetwork = false,
    });

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
