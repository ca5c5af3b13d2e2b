using System.Net.Security;
using System.Net.Sockets;
using System.Reflection;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Eit.Cli.Serve.Exec;
using Eit.Protocol.Session;
using Eit.Server;
using Eit.Server.Channels;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace Eit.Cli.Serve;

/// <summary>The server that a configuration describes.</summary>
internal sealed class ServeHost : IAsyncDisposable
{
    private static readonly TimeSpan s_stopMargin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_requestLimit = TimeSpan.FromSeconds(10);   // For a request to begin, and to end; the TLS handshake has as long before it.

    private readonly TimeProvider _time;
    private readonly ServeFiles _files;
    private readonly List<ExecEndpoint> _execs = [];
    private readonly Lock _reloading = new();
    private readonly ServeRoom _room;
    private readonly WebApplication _app;
    private readonly ServeLog? _log;                               // There are reports before there is a log.
    private volatile ServeConfig _config;

    /// <summary>Makes a server that has not been started.</summary>
    /// <exception cref="FormatException">A file of the configuration can't be used; the message begins with the key.</exception>
    internal ServeHost(ServeConfig config, TimeProvider time)
    {
        (_config, _time, _room) = (config, time, ServeRoom.Of(ServeRoom.ReadDescriptors(), config.SessionsMax));
        if (_room.Descriptors < ServeRoom.DescriptorsMin) { throw new FormatException($"sessionsMax: {_room.Fault}."); }
        _files = new ServeFiles(config, time, (path, wrong) => _log?.FileChanged(path, wrong));
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = Environments.Production });
        Configure(builder);
        _app = builder.Build();
        _log = _app.Services.GetRequiredService<ServeLog>();
        Map();
        if (_room.Fault is { } fault) { _log.SessionsDoNotFit(fault); }
    }

    /// <summary>Gets the configuration that counts now.</summary>
    internal ServeConfig Config => _config;

    /// <summary>Gets where it listens, once it is started.</summary>
    internal IEnumerable<string> Addresses => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;

    internal EitSessions Sessions => _app.Services.GetRequiredService<EitSessions>();

    internal EitChannels Channels => _app.Services.GetRequiredService<EitChannels>();

    internal ServeCounters Counters => _app.Services.GetRequiredService<ServeCounters>();

    internal ServeLog Log => _log!;

    internal string CertificateSha256 => Convert.ToHexString(SHA256.HashData(_files.Certificate.TargetCertificate.RawData));

    /// <summary>Starts it.</summary>
    /// <exception cref="IOException">It can't listen.</exception>
    internal async Task StartAsync(CancellationToken cancellationToken)
    {
        LoadReferences();
        await _app.StartAsync(cancellationToken);
        foreach (ExecEndpoint exec in _execs) { exec.Start(); }
    }

    /// <summary>Takes of another configuration what a server that runs can take, and reads its files again.</summary>
    /// <exception cref="FormatException">One of its files can't be used: nothing has changed.</exception>
    internal ServeReload Reload(ServeConfig next)
    {
        lock (_reloading)
        {
            var reload = ServeReload.Between(_config, next);
            _files.Reload(next);
            _config = _config with
            {
                ServerName = next.ServerName,
                Certificate = next.Certificate,
                CertificateKey = next.CertificateKey,
                CertificatePasswordFile = next.CertificatePasswordFile,
                DevCertificate = next.DevCertificate,
                Tokens = next.Tokens,
                ClientAuthorities = next.ClientAuthorities,
                DrainWindow = next.DrainWindow,
                LogLevel = next.LogLevel,
            };
            _app.Services.GetRequiredService<IOptions<EitServerOptions>>().Value.DrainWindow = next.DrainWindow;
            _app.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout = next.DrainWindow + s_stopMargin;
            return reload;
        }
    }

    /// <summary>Asks the clients to go elsewhere, waits for that within the drain window, and stops.</summary>
    internal Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_execs.Select(static exec => exec.DisposeAsync().AsTask()));
        await _app.DisposeAsync();
    }

    /// <summary>Loads what Eit refers to: when no descriptor is left, no file can be opened, and what could not be loaded once is never tried again.</summary>
    private static void LoadReferences()
    {
        Assembly[] own = [.. AppDomain.CurrentDomain.GetAssemblies().Where(static one => one.GetName().Name is { } name && (name == "eit" || name.StartsWith("Eit.", StringComparison.Ordinal)))];
        foreach (AssemblyName name in own.SelectMany(static one => one.GetReferencedAssemblies()).DistinctBy(static name => name.FullName)) { Assembly.Load(name); }
    }

    private void Configure(WebApplicationBuilder builder)
    {
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.KeepAliveTimeout = s_requestLimit;
            kestrel.Limits.RequestHeadersTimeout = s_requestLimit;
            kestrel.Limits.MaxConcurrentUpgradedConnections = _room.Upgraded;
            ConnectionGate gate = kestrel.ApplicationServices.GetRequiredService<ConnectionGate>();
            foreach (System.Net.EndPoint address in _config.Listen)
            {
                bool isLocalSocket = address is UnixDomainSocketEndPoint;
                if (isLocalSocket) { RemoveDead(address); }
                kestrel.Listen(address, listen =>
                {
                    listen.Use(next => connection => gate.PassAsync(connection, next));
                    if (isLocalSocket) { return; }                // A proxy of this machine ends TLS.
                    listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(TlsNow()) });
                });
            }
        });
        builder.Logging.SetMinimumLevel(LogLevel.Trace).AddFilter(IsLogged).AddConsole(static console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        if (_config.LogFormat == "json") { builder.Logging.AddJsonConsole(static json => json.UseUtcTimestamp = true); }
        else
        {
            builder.Logging.AddConsole(static console => console.FormatterName = ServeFormatter.Named).AddConsoleFormatter<ServeFormatter, ConsoleFormatterOptions>();
        }
        builder.Services.AddSingleton<IHostLifetime, CommandLineLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = _config.DrainWindow + s_stopMargin);
        builder.Services.AddSingleton<ServeLog>().AddSingleton(_room).AddSingleton<ConnectionGate>().AddSingleton<ServeCounters>().AddSingleton(_files).AddRouting();
        AuthenticationBuilder authentication = builder.Services.AddAuthentication(TokenScheme.Name).AddScheme<AuthenticationSchemeOptions, TokenScheme>(TokenScheme.Name, configureOptions: null);
        if (_config.BearerKeys is { } keys)
        {
            if (!Directory.Exists(keys)) { throw new FormatException($"bearerKeys: {keys} does not exist."); }
            builder.Services.AddDataProtection().SetApplicationName(_config.BearerApplication).PersistKeysToFileSystem(new DirectoryInfo(keys)).DisableAutomaticKeyGeneration();
            authentication.AddBearerToken();
        }
        builder.Services.AddEit(options =>
        {
            options.Session = SettingsOf(_config);
            options.HelloLimit = _config.HelloTimeout;
            options.Limits = new DirectoryLimits
            {
                SessionsMax = _config.SessionsMax,
                SessionsPerOwnerMax = _config.SessionsPerUserMax,
                HeldBytesMax = BytesOf(_config.HeldMebibytesMax),
                HeldBytesPerOwnerMax = BytesOf(_config.HeldMebibytesPerUserMax),
            };
            options.DrainWindow = _config.DrainWindow;
            options.Admits = PlainOnly.Admits;
            options.TrustsUnixSockets = true;                     // Who configures one has chosen it.
            foreach (string origin in _config.Origins) { options.AllowedOrigins.Add(origin); }
        });
    }

    /// <summary>Removes a socket that a server has left which was killed.</summary>
    private static void RemoveDead(System.Net.EndPoint address)
    {
        string path = address.ToString()!;
        if (!Path.Exists(path)) { return; }
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try { socket.Connect(address); }
        catch (SocketException failure) when (failure.SocketErrorCode == SocketError.ConnectionRefused && FileFacts.Of(path) is not { IsRegular: true }) { File.Delete(path); }
        catch (SocketException)
        {
            // Whatever it is: that the server can't listen there says more.
        }
    }

    /// <summary>What the next connection is offered. Where there are authorities a client is asked for a certificate; one without any needs a token.</summary>
    private SslServerAuthenticationOptions TlsNow()
    {
        var tls = new SslServerAuthenticationOptions { ServerCertificateContext = _files.Certificate };
        if (_files.ClientAuthorities is not { Count: > 0 } authorities) { return tls; }
        tls.ClientCertificateRequired = true;
        tls.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        tls.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        tls.RemoteCertificateValidationCallback = static (_, certificate, _, errors) => certificate is null || errors == SslPolicyErrors.None;
        return tls;
    }

    /// <summary>What the framework says of each request: of one that is refused the endpoint says it, once for each source and minute.</summary>
    private static bool IsForeign(string category) => category.StartsWith("Microsoft", StringComparison.Ordinal) || category == typeof(TokenScheme).FullName;

    private bool IsLogged(string? category, LogLevel level) =>
        level >= Enum.Parse<LogLevel>(_config.LogLevel, ignoreCase: true) && (level >= LogLevel.Warning || category is null || !IsForeign(category));

    private static long? BytesOf(int mebibytes) => mebibytes == 0 ? null : mebibytes * 1024L * 1024L;

    /// <summary>What holds messages has room for the largest.</summary>
    private static SessionSettings SettingsOf(ServeConfig config)
    {
        var settings = new SessionSettings { MessageBytesMax = config.MessageBytesMax, ResumeWindow = config.ResumeWindow, Timeout = config.IdleTimeout };
        settings.WindowBytes = Math.Max(settings.WindowBytes, config.MessageBytesMax);
        settings.OutboxBytesMax = Math.Max(settings.OutboxBytesMax, config.MessageBytesMax);
        return settings;
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
            IEndpointConventionBuilder mapped = MapHandler(endpoint);
            if (endpoint.Mode != ServeMode.Eit) { mapped.WithPlainClients(); }
            if (endpoint.Mode == ServeMode.Plain) { mapped.WithMetadata(new PlainOnly()); }
        }
    }

    private IEndpointConventionBuilder MapHandler(ServeEndpoint endpoint)
    {
        if (endpoint.Command is null) { return endpoint.Handler == "relay" ? _app.MapEitChannels<RelayHandler>(endpoint.Path) : _app.MapEit<EchoHandler>(endpoint.Path); }
        var exec = new ExecEndpoint(endpoint, _config, Sessions, Counters, Log, _time);
        _execs.Add(exec);
        return _app.MapEit(endpoint.Path, _ => new ExecHandler(exec, Counters));
    }
}
