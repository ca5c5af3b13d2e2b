using System.Globalization;

namespace Eit.Bench;

/// <summary>The server in a process of its own.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private ServerProcess(ChildProcess process)
    {
        Process = process;
        Address = new ServerAddress(int.Parse(process.Said, CultureInfo.InvariantCulture), BenchCertificate.Sha256);
    }

    internal ChildProcess Process { get; }

    internal ServerAddress Address { get; }

    internal int Port => Address.Port;

    internal string CertificateSha256 => Address.CertificateSha256;

    /// <summary>Starts it, with the garbage collector that every ASP.NET Core application has.</summary>
    internal static async Task<ServerProcess> StartAsync(int port = 0) =>
        new(await ChildProcess.StartAsync(hasServerGc: true, BenchCertificate.Write(), "server", port.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Asks how many bytes it has allocated since it began.</summary>
    internal async Task<long> AllocatedAsync() => long.Parse(await Process.AskAsync("allocated"), CultureInfo.InvariantCulture);

    public ValueTask DisposeAsync() => Process.DisposeAsync();
}
