using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Eit.Backoff;
using Eit.Chaos;
using Eit.Chaos.Faults;

namespace Eit.Compat;

/// <summary>Clients of each age at servers of each age, with TLS, through a proxy that cuts, holds up, refuses and delays, while clients and servers ask for cycles.</summary>
internal sealed class Pairs(X509Certificate2 certificate, string folder, ulong seed, TimeSpan patience)
{
    private static readonly TimeSpan s_turn = TimeSpan.FromMilliseconds(700);
    private static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan s_endLimit = TimeSpan.FromMinutes(4);
    private readonly Tempo _tempo = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(2), patience);

    /// <summary>Runs all pairs at once.</summary>
    /// <returns>Whether all is well.</returns>
    public async Task<bool> RunAsync(IReadOnlyList<(Age Client, Age Server)> pairs, int clients, TimeSpan time) =>
        (await Task.WhenAll(pairs.Select(pair => RunAsync(pair.Client, pair.Server, clients, time)))).All(static good => good);

    private async Task<bool> RunAsync(Age clientAge, Age serverAge, int count, TimeSpan time)
    {
        string name = $"{clientAge.Name}-client-{serverAge.Name}-server";
        var failures = new List<string>();
        await using EndProcess server = EndProcess.Server(serverAge, Path.Combine(folder, $"{name}.server"), certificate, _tempo);
        if (await server.HearAsync("port", s_startLimit) is not { } port)
        {
            Console.WriteLine($"{name}: the server did not start: {server.Complaints}");
            return false;
        }
        var upstream = new IPEndPoint(IPAddress.Loopback, int.Parse(port, CultureInfo.InvariantCulture));
        await using ChaosProxy proxy = ChaosProxy.Start(new ChaosProxyOptions { Upstream = upstream, Seed = seed });
        proxy.Add(new LatencyFault { Delay = TimeSpan.FromMilliseconds(5), Jitter = TimeSpan.FromMilliseconds(5) });
        await using EndProcess clients = EndProcess.Clients(clientAge, Path.Combine(folder, $"{name}.clients"), certificate, _tempo, count, name, proxy.Port);
        if (await clients.HearAsync("started", s_startLimit) is null) { failures.Add($"the clients did not connect: {clients.Complaints}"); }
        else { await TroubleAsync(proxy, time); }
        proxy.Clear();
        clients.Tell("stop");
        string? counts = await clients.HearAsync("cycles", s_endLimit);
        if (!await clients.EndedAsync(s_endLimit)) { failures.Add($"the clients failed: {clients.Complaints}"); }
        server.Tell("stop");
        if (!await server.EndedAsync(s_endLimit)) { failures.Add($"the server failed: {server.Complaints}"); }

        Verdict verdict = Judge.Of([server.Notes, clients.Notes], sessionsMayEnd: false, failures);
        verdict.Print(name);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {count} clients for {time.TotalSeconds:0} s: cycles {counts}, {proxy.Counters.Accepted} connections, {proxy.Counters.EndedByFaults} of them cut"));
        return verdict.IsGood;
    }

    /// <summary>Lets something go wrong in half of the turns; in the others cycles come to their end.</summary>
    private async Task TroubleAsync(ChaosProxy proxy, TimeSpan time)
    {
        var chance = new SeededJitter(seed);
        using var timer = new PeriodicTimer(s_turn);
        while (proxy.Now < time && await timer.WaitForNextTickAsync())
        {
            proxy.Remove("hole");
            proxy.Remove("refuse");
            switch ((int)(chance.Next() * 10))
            {
                case 0:
                    proxy.CutAll(CutWay.Reset);
                    break;
                case 1:
                    proxy.CutAll(CutWay.Close);
                    break;
                case 2 or 3:
                    foreach (ChaosConnection connection in proxy.Connections.Where(_ => chance.Next() < 0.5)) { connection.Add(new CutFault { Midway = true }); }
                    break;
                case 4:
                    proxy.Set("hole", new BlackHoleFault { Direction = chance.Next() < 0.5 ? ChaosDirection.Up : ChaosDirection.Down });
                    break;
                case 5:
                    proxy.Set("refuse", new RefuseFault());
                    proxy.CutAll(CutWay.Reset);
                    break;
                default:
                    break;
            }
        }
    }
}
