using Xunit.Abstractions;

namespace Eit.Faults.Tests;

/// <summary>They measure, so nothing runs beside them but each other.</summary>
[Collection(nameof(ScenarioTests)), CollectionDefinition(nameof(ScenarioTests), DisableParallelization = true), Trait("Runs", "Alone")]
public class ScenarioTests(ITestOutputHelper output)
{
    public static TheoryData<string> Names => new(Suite.Selected.Select(static scenario => scenario.Name));

    [Theory, MemberData(nameof(Names))]
    public async Task Nothing_is_lost_twice_or_out_of_order_and_all_is_back_within_the_bound_when(string name)
    {
        Scenario scenario = Suite.All.Single(scenario => scenario.Name == name);

        Outcome outcome = await Suite.RunAsync(scenario);

        output.WriteLine($"{Outcome.Header}\n{outcome}");
        Assert.Empty(outcome.Faults);
    }

    [Fact]
    public void Nothing_that_was_asked_for_is_left_out()
    {
        Suite.ReportLeftOut();

        Assert.Empty(Suite.LeftOut.Select(static scenario => $"{scenario.Name}: this machine lacks {scenario.Need}"));
    }

    [Fact]
    public void There_are_at_least_40_scenarios_and_each_has_a_name_of_its_own_and_a_bound()
    {
        Assert.InRange(Suite.All.Length, 40, int.MaxValue);
        Assert.Equal(Suite.All.Length, Suite.All.DistinctBy(static scenario => scenario.Name).Count());
        Assert.All(Suite.All, static scenario => Assert.InRange(scenario.Bound, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(15)));
    }
}
