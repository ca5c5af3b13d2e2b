using System.Globalization;
using System.Security.Cryptography.X509Certificates;

namespace Eit.Compat;

/// <summary>A server of one age is drained while one of the other age takes its place behind a relay, and is replaced in its turn: a deployment, and the way back. Half of the clients are of each age.</summary>
internal sealed class Replacement(X509Certificate2 certificate, string folder, TimeSpan patience)
{
    private static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_endLimit = TimeSpan.FromMinutes(4);
    private readonly Tempo _tempo = new(TimeSpan.FromMilliseconds(1_000), TimeSpan.FromSeconds(20), patience);

    /// <summary>Puts one server after the other in charge.</summary>
    /// <param name="servers">Their ages.</param>
    /// <param name="clientAges">The ages of the clients.</param>
    /// <param name="count">How many clients there are of each age.</param>
    /// <param name="time">How long each server is in charge.</param>
    /// <returns>Whether all is well.</returns>
    public async Task<bool> RunAsync(IReadOnlyList<Age> servers, IReadOnlyList<Age> clientAges, int count, TimeSpan time)
    {
        string name = $"replacement-{string.Join('-', servers.Select(static age => age.Name))}";
        var failures = new List<string>();
        var notes = new List<string>();
        (EndProcess current, int port) = await StartAsync(servers[0], $"{name}.server-1", notes, failures);
        await using var relay = new Relay(port);
        EndProcess[] clients = [.. clientAges.Select(age => EndProcess.Clients(age, Path.Combine(folder, $"{name}.{age.Name}-clients"), certificate, _tempo, count, $"{age.Name}-client", relay.Port))];
        notes.AddRange(clients.Select(static process => process.Notes));
        try
        {
            foreach (EndProcess process in clients)
            {
                if (await process.HearAsync("started", s_startLimit) is null) { failures.Add($"the {process.Age.Name} clients did not connect: {process.Complaints}"); }
            }
            using var timer = new PeriodicTimer(time);
            for (int i = 1; failures.Count == 0 && i < servers.Count; i++)
            {
                await timer.WaitForNextTickAsync();
                (EndProcess next, port) = await StartAsync(servers[i], string.Create(CultureInfo.InvariantCulture, $"{name}.server-{i + 1}"), notes, failures);
                relay.TurnTo(port);
                await StopAsync(current, failures);
                current = next;
            }
            if (failures.Count == 0) { await timer.WaitForNextTickAsync(); }
            string?[] counts = await Task.WhenAll(clients.Select(process => EndAsync(process, failures)));
            await StopAsync(current, failures);

            Verdict verdict = Judge.Of(notes, sessionsMayEnd: true, failures);
            verdict.Print(name);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {count * clients.Length} clients, {relay.Carried} connections, cycles {string.Join("; ", counts)}"));
            return verdict.IsGood;
        }
        finally
        {
            foreach (EndProcess process in clients) { await process.DisposeAsync(); }
            await current.DisposeAsync();
        }
    }

    private async Task<(EndProcess Server, int Port)> StartAsync(Age age, string file, List<string> notes, List<string> failures)
    {
        EndProcess server = EndProcess.Server(age, Path.Combine(folder, file), certificate, _tempo);
        notes.Add(server.Notes);
        string? port = await server.HearAsync("port", s_startLimit);
        if (port is null) { failures.Add($"the {age.Name} server did not start: {server.Complaints}"); }
        return (server, int.Parse(port ?? "0", CultureInfo.InvariantCulture));
    }

    private static async Task StopAsync(EndProcess server, List<string> failures)
    {
        server.Tell("stop");
        if (!await server.EndedAsync(s_endLimit)) { failures.Add($"the {server.Age.Name} server failed: {server.Complaints}"); }
        await server.DisposeAsync();
    }

    private static async Task<string?> EndAsync(EndProcess clients, List<string> failures)
    {
        clients.Tell("stop");
        string? counts = await clients.HearAsync("cycles", s_endLimit);
        bool isWell = await clients.EndedAsync(s_endLimit);
        lock (failures)
        {
            if (!isWell) { failures.Add($"the {clients.Age.Name} clients failed: {clients.Complaints}"); }
        }
        return counts;
    }
}
