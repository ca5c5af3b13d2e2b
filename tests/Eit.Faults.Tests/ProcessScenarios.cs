using System.Globalization;
using System.Net;
using Eit.Cli;
using Eit.EndToEnd.Tests;

namespace Eit.Faults.Tests;

/// <summary>What happens to processes, their clocks and their credentials.</summary>
internal static class ProcessScenarios
{
    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1);

    private static readonly TimeSpan s_calm = TimeSpan.FromSeconds(3);

    /// <summary>After this time a loss counts as a first one again, with the default back-off.</summary>
    private static readonly TimeSpan s_stable = TimeSpan.FromSeconds(11);

    /// <summary><c>eit soak</c> has the default back-off, which after the five failures that fit into a second waits for up to 8 s; and a second to dial.</summary>
    private static readonly TimeSpan s_defaultBackoff = TimeSpan.FromSeconds(9);

    internal static IEnumerable<Scenario> All =>
    [
        Of("the server is frozen for 1 s", Bounds.BlackHoled(1), static world => world.FreezeAsync(1)) with { Rounds = 3 },
        Of("the server is frozen for 10 s", Bounds.BlackHoled(10), static world => world.FreezeAsync(10)) with { Rounds = 2 },
        Of("the server is frozen for 60 s", Bounds.BlackHoled(60), static world => world.FreezeAsync(60)) with { Rounds = 1 },
        Frozen(1) with { Rounds = 3 },
        Frozen(10) with { Rounds = 1 },
        Frozen(60) with { Rounds = 1 },
        Of("the server is killed, and another takes its place", Bounds.Silence, static world => world.ReplaceServerAsync()) with { EndsSessions = true },

        new HerdScenario("500 clients lose their server, and another takes its place; spread 2 s", TimeSpan.FromSeconds(2 + 5), 2) { IsAlone = true, Talks = 500, EndsSessions = true, Talk = new TalkOptions(TimeSpan.FromMilliseconds(500), 100), Need = Need.Signals },

        new Scenario<ProxyWorld>("the server has no file descriptor left to accept with, for 3 s", Bounds.BlackHoled(3), static () => ProxyWorld.StartAsync(readsFrames: false), ExhaustServerAsync) { Need = Need.Limits, Rounds = 2 },
        new ClientProcessScenario("the client has no file descriptor left to dial with, for 1 s", s_defaultBackoff, 1, ExhaustClientAsync) { Need = Need.Limits, Rounds = 1, FailsDials = true, Before = s_stable },

        Of("the clock of the client jumps an hour ahead, and back", Bounds.Loud, static async world =>
        {
            world.Clock.Step(s_hour);
            await world.AskAllAsync();
            world.Clock.Step(-s_hour);
        }) with { Build = static () => ProcessWorld.StartAsync(static (options, world) => options.TimeProvider = world.Clock) },
        Of("the clock of the client jumps an hour back, and it cycles", Bounds.Loud, static async world =>
        {
            world.Clock.Step(-s_hour);
            await world.CycleAllAsync();
        }) with { Build = static () => ProcessWorld.StartAsync(static (options, world) => options.TimeProvider = world.Clock) },
        Of("the clock of the server jumps an hour ahead, and back", Bounds.Loud, static async world =>
        {
            world.StepServerClock(3600);
            await world.AskAllAsync();
            world.StepServerClock(0);
        }) with { Need = Need.Faketime, Build = static () => ProcessWorld.StartAsync(fakesTime: true) },
        Of("the clock of the server jumps an hour back, and the clients cycle", Bounds.Loud, static async world =>
        {
            world.StepServerClock(-3600);
            await world.CycleAllAsync();
        }) with { Need = Need.Faketime, Build = static () => ProcessWorld.StartAsync(fakesTime: true) },

        Of("tokens expire every 3 s, and fresh ones are to be had", Bounds.Loud, static _ => Patience.LastAsync(TimeSpan.FromSeconds(4))) with
        {
            Rounds = 3,
            Build = static () => ProcessWorld.StartAsync(static (options, world) => options.TokenProvider = (_, cancel) => TokenAsync(world, "ada", 3, cancel)),
        },
        Of("the token provider hangs when the tokens expire, for 3 s", Bounds.Refused, static async world =>
        {
            world.HoldTokens();
            await Patience.LastAsync(TimeSpan.FromSeconds(4));
            world.ReleaseTokens();
        }) with
        {
            Rounds = 2,
            Build = static () => ProcessWorld.StartAsync(static (options, world) =>
            {
                options.TokenLimit = TimeSpan.FromSeconds(10);
                options.TokenProvider = async (_, cancel) =>
                {
                    await world.TokensToBeHad.WaitAsync(cancel);
                    return await TokenAsync(world, "ada", 3, cancel);
                };
            }),
        },
    ];

    private static ClientProcessScenario Frozen(double seconds) =>
        new(string.Create(CultureInfo.InvariantCulture, $"the client is frozen for {seconds} s"), Bounds.BlackHoled(seconds), seconds, (world, client) => FreezeClientAsync(world, client, seconds)) { Need = Need.Signals };

    private static async Task FreezeClientAsync(World world, int client, double seconds)
    {
        Signals.Send(client, ProcessSignal.Stop);
        await Patience.LastAsync(TimeSpan.FromSeconds(seconds));
        string state = await File.ReadAllTextAsync(string.Create(CultureInfo.InvariantCulture, $"/proc/{client}/stat"));   // "17 (dotnet) T 1 ..."
        if (!state.Contains(") T ", StringComparison.Ordinal)) { world.Problems.Add("the client was not frozen"); }
        Signals.Send(client, ProcessSignal.Continue);
    }

    /// <summary>
    /// Idle connections take all that a server has left. Its sessions go on; then their transports are cut, and no dial gets through. It has lost transports before, and some time ago: of the
    /// others some were ended by .NET (<c>Out of memory.</c>). Kestrel tries to accept without a pause meanwhile, which takes a processor.
    /// </summary>
    private static async Task ExhaustServerAsync(ProxyWorld world)
    {
        world.Proxy.CutAll();
        await Patience.LastAsync(s_calm);
        await world.AskAllAsync();
        int limit = Descriptors.LeastLimitOf(world.Server.Id);
        int before = await Descriptors.LimitAsync(world.Server.Id, limit);
        using (var crowd = new IdleCrowd())
        {
            await crowd.GatherAsync(new IPEndPoint(IPAddress.Loopback, world.Server.Port), limit - Descriptors.CountOf(world.Server.Id) + 50);
            await Patience.UntilAsync(() => Descriptors.CountOf(world.Server.Id) >= limit - 1);   // One may be that of an attempt to accept.
            await world.AskAllMeanwhileAsync();
            world.Proxy.CutAll();
            await Patience.LastAsync(TimeSpan.FromSeconds(3));
            world.ExpectNobodyConnected();
        }
        await Descriptors.LimitAsync(world.Server.Id, before);
    }

    /// <summary>A client that has dialled again before keeps what it has and gets nothing new; then its transports are cut, and no dial can begin.</summary>
    private static async Task ExhaustClientAsync(ProxyWorld world, int client)
    {
        world.Proxy.CutAll();
        await Patience.LastAsync(s_stable);
        int before = await Descriptors.LimitAsync(client, 1);
        world.Proxy.CutAll();
        await Patience.LastAsync(TimeSpan.FromSeconds(1));
        await Descriptors.LimitAsync(client, before);
    }

    private static Scenario<ProcessWorld> Of(string name, TimeSpan bound, Func<ProcessWorld, Task> inflict) => new(name, bound, static () => ProcessWorld.StartAsync(), inflict) { Need = Need.Signals };

    private static async ValueTask<string?> TokenAsync(ProcessWorld world, string user, int seconds, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = AnyCertificate.Take }, UseProxy = false };
        using var http = new HttpClient(handler);
        return await http.GetStringAsync(new Uri(string.Create(CultureInfo.InvariantCulture, $"https://127.0.0.1:{world.Server.Port}/token?user={user}&seconds={seconds}")), cancellationToken);
    }
}
