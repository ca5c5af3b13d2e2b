using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Eit.Chaos;

namespace Eit.Cli.Tests;

/// <summary>A folder with a certificate and tokens, and `eit serve` with them in a process of its own.</summary>
internal sealed class ServeStage : IAsyncDisposable
{
    private readonly List<EitProcess> _processes = [];

    private ServeStage(string folder)
    {
        Folder = folder;
    }

    internal string Folder { get; }

    internal string Token { get; private set; } = "";

    internal string CertificateSha256 { get; private set; } = "";

    internal int Port { get; private set; }

    internal EitProcess Server { get; private set; } = null!;

    internal string Control => In("control", "socket");

    internal string[] Options =>
    [
        "serve", "--certificate", In("cert.pem"), "--tokens", In("tokens.txt"), "--drain-window", "1s",
        "--endpoints", "both /echo=echo", "--endpoints", "plain /plain=echo", "--endpoints", "/eit=echo", "--endpoints", "both /rooms/{room}=relay", "--control", Control,
    ];

    internal static async Task<ServeStage> MakeAsync()
    {
        var stage = new ServeStage(Directory.CreateTempSubdirectory("eit").FullName);
        using X509Certificate2 certificate = TestCertificate.Make(TimeProvider.System.GetUtcNow());
        using ECDsa key = certificate.GetECDsaPrivateKey()!;
        await File.WriteAllTextAsync(stage.In("cert.pem"), $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n");
        stage.CertificateSha256 = Convert.ToHexString(SHA256.HashData(certificate.RawData));
        stage.Token = await stage.NewTokenAsync("ada");
        return stage;
    }

    internal static async Task<ServeStage> StartAsync(params string[] more)
    {
        ServeStage stage = await MakeAsync();
        await stage.ServeAsync(more);
        return stage;
    }

    internal string In(params string[] names) => Path.Combine([Folder, .. names]);

    internal async Task<string> NewTokenAsync(string user)
    {
        (int exitCode, string output, _) = await Tool.RunAsync("token", user, "--file", In("tokens.txt"));
        Assert.Equal(0, exitCode);
        return output.Trim();
    }

    /// <summary>Starts the server; again where it was.</summary>
    internal Task ServeAsync(params string[] more) => ServeExactlyAsync([.. Options, "--listen", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}"), .. more]);

    internal async Task ServeExactlyAsync(params string[] arguments)
    {
        Server = Start(environment: null, arguments);
        string line = await Server.Output.ReadLineAsync().Soon() ?? throw new InvalidOperationException((await Server.EndAsync()).Error);
        Port = new Uri(line.Split(' ')[2]).Port;
    }

    internal string Url(string path) => string.Create(CultureInfo.InvariantCulture, $"wss://127.0.0.1:{Port}{path}");

    internal EitProcess Connect(string path, params string[] more) =>
        Start(new() { ["EIT_TOKEN"] = Token }, ["connect", string.Create(CultureInfo.InvariantCulture, $"wss://127.0.0.1:{Port}{path}"), "--certificate-sha256", CertificateSha256, .. more]);

    internal EitProcess Start(Dictionary<string, string>? environment, params string[] arguments)
    {
        EitProcess process = EitProcess.Start(environment, arguments);
        _processes.Add(process);
        return process;
    }

    /// <summary>Looks at the server's numbers again and again until they are as wanted.</summary>
    internal async Task<JsonNode> StatsAsync(Func<JsonNode, bool> areWanted)
    {
        using var limit = new CancellationTokenSource(Patience.Limit);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (true)
        {
            JsonNode stats = JsonNode.Parse((await Tool.RunAsync("ctl", "stats", "--json", "--control", Control)).Output)!;
            if (areWanted(stats)) { return stats; }
            await timer.WaitForNextTickAsync(limit.Token);
        }
    }

    internal HttpClient Http() => new(new SocketsHttpHandler { UseProxy = false, SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = AnyCertificate.Take } })
    {
        BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"https://127.0.0.1:{Port}/")),
    };

    public async ValueTask DisposeAsync()
    {
        foreach (EitProcess process in _processes) { await process.DisposeAsync(); }
        Directory.Delete(Folder, recursive: true);
    }
}
