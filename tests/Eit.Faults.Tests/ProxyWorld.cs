using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Eit.Chaos;
using Eit.Chaos.Faults;
using Eit.Cli;

namespace Eit.Faults.Tests;

/// <summary>A server behind a <see cref="ChaosProxy"/>.</summary>
internal sealed class ProxyWorld : World
{
    private ScriptedPeer? _peer;
    private ChaosProxy? _proxy;
    private X509Certificate2? _certificate;
    private int _set;

    internal ChaosProxy Proxy => _proxy!;

    protected override IPEndPoint Front => Proxy.EndPoint;

    protected override IEnumerable<string> Processed => _peer?.Processed ?? base.Processed;

    private int Upstream => _peer?.Port ?? Server.Port;

    private IEnumerable<string> Hellos => _peer?.Hellos ?? Server.Hellos;

    /// <param name="readsFrames">Whether the proxy sees frames, which are JSON then.</param>
    /// <param name="peer">What stands in for the server; null for a real one.</param>
    internal static async Task<ProxyWorld> StartAsync(bool readsFrames, ScriptedPeer? peer = null)
    {
        var world = new ProxyWorld { _peer = peer };
        if (peer is null) { await world.StartServerAsync(); }
        world._certificate = readsFrames ? TestCertificate.Make(TimeProvider.System.GetUtcNow()) : null;
        world._proxy = ChaosProxy.Start(new ChaosProxyOptions
        {
            Upstream = new IPEndPoint(IPAddress.Loopback, world.Upstream),
            Certificate = world._certificate,
            UpstreamTls = readsFrames ? new SslClientAuthenticationOptions { TargetHost = "127.0.0.1", RemoteCertificateValidationCallback = AnyCertificate.Take } : null,
            ReadsFrames = readsFrames,
            EventsMax = 100_000,
            Seed = 1,
        });
        return world;
    }

    /// <summary>Sets a fault under a name that it never had.</summary>
    internal string Set(string fault)
    {
        string name = $"fault {++_set}";
        Proxy.Set(name, ChaosFault.Parse(fault));
        return name;
    }

    /// <summary>Waits until a fault has done something.</summary>
    internal Task UntilActedAsync(string name) =>
        Proxy.WaitForAsync(happened => happened.Fault == name && happened.Kind is ChaosEventKind.Acted or ChaosEventKind.Ended).Soon();

    /// <summary>Plays the last hello that resumed a session again, past the proxy.</summary>
    internal async Task IntrudeAsync()
    {
        static bool Resumes(string header) => RecordedHello.Read(header) is { Session: not null, IsCycle: false };
        await Patience.UntilAsync(() => Hellos.Any(Resumes));      // The server tells of it beside the conversation.
        string hello = Hellos.Last(Resumes);
        if (await Intruder.TryAsync(Upstream, hello)) { Problems.Add("an intruder was let into a session"); }
    }

    protected override async ValueTask TearDownAsync()
    {
        await Proxy.DisposeAsync();
        if (_peer is not null) { await _peer.DisposeAsync(); }
        _certificate?.Dispose();
    }
}
