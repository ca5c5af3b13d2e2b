using System.Net.Security;
using System.Security.Cryptography;
using Eit.Chaos;
using Eit.Protocol.Session;
using Eit.Server;
using Eit.Server.Channels;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Eit.Cli.Serve;

/// <summary>The server that a configuration describes.</summary>
internal sealed class ServeHost : IAsyncDisposable
{
    private static readonly TimeSpan s_stopMargin = TimeSpan.FromSeconds(10);

    private readonly ServeConfig _config;
    private readonly WebApplication _app;
    private readonly WatchedFiles<SslStreamCertificateContext>? _certificate;
    private readonly SslStreamCertificateContext? _devCertificate;

    /// <summary>Makes a server that has not been started.</summary>
    /// <exception cref="FormatException">A file of the configuration can't be used; the message begins with the key.</exception>
    internal ServeHost(ServeConfig config, TimeProvider time)
    {
        _config = config;
        ServeLog? log = null;
        void Report(string path, FormatException? wrong) => log?.FileChanged(path, wrong);
        var tokens = Named("tokens", () => new WatchedFiles<TokenTable>([config.Tokens!], () => TokenTable.Read(config.Tokens!), Report));
        if (config.DevCertificate) { _devCertificate = SslStreamCertificateContext.Create(TestCertificate.Make(time.GetUtcNow()), additionalCertificates: null, offline: true); }
        else
        {
            string[] files = [config.Certificate!, .. config.CertificateKey is { } key ? [key] : Array.Empty<string>(), .. config.CertificatePasswordFile is { } password ? [password] : Array.Empty<string>()];
            _certificate = Named("certificate", () => new WatchedFiles<SslStreamCertificateContext>(files, () => ServeCertificate.Read(config.Certificate!, config.CertificateKey, config.CertificatePasswordFile), Report));
        }
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = Environments.Production });
        Configure(builder, tokens);
        _app = builder.Build();
        log = _app.Services.GetRequiredService<ServeLog>();
        Map();
    }

    /// <summary>Gets where it listens, once it is started.</summary>
    internal IEnumerable<string> Addresses => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;

    internal EitSessions Sessions => _app.Services.GetRequiredService<EitSessions>();

    internal string CertificateSha256 => Convert.ToHexString(SHA256.HashData(Certificate.TargetCertificate.RawData));

    private SslStreamCertificateContext Certificate => _devCertificate ?? _certificate!.Value;

    /// <summary>Starts it.</summary>
    /// <exception cref="IOException">It can't listen.</exception>
    internal Task StartAsync(CancellationToken cancellationToken) => _app.StartAsync(cancellationToken);

    /// <summary>Asks the clients to go elsewhere, waits for that within the drain window, and stops.</summary>
    internal Task StopAsync() => _app.StopAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static T Named<T>(string key, Func<T> make)
    {
        try { return make(); }
        catch (FormatException wrong) { throw new FormatException($"{key}: {wrong.Message}.", wrong); }
    }

    private void Configure(WebApplicationBuilder builder, WatchedFiles<TokenTable> tokens)
    {
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            foreach (System.Net.IPEndPoint address in _config.Listen)
            {
                kestrel.Listen(address, listen => listen.UseHttps(new TlsHandshakeCallbackOptions
                {
                    OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificateContext = Certificate }),
                }));
            }
        });
        builder.Logging.SetMinimumLevel(Enum.Parse<LogLevel>(_config.LogLevel, ignoreCase: true)).AddFilter("Microsoft", LogLevel.Warning).AddConsole(static console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        if (_config.LogFormat == "json") { builder.Logging.AddJsonConsole(static json => json.UseUtcTimestamp = true); }
        else
        {
            builder.Logging.AddSimpleConsole(static text =>
            {
                text.SingleLine = true;
                text.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
                text.UseUtcTimestamp = true;
            });
        }
        builder.Services.AddSingleton<IHostLifetime, CommandLineLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = _config.DrainWindow + s_stopMargin);
        builder.Services.AddSingleton<ServeLog>().AddSingleton(tokens).AddRouting();
        builder.Services.AddAuthentication(TokenScheme.Name).AddScheme<AuthenticationSchemeOptions, TokenScheme>(TokenScheme.Name, configureOptions: null);
        builder.Services.AddEit(options =>
        {
            options.Session = new SessionSettings { MessageBytesMax = _config.MessageBytesMax, ResumeWindow = _config.ResumeWindow };
            options.Limits = new DirectoryLimits { SessionsMax = _config.SessionsMax, SessionsPerPrincipalMax = _config.SessionsPerUserMax };
            options.DrainWindow = _config.DrainWindow;
            options.Admits = PlainOnly.Admits;
            foreach (string origin in _config.Origins) { options.AllowedOrigins.Add(origin); }
        });
    }

    private void Map()
    {
        _app.MapGet("/healthz", static context => context.Response.WriteAsync("ok\n"));
        _app.MapGet("/readyz", context =>
        {
            bool isReady = !Sessions.IsDraining;
            context.Response.StatusCode = isReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
            return context.Response.WriteAsync(isReady ? "ready\n" : "draining\n");
        });
        foreach (ServeEndpoint endpoint in _config.Endpoints)
        {
            IEndpointConventionBuilder mapped = endpoint.Handler == "relay" ? _app.MapEitChannels<RelayHandler>(endpoint.Path) : _app.MapEit<EchoHandler>(endpoint.Path);
            if (endpoint.Mode != ServeMode.Eit) { mapped.WithPlainClients(); }
            if (endpoint.Mode == ServeMode.Plain) { mapped.WithMetadata(new PlainOnly()); }
        }
    }
}
