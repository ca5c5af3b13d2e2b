using System.Net;
using Eit.Connection;

namespace Eit.Faults.Tests;

/// <summary>A server behind a real reverse proxy.</summary>
/// <param name="gateway">The proxy.</param>
/// <param name="idleSeconds">How long nothing may come through it.</param>
/// <param name="timeoutSeconds">The time-out of both ends.</param>
/// <param name="pins">Whether clients trust only the certificate that the proxy has when they are made.</param>
internal sealed class GatewayWorld(Gateway gateway, int idleSeconds, double timeoutSeconds, bool pins) : World
{
    internal Gateway Gateway => gateway;

    internal GatewaySettings Settings => new(Server.Port) { IdleSeconds = idleSeconds };

    protected override IPEndPoint Front => gateway.EndPoint;

    internal static async Task<GatewayWorld> StartAsync(Gateway gateway, int idleSeconds = 30, double timeoutSeconds = 2, bool pins = false)
    {
        var world = new GatewayWorld(gateway, idleSeconds, timeoutSeconds, pins);
        await world.StartServerAsync(timeoutSeconds: timeoutSeconds);
        gateway.Configure(world.Settings);
        await gateway.StartAsync();
        return world;
    }

    protected override EitConnectionOptions ClientOptions()
    {
        EitConnectionOptions options = base.ClientOptions();
        options.Session.Timeout = TimeSpan.FromSeconds(timeoutSeconds);
        if (pins) { (options.CertificateValidation, options.PinnedCertificateSha256) = (null, gateway.CertificateSha256); }
        return options;
    }

    protected override ValueTask TearDownAsync() => gateway.DisposeAsync();
}
