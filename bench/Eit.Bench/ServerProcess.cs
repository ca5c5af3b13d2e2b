using System.Globalization;
using Eit.Connection;
using Eit.Protocol.Wire;

namespace Eit.Bench;

/// <summary>The server in a process of its own.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private ServerProcess(ChildProcess process)
    {
        Process = process;
        string[] words = process.Said.Split(' ');
        (Port, CertificateSha256) = (int.Parse(words[0], CultureInfo.InvariantCulture), words[1]);
    }

    internal ChildProcess Process { get; }

    internal int Port { get; }

    internal string CertificateSha256 { get; }

    /// <summary>Gets the processor time that client and server have used.</summary>
    internal TimeSpan ProcessorTime => Process.ProcessorTime + Environment.CpuUsage.TotalTime;

    internal static async Task<ServerProcess> StartAsync() => new(await ChildProcess.StartAsync(hasServerGc: true, "server"));   // As in every ASP.NET Core application.

    internal EitConnection Client(int? port = null, WireEncoding? encoding = null) => new(ClientOptions(port ?? Port, CertificateSha256, encoding));

    internal static EitConnectionOptions ClientOptions(int port, string certificateSha256, WireEncoding? encoding = null) => new()
    {
        Url = new Uri($"wss://127.0.0.1:{port}/eit"),
        PinnedCertificateSha256 = certificateSha256,
        WatchesNetwork = false,
        Encoding = encoding,
    };

    public ValueTask DisposeAsync() => Process.DisposeAsync();
}
