using System.Net;
using Eit.Connection;

namespace Eit.Faults.Tests;

/// <summary>A server behind a real reverse proxy.</summary>
/// <param name="gateway">The proxy.</param>
/// <param name="idleSeconds">How long nothing may come through it.</param>
/// <param name="timeoutSeconds">The time-out of both ends.</param>
internal sealed class GatewayWorld(Gateway gateway, int idleSeconds, double timeoutSeconds) : World
{
    internal Gateway Gateway => gateway;

    internal GatewaySettings Settings => new(Server.Port) { IdleSeconds = idleSeconds };

    protected override IPEndPoint Front => gateway.EndPoint;

    internal static async Task<GatewayWorld> StartAsync(Gateway gateway, int idleSeconds = 30, double timeoutSeconds = 2)
    {
        var world = new GatewayWorld(gateway, idleSeconds, timeoutSeconds);
        await world.StartServerAsync(timeoutSeconds: timeoutSeconds);
        gateway.Configure(world.Settings);
        await gateway.StartAsync();
        return world;
    }

    protected override EitConnectionOptions ClientOptions()
    {
        EitConnectionOptions options = base.ClientOptions();
        options.Session.Timeout = TimeSpan.FromSeconds(timeoutSeconds);
        return options;
    }

    protected override ValueTask TearDownAsync() => gateway.DisposeAsync();
}
