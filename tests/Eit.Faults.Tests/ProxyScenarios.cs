using Eit.Chaos;
using Eit.Chaos.Faults;

namespace Eit.Faults.Tests;

/// <summary>What a <see cref="ChaosProxy"/> can let go wrong with TCP connections, and with the frames on them.</summary>
internal static class ProxyScenarios
{
    internal static IEnumerable<Scenario> All =>
    [
        Reset,
        Cut("all connections end with FIN, without a close", CutWay.Close) with { Rounds = 10 },
        While("resets in mid-message for 300 ms, of dials too", Bounds.Refused, 0.3, "reset,midway=true") with { IsShort = true },
        While("each connection is reset after 6,000 bytes up, for 3 s", Bounds.Refused, 3, "reset,afterBytes=6000,direction=up") with { Rounds = 2 },
        While("each connection is reset after 6,000 bytes down, for 3 s", Bounds.Refused, 3, "reset,afterBytes=6000,direction=down") with { Rounds = 2 },
        While("a gateway ends connections at an age of 500 ms, for 5 s", Bounds.Loud, 5, "life-limit,limit=500ms,jitter=200ms") with { Rounds = 2 },
        While("a load balancer ends what is idle for 1 s, and traffic is rare", Bounds.Loud + s_rarely.Pace, 5, "idle-limit,limit=1s") with { Rounds = 2, Talk = s_rarely },
        While("one connection at most, of four, for 2 s", Bounds.Refused, 2, cuts: true, "connection-limit,connections=1") with { Rounds = 3 },
        While("dials are refused for 2 s", Bounds.Refused, 2, cuts: true, "refuse") with { Rounds = 3 },
        While("dials are accepted and then not served, for 3 s", Bounds.BlackHoled(3), 3, cuts: true, "silence") with { Rounds = 3 },
        While("a black hole upwards for 500 ms", Bounds.BlackHoled(0.5), 0.5, "black-hole,direction=up") with { Rounds = 3 },
        While("a black hole upwards for 4 s", Bounds.BlackHoled(4), 4, "black-hole,direction=up") with { Rounds = 2 },
        While("a black hole downwards for 4 s", Bounds.BlackHoled(4), 4, "black-hole,direction=down") with { Rounds = 2 },
        While("a black hole both ways for 1 s", Bounds.BlackHoled(1), 1, "black-hole") with { Rounds = 3 },
        While("a black hole both ways for 10 s", Bounds.BlackHoled(10), 10, "black-hole") with { Rounds = 1 },
        Of("the connections that there are turn into black holes, new ones do not", Bounds.Silence, world =>
        {
            foreach (ChaosConnection connection in world.Proxy.Connections) { connection.Add(new BlackHoleFault()); }
            return Task.CompletedTask;
        }) with { IsShort = true, Rounds = 3 },
        Of("black holes of 300 ms, ten of them, 300 ms between them", Bounds.BlackHoled(0.3), async world =>
        {
            var third = TimeSpan.FromMilliseconds(300);
            await world.Proxy.PlayAsync(ChaosScenario.Empty.Set("hole", new BlackHoleFault()).Wait(third).Remove("hole").Wait(third).Repeat(10));
        }) with { Rounds = 1 },
        While("latency of 200 ms, give or take 100, for 3 s", Bounds.Loud, 3, "latency,delay=200ms,jitter=100ms") with { Rounds = 2 },
        While("latency of 100 ms with a long tail, for 3 s", Bounds.Loud, 3, "latency,delay=100ms,jitter=200ms,distribution=pareto") with { Rounds = 2 },
        While("8 KiB a second down, for 3 s", Bounds.Silence, 3, "bandwidth,bytesPerSecond=8KiB,direction=down") with { Rounds = 2 },
        While("one byte at a time, for 3 s", Bounds.Loud, 3, "slicer,averageBytes=1") with { Rounds = 2 },

        // A byte that says how long a record of TLS is makes its reader wait for the rest: a silence.
        While("one byte is changed, on old connections and new ones", Bounds.Silence, 0.3, "corrupt,direction=up") with { Rounds = 3 },
        While("one byte in 20,000 is changed, for 5 s", Bounds.Silence, 5, "corrupt,every=20000") with { Rounds = 1 },
        While("the upstream is dialled 1 s late", Bounds.Refused, 0.3, cuts: true, "slow-open,delay=1s") with { Rounds = 3 },
        While("the end of a connection is passed on 1 s late", Bounds.Silence, 0.3, cuts: true, "slow-close,delay=1s") with { Rounds = 3 },
        While("a slow line that also breaks in mid-message, for 5 s", Bounds.Refused, 5, "latency,delay=50ms,jitter=50ms", "slicer,averageBytes=40,variationBytes=20", "reset,midway=true,toxicity=0.3") with { Rounds = 1 },

        Of("all clients cycle, ten times", Bounds.Loud, async world =>
        {
            for (int i = 0; i < 10; i++) { await world.CycleAllAsync(); }
        }) with { Rounds = 2, IsShort = true },
        Of("all connections are reset while all clients cycle", Bounds.Loud, async world =>
        {
            Task cycling = world.CycleAllAsync();
            world.Proxy.CutAll();
            await cycling;
        }),
        Of("the old connections stall while all clients cycle", Bounds.Loud, async world =>
        {
            foreach (ChaosConnection connection in world.Proxy.Connections) { connection.Add(new BlackHoleFault()); }
            await world.CycleAllAsync();
        }),
        Cycling("new connections are not served while all clients cycle", Bounds.Loud, readsFrames: false, "silence") with { Rounds = 2 },

        Intruded,

        Rule("the second ack of the server is lost", "frame,frame=ack,direction=down,nth=2"),
        Rule("the first ack of the client is lost", "frame,frame=ack,direction=up"),
        Rule("an ack comes twice", "frame,frame=ack,direction=down,action=duplicate"),
        Rule("a cut within a frame up, after 20 of its bytes", "frame,frame=data,direction=up,nth=7,action=cut,bytes=20,times=4"),
        Rule("a cut before a frame down, with FIN", "frame,frame=data,direction=down,nth=3,action=cut,bytes=0,way=close,times=4"),
        Rule("a frame down comes 300 ms late, and what is behind it", "frame,frame=data,direction=down,nth=5,action=delay,delay=300ms,times=4") with { Bound = Bounds.Refused },
        Rule("a frame is answered with a close of 4200", "frame,frame=data,direction=up,nth=5,action=close,code=4200,reason=busy,times=4"),
        Rule("a frame is answered with a close of 1011", "frame,frame=data,direction=down,nth=5,action=close,code=1011,reason=error,times=4"),
        Rule("a cut after the first byte of welcome, three times after each cut", "frame,frame=welcome,action=cut,bytes=1,times=12") with { Bound = Bounds.Refused },
        Rule("a welcome comes 1 s late", "frame,frame=welcome,action=delay,delay=1s,times=4") with { Bound = Bounds.Silence, Rounds = 2 },
        Rule("a cut right after each resume, in the first frame of data", "frame,frame=data,direction=up,nth=1,action=cut,bytes=1,times=16") with { Bound = Bounds.Refused },
        Cycling("a cut after the first byte of welcome, while all clients cycle", Bounds.Loud, readsFrames: true, "frame,frame=welcome,action=cut,bytes=1,times=4"),
        Cycling("a cut within the client's switch, while all clients cycle", Bounds.Loud, readsFrames: true, "frame,frame=switch,direction=up,action=cut,bytes=5,times=4"),
        Cycling("a cut within the server's switch, while all clients cycle", Bounds.Loud, readsFrames: true, "frame,frame=switch,direction=down,action=cut,bytes=5,times=4"),
        Cycling("the server's switch comes 500 ms late, while all clients cycle", Bounds.Loud, readsFrames: true, "frame,frame=switch,direction=down,action=delay,delay=500ms,times=4"),
    ];

    /// <summary>All connections are reset; nobody may lose anything by it.</summary>
    internal static Scenario<ProxyWorld> Reset { get; } = Cut("all connections are reset", CutWay.Reset) with { Rounds = 10, IsShort = true };

    /// <summary>A hello that has resumed a session is played again by somebody else.</summary>
    internal static Scenario<ProxyWorld> Intruded { get; } = new("a hello that resumed a session is played again", Bounds.Loud, static () => ProxyWorld.StartAsync(readsFrames: true), IntrudeAsync) { IsShort = true };

    /// <summary>Half of a time-out and more between two messages; keepalive has to fill it.</summary>
    private static readonly TalkOptions s_rarely = new(TimeSpan.FromSeconds(1.5), 100);

    private static Scenario<ProxyWorld> Of(string name, TimeSpan bound, Func<ProxyWorld, Task> inflict) => new(name, bound, static () => ProxyWorld.StartAsync(readsFrames: false), inflict);

    private static Scenario<ProxyWorld> Cut(string name, CutWay way) => Of(name, Bounds.Loud, world =>
    {
        world.Proxy.CutAll(way);
        return Task.CompletedTask;
    });

    private static Scenario<ProxyWorld> While(string name, TimeSpan bound, double seconds, params string[] faults) => While(name, bound, seconds, cuts: false, faults);

    /// <summary>Faults that last for a time; with <paramref name="cuts"/> they meet everybody dialling.</summary>
    private static Scenario<ProxyWorld> While(string name, TimeSpan bound, double seconds, bool cuts, params string[] faults) => Of(name, bound, async world =>
    {
        foreach (string fault in faults) { world.Set(fault); }
        if (cuts) { world.Proxy.CutAll(); }
        await Patience.LastAsync(TimeSpan.FromSeconds(seconds));
        world.Proxy.Clear();
    });

    /// <summary>A rule for frames that has acted at least once; one about welcome meets dials, for which it cuts.</summary>
    private static Scenario<ProxyWorld> Rule(string name, string rule) => new(name, Bounds.Loud, static () => ProxyWorld.StartAsync(readsFrames: true), async world =>
    {
        string set = world.Set(rule);
        if (rule.Contains("welcome", StringComparison.Ordinal) || rule.Contains("nth=1,", StringComparison.Ordinal)) { world.Proxy.CutAll(); }
        await world.UntilActedAsync(set);
    });

    private static Scenario<ProxyWorld> Cycling(string name, TimeSpan bound, bool readsFrames, string fault) => new(name, bound, () => ProxyWorld.StartAsync(readsFrames), async world =>
    {
        string set = world.Set(fault);
        await world.CycleAllAsync();
        if (readsFrames) { await world.UntilActedAsync(set); }
        world.Proxy.Clear();
    });

    private static async Task IntrudeAsync(ProxyWorld world)
    {
        world.Proxy.CutAll();
        await world.AskAllAsync();
        await world.IntrudeAsync();
    }
}
