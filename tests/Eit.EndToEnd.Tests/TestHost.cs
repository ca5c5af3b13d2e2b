using System.Net;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Eit.Connection;
using Eit.Server;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.BearerToken;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Eit.EndToEnd.Tests;

/// <summary>A real server: Kestrel on a loopback port, TLS with a certificate of its own, bearer tokens.</summary>
internal sealed class TestHost : IAsyncDisposable
{
    private static readonly X509Certificate2 s_certificate = MakeCertificate();
    private readonly WebApplication _app;

    private TestHost(WebApplication app, int port)
    {
        (_app, Port) = (app, port);
    }

    internal static string CertificateSha256 => Convert.ToHexString(SHA256.HashData(s_certificate.RawData));

    internal static X509Certificate2 Certificate => s_certificate;

    internal static string KeyPem => s_certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem();

    internal int Port { get; }

    internal bool IsTls { get; private init; }

    internal IServiceProvider Services => _app.Services;

    internal EitSessions Sessions => _app.Services.GetRequiredService<EitSessions>();

    internal static async Task<TestHost> StartAsync(
        Action<WebApplication> map,
        Action<EitServerOptions>? configure = null,
        int port = 0,
        Action<WebApplicationBuilder>? build = null,
        bool tls = true)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = "Testing" });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen =>
        {
            if (tls) { listen.UseHttps(s_certificate); }
        }));
        if (tls) { builder.WebHost.UseKestrelHttpsConfiguration(); }
        builder.Services.AddRouting();
        builder.Services.AddAuthentication(BearerTokenDefaults.AuthenticationScheme).AddBearerToken();
        builder.Services.AddAuthorization();
        builder.Services.AddEit(configure);
        build?.Invoke(builder);
        WebApplication app = builder.Build();
        app.UseRouting();
        app.UseAuthentication();
        app.UseAuthorization();
        map(app);
        await app.StartAsync();
        string address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new TestHost(app, new Uri(address).Port) { IsTls = tls };
    }

    /// <summary>No pause of the machine passes for silence.</summary>
    internal static void Calm(EitServerOptions options) => options.Session.Timeout = Patience.Guard;

    /// <summary>No pause of the machine passes for silence: the client dials when the test makes it dial.</summary>
    internal static void Calm(EitConnectionOptions options) => (options.Session.Timeout, options.RacesOnSuspicion) = (Patience.Guard, false);

    /// <summary>Makes a real token for a user.</summary>
    internal string Token(string user, TimeSpan? life = null)
    {
        BearerTokenOptions options = _app.Services.GetRequiredService<IOptionsMonitor<BearerTokenOptions>>().Get(BearerTokenDefaults.AuthenticationScheme);
        var principal = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, user)], BearerTokenDefaults.AuthenticationScheme));
        var properties = new AuthenticationProperties { ExpiresUtc = _app.Services.GetRequiredService<TimeProvider>().GetUtcNow() + (life ?? TimeSpan.FromHours(1)) };
        return options.BearerTokenProtector.Protect(new AuthenticationTicket(principal, properties, $"{BearerTokenDefaults.AuthenticationScheme}:AccessToken"));
    }

    internal EitConnectionOptions ClientOptions(string user = "ada", string path = "/eit", int? port = null) => new()
    {
        Url = new Uri($"wss://127.0.0.1:{port ?? Port}{path}"),
        PinnedCertificateSha256 = CertificateSha256,
        TokenProvider = (_, _) => ValueTask.FromResult<string?>(Token(user)),
        WatchesNetwork = false,
    };

    internal EitConnection Client(string user = "ada", string path = "/eit", int? port = null, Action<EitConnectionOptions>? configure = null, ILoggerFactory? logs = null)
    {
        EitConnectionOptions options = ClientOptions(user, path, port);
        configure?.Invoke(options);
        return new EitConnection(options, logs);
    }

    internal Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private static X509Certificate2 MakeCertificate()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), password: null);
    }
}
