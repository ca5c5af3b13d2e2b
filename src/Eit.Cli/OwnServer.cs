using System.Net;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Eit.Chaos;
using Eit.Protocol.Session;
using Eit.Server;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.BearerToken;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Eit.Cli;

/// <summary>A server of the tool's own: Kestrel in this process, TLS with a certificate of its own, bearer tokens that it has issued. Nothing of it is written to a disk.</summary>
internal sealed class OwnServer : IAsyncDisposable
{
    internal const string Path = "/talk";

    private static readonly TimeSpan s_tokenLife = TimeSpan.FromMinutes(30);

    private readonly WebApplication _app;
    private readonly X509Certificate2 _certificate;
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource _met = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile EitSession? _session;

    private OwnServer(SessionSettings session, TimeProvider time, Func<EitSession, string, ValueTask> onMessage)
    {
        (_certificate, _time) = (TestCertificate.Make(time.GetUtcNow()), time);

        // Empty: no environment variable, file or log of the machine changes what the verb does.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = Environments.Production });
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(_certificate)));
        builder.Services.AddSingleton<IHostLifetime, CommandLineLifetime>();
        builder.Services.AddSingleton<IDataProtectionProvider, EphemeralDataProtectionProvider>();
        builder.Services.AddRouting();
        builder.Services.AddAuthentication(BearerTokenDefaults.AuthenticationScheme).AddBearerToken();
        builder.Services.AddEit(options => options.Session = session);
        _app = builder.Build();
        _app.MapEit(Path, (from, text) =>
        {
            _session = from;
            _met.TrySetResult();
            return onMessage(from, text);
        });
    }

    internal int Port { get; private set; }

    internal string CertificateSha256 => Convert.ToHexString(SHA256.HashData(_certificate.RawData));

    /// <summary>Gets a task that ends when the first message of the client has come, so that <see cref="Session"/> is known.</summary>
    internal Task Met => _met.Task;

    internal EitSession Session => _session ?? throw new InvalidOperationException("The client has not been met.");

    internal static async Task<OwnServer> StartAsync(SessionSettings session, TimeProvider time, Func<EitSession, string, ValueTask> onMessage, CancellationToken cancellationToken)
    {
        var server = new OwnServer(session, time, onMessage);
        await server._app.StartAsync(cancellationToken);
        string address = server._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        server.Port = new Uri(address).Port;
        return server;
    }

    /// <summary>Issues a token as a sign-in would; the server reads it again with each request.</summary>
    internal string IssueToken(string user)
    {
        const string Scheme = BearerTokenDefaults.AuthenticationScheme;
        BearerTokenOptions options = _app.Services.GetRequiredService<IOptionsMonitor<BearerTokenOptions>>().Get(Scheme);
        var principal = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, user)], Scheme));
        var properties = new AuthenticationProperties { ExpiresUtc = _time.GetUtcNow() + s_tokenLife };
        return options.BearerTokenProtector.Protect(new AuthenticationTicket(principal, properties, $"{Scheme}:AccessToken"));
    }

    internal Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _certificate.Dispose();
    }
}
