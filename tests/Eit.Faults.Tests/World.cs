using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Eit.Backoff;
using Eit.Cli;
using Eit.Connection;
using Eit.EndToEnd.Tests;
using Eit.Protocol.Session;

namespace Eit.Faults.Tests;

/// <summary>Servers in processes of their own, clients in this one that talk with them, and whatever a family of scenarios puts in between.</summary>
internal abstract class World : IAsyncDisposable
{
    private const int Warmed = 4;

    private readonly List<ServerProcess> _servers = [];

    internal List<Talk> Talks { get; } = [];

    /// <summary>The server that was started last.</summary>
    internal ServerProcess Server => _servers[^1];

    /// <summary>What is wrong beyond single messages.</summary>
    internal List<string> Problems { get; } = [];

    /// <summary>Where the clients dial.</summary>
    protected abstract IPEndPoint Front { get; }

    /// <summary>What the servers' handlers have finished with.</summary>
    protected virtual IEnumerable<string> Processed => _servers.SelectMany(static server => server.Processed);

    /// <summary>Starts a server: time-out 2 s, spread 100 ms.</summary>
    internal async Task<ServerProcess> StartServerAsync(
        string listen = "127.0.0.1:0", double spreadSeconds = 0.1, double timeoutSeconds = 2, IReadOnlyList<string>? under = null, IEnumerable<(string Name, string Value)>? environment = null)
    {
        string[] settings = [string.Create(CultureInfo.InvariantCulture, $"spread={spreadSeconds}"), string.Create(CultureInfo.InvariantCulture, $"timeout={timeoutSeconds}")];
        _servers.Add(await ServerProcess.StartAsync(listen, settings, under ?? [], environment));
        return Server;
    }

    /// <summary>What the clients went through, for who wants to know why it took so long.</summary>
    internal string Story => string.Concat(Talks.SelectMany(static talk => talk.Story).OrderBy(static told => told.At).Select(static told => string.Create(CultureInfo.InvariantCulture, $"\n    {told.At.TotalMilliseconds,8:F0} ms  {told.What}")));

    internal async Task BeginTalksAsync(int count, TalkOptions options)
    {
        for (int i = 0; i < count; i++) { Talks.Add(new Talk($"client{i}", ClientOptions(), options)); }
        await Parallel.ForEachAsync(Talks, new ParallelOptions { MaxDegreeOfParallelism = 16 }, static async (talk, _) => await talk.StartAsync());
        await CycleAsync(Talks.Take(Warmed));                      // So that the first recovery does not measure a compiler.
    }

    internal Task<Recovery[]> AskAllAsync() => Task.WhenAll(Talks.Select(static async talk =>
    {
        TimeSpan starved = Starvation.Now;
        TimeSpan took = await talk.AskAsync();
        return new Recovery(took, Starvation.Now - starved);
    }));

    /// <summary>Asks all while a fault lasts that must not keep them from an answer.</summary>
    internal async Task AskAllMeanwhileAsync()
    {
        Recovery slowest = (await AskAllAsync()).MaxBy(static answer => answer.Took);
        if (slowest.IsBeyond(Bounds.Loud)) { Problems.Add(string.Create(CultureInfo.InvariantCulture, $"meanwhile an answer took {slowest.Took.TotalMilliseconds:F0} ms")); }
    }

    internal void ExpectAll(Func<Talk, bool> isSo, string what)
    {
        int others = Talks.Count(talk => !isSo(talk));
        if (others > 0) { Problems.Add($"not each client {what}, but for {others}"); }
    }

    /// <summary>Tells of clients that are connected although a fault keeps them from it: then it does not do what it says.</summary>
    internal void ExpectNobodyConnected()
    {
        int connected = Talks.Count(static talk => talk.Client.IsConnected);
        if (connected > 0) { Problems.Add($"the fault did not keep {connected} clients away"); }
    }

    /// <summary>Asks all clients to move to a new transport now; where the fault forbids it they stay.</summary>
    internal Task CycleAllAsync() => CycleAsync(Talks);

    /// <summary>Ends the talks and the servers.</summary>
    internal async Task<Finding> FinishTalksAsync()
    {
        await Task.WhenAll(Talks.Select(static talk => talk.EndAsync()));
        foreach (ServerProcess server in _servers) { await server.KillAsync(); }   // So that all that it has said is read.
        return Talks.Aggregate(Finding.Nothing, (sum, talk) => sum.Plus(talk.Judge(Processed)));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Talk talk in Talks) { await talk.DisposeAsync(); }
        await TearDownAsync();
        foreach (ServerProcess server in _servers) { await server.DisposeAsync(); }
    }

    /// <summary>What the clients are told: time-out 2 s, dials 2 s, back-off up to 0.5 s, and each loss counts as a first one, because here they come far more often than on any network.</summary>
    protected virtual EitConnectionOptions ClientOptions() => new()
    {
        Url = new Uri($"wss://{Front}/talk"),
        CertificateValidation = AnyCertificate.Take,
        Proxy = new WebProxy(),
        WatchesNetwork = false,
        DialLimit = TimeSpan.FromSeconds(2),
        Session = new SessionSettings { Timeout = TimeSpan.FromSeconds(2), OutboxAge = TimeSpan.FromMinutes(10) },
        Redial = new RedialOptions { FirstWait = TimeSpan.FromMilliseconds(100), LongestWait = TimeSpan.FromMilliseconds(500), StableAfter = TimeSpan.Zero, RefusedWait = TimeSpan.FromSeconds(1) },
    };

    /// <summary>Takes away what stands between clients and servers.</summary>
    protected virtual ValueTask TearDownAsync() => default;

    private static Task CycleAsync(IEnumerable<Talk> talks) => Task.WhenAll(talks.Select(static async talk =>
    {
        try { await talk.Client.CycleAsync().Soon(); }
        catch (EitException failed) when (failed.IsTransient)
        {
            // The new transport was not to be had: nothing has changed.
        }
    }));
}
