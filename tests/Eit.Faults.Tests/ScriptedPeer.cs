using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using Eit.Chaos;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.Faults.Tests;

/// <summary>A server that shares no code with the product: as much of the protocol as a talk needs, in JSON, and on demand one rule of it broken.</summary>
internal sealed class ScriptedPeer : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, ScriptedSession> _sessions = new();
    private readonly Mutation _mutation;
    private readonly X509Certificate2 _certificate = TestCertificate.Make(TimeProvider.System.GetUtcNow());
    private readonly WebApplication _app;

    private ScriptedPeer(Mutation mutation)
    {
        _mutation = mutation;
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(_certificate)));
        _app = builder.Build();
        _app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.Zero });
        _app.Run(ServeAsync);
    }

    internal int Port { get; private set; }

    /// <summary>What was handed over.</summary>
    internal ConcurrentQueue<string> Processed { get; } = new();

    /// <summary>The hello header of each dial.</summary>
    internal ConcurrentQueue<string> Hellos { get; } = new();

    internal static async Task<ScriptedPeer> StartAsync(Mutation mutation)
    {
        var peer = new ScriptedPeer(mutation);
        await peer._app.StartAsync();
        peer.Port = new Uri(peer._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
        return peer;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ScriptedSession session in _sessions.Values) { await session.DisposeAsync(); }
        await _app.DisposeAsync();
        _certificate.Dispose();
    }

    private async Task ServeAsync(HttpContext context)
    {
        string header = context.Request.Headers["Eit-Hello"].ToString();
        Hellos.Enqueue(header);
        RecordedHello hello = RecordedHello.Read(header);
        context.Response.Headers["Eit-Hello"] = "taken";
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync("eit.v1.json");
        if (hello.IsCycle)
        {
            await socket.CloseAsync((WebSocketCloseStatus)4200, "overloaded", CancellationToken.None);
            return;
        }
        ScriptedSession? session = hello.Session is null ? Begin(context) : _sessions.GetValueOrDefault(hello.Session);
        if (session is null || !session.TryTakeEpoch(hello.Epoch))
        {
            await socket.CloseAsync((WebSocketCloseStatus)4701, "stale-epoch", CancellationToken.None);
            return;
        }
        await session.ServeAsync(socket, hello);
    }

    private ScriptedSession Begin(HttpContext context)
    {
        var pace = TimeSpan.FromMilliseconds(int.Parse(context.Request.Query["pace"].ToString(), CultureInfo.InvariantCulture));
        var session = new ScriptedSession(_mutation, pace, Processed.Enqueue);
        _sessions[session.Id] = session;
        return session;
    }
}
