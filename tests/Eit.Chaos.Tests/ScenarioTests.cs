using System.Net.Sockets;
using Eit.Chaos.Faults;

namespace Eit.Chaos.Tests;

public class ScenarioTests
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private static ChaosScenario Written => ChaosScenario.Empty.WithSeed(7)
        .Set("slow", new LatencyFault { Delay = TimeSpan.FromMilliseconds(100), Direction = ChaosDirection.Down })
        .Wait(5 * s_second)
        .Cut(CutWay.Close)
        .Remove("slow")
        .Wait(TimeSpan.FromMilliseconds(1))
        .Clear()
        .Repeat(3);

    [Fact]
    public void A_scenario_reads_as_it_is_written()
    {
        string json = Written.ToJson();

        Assert.Equal("""{"seed":7,"repetitions":3,"steps":[{"set":{"name":"slow","kind":"latency","direction":"down"}},{"wait":"5s"},{"cut":"close"},{"remove":"slow"},{"wait":"1ms"},{"clear":true}]}""", json);
        ChaosScenario read = ChaosScenario.FromJson(json);
        Assert.Equal((Written.Seed, Written.Repetitions), (read.Seed, read.Repetitions));
        Assert.Equal(Written.Steps, read.Steps);
    }

    [Theory]
    [InlineData("""[]""", "A scenario is a JSON object.")]
    [InlineData("""{"stepz":[]}""", "'stepz' is not known in a scenario; allowed: seed, repetitions, steps.")]
    [InlineData("""{}""", "A scenario needs steps, a JSON array.")]
    [InlineData("""{"seed":-1,"steps":[]}""", "seed: -1 is not a whole number.")]
    [InlineData("""{"repetitions":1.5,"steps":[]}""", "repetitions: 1.5 is not a whole number from 0.")]
    [InlineData("""{"repetitions":0,"steps":[{"wait":0}]}""", "Steps that never wait can't be repeated without end.")]
    [InlineData("""{"steps":[{"wait":"1s"},{"pause":"1s"}]}""", "steps[1]: 'pause' is not known in a step; allowed: set, remove, clear, cut, wait.")]
    [InlineData("""{"steps":[{"wait":"1s","clear":true}]}""", "steps[0]: A step has exactly one of set, remove, clear, cut, wait.")]
    [InlineData("""{"steps":[{}]}""", "steps[0]: A step has exactly one of")]
    [InlineData("""{"steps":[3]}""", "steps[0]: A step is a JSON object.")]
    [InlineData("""{"steps":[{"wait":"later"}]}""", "steps[0]: wait: 'later' is not a time")]
    [InlineData("""{"steps":[{"wait":"25h"}]}""", "steps[0]: wait (25h) must be 0ms to 24h.")]
    [InlineData("""{"steps":[{"cut":"softly"}]}""", "steps[0]: cut: 'softly' is not one of reset, close.")]
    [InlineData("""{"steps":[{"clear":false}]}""", "steps[0]: clear is true.")]
    [InlineData("""{"steps":[{"remove":1}]}""", "steps[0]: remove: 1 is not a text.")]
    [InlineData("""{"steps":[{"set":{"kind":"latency"}}]}""", "steps[0]: A fault that is set needs a name.")]
    [InlineData("""{"steps":[{"set":{"name":"x","kind":"latency","dealy":1}}]}""", "steps[0]: 'dealy' is not known in latency; allowed: name, kind, delay, jitter, distribution, direction, toxicity.")]
    public void A_wrong_scenario_is_named_with_its_place_and_what_is_allowed(string json, string says)
    {
        Assert.Contains(says, Assert.Throws<FormatException>(() => ChaosScenario.FromJson(json)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_scenario_is_played_step_by_step_and_again()
    {
        var time = new ManualTimeProvider();
        await using Stage stage = Stage.Start(time);
        ChaosScenario scenario = ChaosScenario.Empty.Set("hole", new BlackHoleFault()).Wait(s_second).Remove("hole").Wait(s_second).Repeat(2);

        Task playing = stage.Proxy.PlayAsync(scenario);
        List<int> faults = [];
        for (int step = 0; step < 4; step++)
        {
            await Patience.UntilAsync(() => time.ArmedTimers == 1);
            faults.Add(stage.Proxy.Faults.Count);
            time.Advance(s_second);
        }
        await playing.Soon();

        Assert.Equal([1, 0, 1, 0], faults);
    }

    [Fact]
    public async Task A_scenario_cuts_what_there_is()
    {
        await using Stage stage = Stage.Start();
        (Socket client, _) = await stage.ConnectAsync();

        await stage.Proxy.PlayAsync(ChaosScenario.Empty.Cut()).Soon();

        Assert.True((await client.ReadToEndAsync()).IsReset);
    }

    [Fact]
    public async Task A_scenario_without_end_ends_when_it_is_cancelled()
    {
        await using Stage stage = Stage.Start();
        using var stop = new CancellationTokenSource();

        Task playing = stage.Proxy.PlayAsync(ChaosScenario.Empty.Wait(TimeSpan.FromMilliseconds(1)).Repeat(0), stop.Token);
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => playing.Soon());
        Assert.Throws<ArgumentOutOfRangeException>(() => ChaosScenario.Empty.Clear().Repeat(0));
    }

    [Fact]
    public async Task A_scenario_that_the_proxy_can_not_play_is_refused_before_its_first_step()
    {
        await using Stage stage = Stage.Start();
        ChaosScenario scenario = ChaosScenario.Empty.Set("slow", new LatencyFault()).Set("rule", new FrameFault());

        Assert.Throws<ArgumentException>(() => { _ = stage.Proxy.PlayAsync(scenario); });
        Assert.True(scenario.HasFrameRules);
        Assert.Empty(stage.Proxy.Faults);
    }
}
