using System.Globalization;

namespace Eit.Bench;

/// <summary>The server in a process of its own.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private ServerProcess(ChildProcess process)
    {
        Process = process;
        string[] words = process.Said.Split(' ');
        Address = new ServerAddress(int.Parse(words[0], CultureInfo.InvariantCulture), words[1]);
    }

    internal ChildProcess Process { get; }

    internal ServerAddress Address { get; }

    internal int Port => Address.Port;

    internal string CertificateSha256 => Address.CertificateSha256;

    internal static async Task<ServerProcess> StartAsync(int port = 0) => new(await ChildProcess.StartAsync(hasServerGc: true, "server", port.ToString(CultureInfo.InvariantCulture)));   // As in every ASP.NET Core application.

    /// <summary>Asks how many bytes it has allocated since it began.</summary>
    internal async Task<long> AllocatedAsync() => long.Parse(await Process.AskAsync("allocated"), CultureInfo.InvariantCulture);

    public ValueTask DisposeAsync() => Process.DisposeAsync();
}
