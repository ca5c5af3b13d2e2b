using Eit.Connection;
using Eit.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Eit.Rpc.Tests;

/// <summary>A real server whose clients call, behind a relay that fails on command.</summary>
internal sealed class RpcHost : IAsyncDisposable
{
    private RpcHost(TestHost host)
    {
        Host = host;
        Relay = new FaultRelay(host.Port);
    }

    internal TestHost Host { get; }

    internal FaultRelay Relay { get; }

    /// <summary>Gets options with which nothing hangs on how long a method, or a thread of the test, is held up when its session ends.</summary>
    internal static RpcOptions Options => new() { Json = TestJson.Default, StopLimit = Patience.Guard };

    internal static async Task<RpcHost> StartAsync(Func<HttpContext, RpcSession?> createSession, Action<RpcOptions>? configure = null, CapturedLogs? logs = null, bool plain = false, bool tls = true, RpcSessionsOptions? groups = null, Func<WebApplication, RpcOptions, IEndpointConventionBuilder>? map = null)
    {
        RpcOptions options = Options;
        configure?.Invoke(options);
        return new RpcHost(await TestHost.StartAsync(
            app =>
            {
                IEndpointConventionBuilder endpoint = map?.Invoke(app, options) ?? app.MapEitRpc("/eit", createSession, options);
                if (plain) { endpoint.WithPlainClients("access_token"); }
            },
            configure: server =>
            {
                if (!tls) { server.ExemptForDevelopment(unencrypted: true, anonymous: true, "Testing"); }
                server.SpreadMin = TimeSpan.FromMilliseconds(10);
            },
            build: builder =>
            {
                builder.Services.AddEitRpc(groups ?? new RpcSessionsOptions { Json = TestJson.Default });
                if (logs is not null) { builder.Services.AddSingleton<ILoggerFactory>(logs); }
            },
            tls: tls));
    }

    /// <summary>Starts a server all of whose sessions have the same api.</summary>
    internal static Task<RpcHost> StartAsync(RpcApi api, Action<RpcOptions>? configure = null, CapturedLogs? logs = null) => StartAsync(_ => new RpcSession { Api = api }, configure, logs);

    internal RpcConnection Client(Action<RpcOptions>? configure = null, string user = "ada")
    {
        RpcOptions options = Options;
        configure?.Invoke(options);
        EitConnection connection = Host.Client(user, port: Relay.Port, configure: client => client.Redial = client.Redial with { FirstWait = TimeSpan.FromMilliseconds(10), LongestWait = TimeSpan.FromMilliseconds(100) });
        return connection.UseRpc(options);
    }

    internal async Task<RpcConnection> ConnectAsync(Action<RpcOptions>? configure = null, string user = "ada", Action<RpcConnection>? prepare = null)
    {
        RpcConnection client = Client(configure, user);
        prepare?.Invoke(client);
        await client.Connection.StartAsync().Soon();
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        await Relay.DisposeAsync();
        await Host.DisposeAsync();
    }
}
