namespace Eit.Faults.Tests;

/// <summary>A suite that can't fail proves nothing: a peer that breaks a rule is found out, and one that breaks none is not.</summary>
[Collection(nameof(ScenarioTests)), Trait("Runs", "Alone")]
public class CanaryTests
{
    private const string Loss = "lost";
    private const string Duplicate = "twice";
    private const string Intrusion = "intruder";

    /// <summary>The peer is not there to be fast.</summary>
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData(Mutation.None, null)]
    [InlineData(Mutation.AcknowledgesBeforeDelivery, Loss)]
    [InlineData(Mutation.DoesNotDeduplicate, Duplicate)]
    [InlineData(Mutation.DoesNotCheckEpochs, Intrusion)]
    public async Task A_peer_that_breaks_a_rule_is_found_out(Mutation mutation, string? expected)
    {
        Scenario<ProxyWorld>[] scenarios = [ProxyScenarios.Reset, ProxyScenarios.Intruded];
        var found = new List<string>();

        // Whether a rule that is broken shows is a matter of moments: it has a few chances.
        for (int play = 0; play < (expected is null ? 1 : 5) && !found.Exists(fault => fault.Contains(expected ?? string.Empty, StringComparison.Ordinal)); play++)
        {
            foreach (Scenario<ProxyWorld> scenario in scenarios)
            {
                Scenario played = scenario with { Bound = s_bound, Build = async () => await ProxyWorld.StartAsync(readsFrames: true, await ScriptedPeer.StartAsync(mutation)) };
                Outcome outcome = await played.RunAsync();
                found.AddRange(outcome.Faults);
            }
        }

        if (expected is null) { Assert.Empty(found); }
        else { Assert.Contains(found, fault => fault.Contains(expected, StringComparison.Ordinal)); }
    }
}
