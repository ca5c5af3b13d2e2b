namespace Eit.Faults.Tests;

/// <summary>What real reverse proxies do to WebSockets.</summary>
internal static class GatewayScenarios
{
    /// <summary>Fewer messages than an idle limit of 1 s wants, and more than a time-out of 2 s does.</summary>
    private static readonly TalkOptions s_rarely = new(TimeSpan.FromSeconds(1.5), 100);

    private static readonly TimeSpan s_oldWorker = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan s_newWorker = TimeSpan.FromSeconds(0.2);

    internal static IEnumerable<Scenario> All =>
    [
        .. Of("nginx", Need.Nginx, static () => new Nginx()),
        .. Of("HAProxy", Need.Haproxy, static () => new Haproxy()),
        Answering("nginx answers 502 for 2 s", Bounds.Refused, "return 502;"),
        Answering("nginx answers 200 for 2 s", Bounds.Refused, "return 200 hello;"),
        Answering("nginx answers 302 for 2 s", Bounds.Refused, "return 302 https://elsewhere.invalid/;"),
        Answering("nginx answers 503 with Retry-After of 1 s for 2 s", Bounds.Silence, "add_header Retry-After 1 always; return 503;"),
        Answering("nginx answers 429 with Retry-After of 1 s for 2 s", Bounds.Silence, "add_header Retry-After 1 always; return 429;"),
        Answering("nginx answers 401 for 2 s", Bounds.Refused, "return 401;"),
        Answering("nginx answers 403 for 2 s", Bounds.Silence, "return 403;"),
        new Scenario<GatewayWorld>("nginx is reloaded with another certificate", Bounds.Loud, static () => GatewayWorld.StartAsync(new Nginx()), ChangeCertificateAsync) { Need = Need.Nginx, Rounds = 3 },
        new Scenario<GatewayWorld>("nginx has a certificate that is not trusted, for 2 s", Bounds.Refused, static () => GatewayWorld.StartAsync(new Nginx(), pins: true), DistrustAsync) { Need = Need.Nginx, Rounds = 3 },
    ];

    private static IEnumerable<Scenario> Of(string name, Need need, Func<Gateway> make)
    {
        Scenario<GatewayWorld> With(string what, TimeSpan bound, Func<GatewayWorld, Task> inflict, int idleSeconds = 30, double timeoutSeconds = 2)
        {
            return new Scenario<GatewayWorld>($"{name} {what}", bound, () => GatewayWorld.StartAsync(make(), idleSeconds, timeoutSeconds), inflict) { Need = need, Rounds = 3 };
        }

        yield return With("ends what is idle for 1 s, and keepalive fills the pauses", Bounds.Loud + s_rarely.Pace, static _ => Patience.LastAsync(TimeSpan.FromSeconds(5)), idleSeconds: 1) with { Talk = s_rarely };
        yield return With("ends what is idle for 1 s, and keepalive is too rare", Bounds.Loud + s_rarely.Pace, static _ => Patience.LastAsync(TimeSpan.FromSeconds(5)), idleSeconds: 1, timeoutSeconds: 15) with { Talk = s_rarely };
        yield return With("is reloaded in mid-traffic", Bounds.Loud, ReloadAsync);
        yield return With("is killed and started again after 1 s", Bounds.Refused, RestartAsync);
        yield return With("finds the server gone for 1 s, and another in its place", Bounds.Silence, ReplaceServerAsync) with { EndsSessions = true };
        yield return With("is switched to another server, which does not know the sessions", Bounds.Refused, SwitchAsync) with { EndsSessions = true };
    }

    private static Scenario<GatewayWorld> Answering(string name, TimeSpan bound, string answer)
    {
        var scenario = new Scenario<GatewayWorld>(name, bound, static () => GatewayWorld.StartAsync(new Nginx()), world => AnswerAsync(world, answer));
        return scenario with { Need = Need.Nginx, Rounds = 2 };
    }

    /// <summary>Ends when the old worker must have gone.</summary>
    private static async Task ReloadAsync(GatewayWorld world)
    {
        await world.Gateway.ReloadAsync(world.Settings);
        await Patience.LastAsync(s_oldWorker);
    }

    private static async Task ChangeCertificateAsync(GatewayWorld world)
    {
        world.Gateway.ChangeCertificate();
        await ReloadAsync(world);
    }

    /// <summary>A client dials on and on, as after any failed dial: who has put the certificate there may notice. It sends nothing to who is not trusted.</summary>
    private static async Task DistrustAsync(GatewayWorld world)
    {
        (string Certificate, string Key) trusted = world.Gateway.Identity;
        await ChangeCertificateAsync(world);
        await Patience.LastAsync(TimeSpan.FromSeconds(2));
        world.ExpectNobodyConnected();
        world.ExpectAll(static talk => talk.Story.Any(static told => told.What.Contains("TLS failed", StringComparison.Ordinal)), "has seen that the certificate is not trusted");
        world.Gateway.Identity = trusted;
        await world.Gateway.ReloadAsync(world.Settings);
        await Patience.LastAsync(s_newWorker);
    }

    private static async Task RestartAsync(GatewayWorld world)
    {
        await world.Gateway.KillAsync();
        await Patience.LastAsync(TimeSpan.FromSeconds(1));
        await world.Gateway.StartAsync();
    }

    private static async Task ReplaceServerAsync(GatewayWorld world)
    {
        int port = world.Server.Port;
        await world.Server.KillAsync();
        await Patience.LastAsync(TimeSpan.FromSeconds(1));
        await world.StartServerAsync($"127.0.0.1:{port}");
    }

    private static async Task SwitchAsync(GatewayWorld world)
    {
        int[] before = [.. world.Talks.Select(static talk => talk.SessionsEnded)];
        await world.StartServerAsync();
        await ReloadAsync(world);
        await Patience.UntilAsync(() => world.Talks.Zip(before).All(static pair => pair.First.SessionsEnded > pair.Second));   // The old worker may take its time.
    }

    private static async Task AnswerAsync(GatewayWorld world, string answer)
    {
        await world.Gateway.ReloadAsync(world.Settings with { Answer = answer });
        await Patience.LastAsync(s_oldWorker + TimeSpan.FromSeconds(2));
        await world.Gateway.ReloadAsync(world.Settings);
        await Patience.LastAsync(s_newWorker);
    }
}
