using Eit.Connection;
using Eit.Server;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.Testing.Tests;

internal static class Worlds
{
    internal static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    /// <summary>A world whose sessions, at /, are a notebook's.</summary>
    internal static Task<EitTestWorld> StartAsync(Notebook notebook, ulong seed = 7, TimeSpan? busyLimit = null, Action<EitServerOptions>? server = null) =>
        EitTestWorld.StartAsync(app => app.MapEit<Notebook>("/"), new EitTestWorldOptions
        {
            Seed = seed,
            Server = server,
            BusyLimit = busyLimit ?? Seconds(30),
            Build = builder => builder.Services.AddSingleton(notebook),
        });

    internal static async Task<EitConnection> StartClientAsync(this EitTestWorld world, string path = "/", string? user = "ada", EitTestNetwork? network = null, Action<EitConnectionOptions>? configure = null)
    {
        EitConnection client = world.CreateClient(path, user, network, configure);
        await world.RunAsync(client.StartAsync());
        return client;
    }

    /// <summary>Waits on the world's clock.</summary>
    internal static async Task WaitAsync(TimeProvider time, TimeSpan by)
    {
        using var timer = new PeriodicTimer(by, time);
        await timer.WaitForNextTickAsync();
    }
}
