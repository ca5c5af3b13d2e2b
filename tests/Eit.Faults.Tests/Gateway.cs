using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Eit.Chaos;
using Eit.EndToEnd.Tests;

namespace Eit.Faults.Tests;

/// <summary>A real reverse proxy that ends the clients' TLS, in a folder of its own and without root.</summary>
internal abstract class Gateway : IAsyncDisposable
{
    private Process? _process;

    protected Gateway() => Folder = Directory.CreateTempSubdirectory("eit-faults-").FullName;

    internal IPEndPoint EndPoint { get; } = FreeEndPoint();

    protected string Folder { get; }

    protected int ProcessId => _process!.Id;

    protected string CertificateFile => Path.Combine(Folder, "certificate.pem");

    protected string KeyFile => Path.Combine(Folder, "key.pem");

    /// <summary>Writes its configuration, and a certificate with its key if there is none.</summary>
    internal void Configure(GatewaySettings settings)
    {
        if (!File.Exists(CertificateFile)) { ChangeCertificate(); }
        File.WriteAllText(Path.Combine(Folder, "gateway.conf"), ConfigurationOf(settings));
    }

    internal void ChangeCertificate()
    {
        using X509Certificate2 certificate = TestCertificate.Make(TimeProvider.System.GetUtcNow());
        using ECDsa key = certificate.GetECDsaPrivateKey()!;
        Identity = (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>Its certificate and the key of it, in PEM, from its next start or reload on.</summary>
    internal (string Certificate, string Key) Identity
    {
        get => (File.ReadAllText(CertificateFile), File.ReadAllText(KeyFile));
        set
        {
            File.WriteAllText(KeyFile, value.Key);
            File.WriteAllText(CertificateFile, $"{value.Certificate}\n{value.Key}\n");   // HAProxy wants both in one file; nginx reads the first part.
        }
    }

    internal string CertificateSha256
    {
        get
        {
            using var certificate = X509Certificate2.CreateFromPem(Identity.Certificate);
            return certificate.GetCertHashString(HashAlgorithmName.SHA256);
        }
    }

    internal async Task StartAsync()
    {
        _process = Commands.Begin([.. Command]);
        await UntilListeningAsync();
    }

    /// <summary>Lets it take its configuration anew, as an administrator does.</summary>
    internal async Task ReloadAsync(GatewaySettings settings)
    {
        Configure(settings);
        await ReloadAsync();
    }

    /// <summary>Kills it, and its children with it.</summary>
    internal async Task KillAsync()
    {
        _process!.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync().Soon();
        _process.Dispose();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) { await KillAsync(); }
        Directory.Delete(Folder, recursive: true);
    }

    protected abstract IEnumerable<string> Command { get; }

    protected abstract string ConfigurationOf(GatewaySettings settings);

    protected abstract Task ReloadAsync();

    private static IPEndPoint FreeEndPoint()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return (IPEndPoint)listener.LocalEndpoint;
    }

    private async Task UntilListeningAsync()
    {
        while (true)
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(EndPoint).Soon();
                return;
            }
            catch (SocketException) when (!_process!.HasExited) { await Patience.LastAsync(TimeSpan.FromMilliseconds(20)); }
        }
    }
}
