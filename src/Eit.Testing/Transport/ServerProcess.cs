using Eit.Server;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Eit.Testing.Transport;

/// <summary>One life of the application: what would be a process.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ServerClock _clock;
    private readonly EitSessions _sessions;

    private ServerProcess(WebApplication app, MemoryServer server, ServerClock clock)
    {
        (_app, Server, _clock) = (app, server, clock);
        _sessions = app.Services.GetRequiredService<EitSessions>();
        ShutdownTimeout = app.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout;
    }

    internal MemoryServer Server { get; }

    internal IServiceProvider Services => _app.Services;

    /// <summary>What the host gives itself to stop.</summary>
    internal TimeSpan ShutdownTimeout { get; }

    internal static async Task<ServerProcess> StartAsync(ManualTimeProvider time, ulong jitterSeed, EitTestWorldOptions options, Action<WebApplication> map)
    {
        var clock = new ServerClock(time);
        var server = new MemoryServer(clock);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = "Testing" });
        builder.Services.AddSingleton<TimeProvider>(clock);
        builder.Services.AddSingleton<IServer>(server);
        builder.Services.AddRouting();
        builder.Services.AddAuthentication(TestAuthentication.Scheme).AddScheme<AuthenticationSchemeOptions, TestAuthentication>(TestAuthentication.Scheme, configureOptions: null);
        builder.Services.AddAuthorization();
        builder.Services.AddEit(eit =>
        {
            eit.JitterSeed = jitterSeed;
            options.Server?.Invoke(eit);
        });
        options.Build?.Invoke(builder);
        WebApplication app = builder.Build();
        try
        {
            app.UseRouting();
            app.UseAuthentication();
            app.UseAuthorization();
            map(app);
            await app.StartAsync().ConfigureAwait(false);
            return new ServerProcess(app, server, clock);
        }
        catch
        {
            await app.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Stops it as its host does, within <see cref="ShutdownTimeout"/> of the world's time; or it is killed meanwhile.</summary>
    internal async Task StopAsync()
    {
        using var timeUp = new CancellationTokenSource(ShutdownTimeout, _clock);   // The host counts real time.
        Task stopping = Task.Run(() => _app.StopAsync(timeUp.Token));
        if (await Task.WhenAny(stopping, Server.Killed).ConfigureAwait(false) == stopping) { await stopping.ConfigureAwait(false); }
    }

    /// <summary>Lets it die: it does nothing more but what its threads are at.</summary>
    internal void Kill()
    {
        _sessions.Die();
        Server.Kill();
    }

    /// <summary>Disposes of the application's services.</summary>
    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
