using System.Net.Http.Json;
using System.Text.Json;
using Eit.Connection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Tables.Server;

namespace Eit.Browser.Tests;

/// <summary>The sample's server on a loopback port: as in production, with TLS and nothing exempted, unless a test asks for the developer's mode.</summary>
internal sealed class TablesHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly DirectoryInfo _folder;
    private readonly HttpClient _http;

    private TablesHost(WebApplication app, DirectoryInfo folder)
    {
        (_app, _folder) = (app, folder);
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        _http = new HttpClient(new HttpClientHandler
        {
            ServerCertificateCustomValidationCallback = static (_, certificate, _, _) => certificate!.RawDataMemory.Span.SequenceEqual(TestHost.Certificate.RawDataMemory.Span),
        })
        { BaseAddress = Address };
    }

    internal Uri Address { get; }

    /// <summary>Gets the file with the certificate that clients have to trust.</summary>
    internal string CertificatePath => CertificatePathIn(_folder);

    internal static async Task<TablesHost> StartAsync(DirectoryInfo? folder = null, bool isDevelopment = false, params string[] settings)
    {
        folder ??= Directory.CreateTempSubdirectory("tables");
        string keyPath = Path.Combine(folder.FullName, "key.pem");
        await File.WriteAllTextAsync(CertificatePathIn(folder), TestHost.Certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(keyPath, TestHost.KeyPem);
        WebApplication app = TablesServer.Build(
        [
            "--urls", isDevelopment ? "http://127.0.0.1:0" : "https://127.0.0.1:0",
            "--environment", isDevelopment ? "Development" : "Production",
            "--Logging:LogLevel:Default", "Warning",
            "--Kestrel:Certificates:Default:Path", CertificatePathIn(folder),
            "--Kestrel:Certificates:Default:KeyPath", keyPath,
            "--Tables:Folder", folder.FullName,
            "--Tables:TurnTime", "00:05:00",
            .. settings,
        ]);
        await app.StartAsync();
        return new TablesHost(app, folder);
    }

    /// <summary>Logs in as any client does.</summary>
    internal async Task<string> LogInAsync(string name)
    {
        using HttpResponseMessage answer = await _http.PostAsync(new Uri($"/login/{name}", UriKind.Relative), content: null).Soon();
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<JsonElement>().Soon()).GetProperty("accessToken").GetString()!;
    }

    internal Uri TableAddress(int table, int? port = null) => new UriBuilder(Address) { Scheme = Uri.UriSchemeWss, Port = port ?? Address.Port, Path = $"/tables/{table}" }.Uri;

    internal EitConnection Client(string name, int table = 1, int? port = null) => new(new EitConnectionOptions
    {
        Url = TableAddress(table, port),
        PinnedCertificateSha256 = TestHost.CertificateSha256,
        TokenProvider = async (_, _) => await LogInAsync(name),
        WatchesNetwork = false,
    });

    /// <summary>Stops the server as a deployment does; the tables are saved when this completes.</summary>
    internal Task StopAsync() => _app.StopAsync().Soon();

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _http.Dispose();
    }

    private static string CertificatePathIn(DirectoryInfo folder) => Path.Combine(folder.FullName, "certificate.pem");
}
