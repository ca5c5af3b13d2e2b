using System.Globalization;
using Eit.Cli;

namespace Eit.Faults.Tests;

/// <summary>What happens to processes, their clocks and their credentials.</summary>
internal static class ProcessScenarios
{
    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1);

    internal static IEnumerable<Scenario> All =>
    [
        Of("the server is frozen for 1 s", Bounds.BlackHoled(1), static world => world.FreezeAsync(1)) with { Rounds = 3 },
        Of("the server is frozen for 10 s", Bounds.BlackHoled(10), static world => world.FreezeAsync(10)) with { Rounds = 2 },
        Of("the server is frozen for 60 s", Bounds.BlackHoled(60), static world => world.FreezeAsync(60)) with { Rounds = 1 },
        new FrozenClientScenario("the client is frozen for 1 s", Bounds.BlackHoled(1), 1) { Rounds = 3 },
        new FrozenClientScenario("the client is frozen for 10 s", Bounds.BlackHoled(10), 10) { Rounds = 1 },
        new FrozenClientScenario("the client is frozen for 60 s", Bounds.BlackHoled(60), 60) { Rounds = 1 },
        Of("the server is killed, and another takes its place", Bounds.Silence, static world => world.ReplaceServerAsync()) with { EndsSessions = true },

        new HerdScenario("500 clients lose their server, and another takes its place; spread 2 s", TimeSpan.FromSeconds(2 + 5), 2) { Talks = 500, EndsSessions = true, Talk = new TalkOptions(TimeSpan.FromMilliseconds(500), 100), Need = Need.Signals },

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

    private static Scenario<ProcessWorld> Of(string name, TimeSpan bound, Func<ProcessWorld, Task> inflict) => new(name, bound, static () => ProcessWorld.StartAsync(), inflict) { Need = Need.Signals };

    private static async ValueTask<string?> TokenAsync(ProcessWorld world, string user, int seconds, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = AnyCertificate.Take }, UseProxy = false };
        using var http = new HttpClient(handler);
        return await http.GetStringAsync(new Uri(string.Create(CultureInfo.InvariantCulture, $"https://127.0.0.1:{world.Server.Port}/token?user={user}&seconds={seconds}")), cancellationToken);
    }
}
