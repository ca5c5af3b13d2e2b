using Eit.Simulation;
using Eit.Simulation.Exhaustive;

namespace Eit.Protocol.Tests;

public class ExplorationTests
{
    private static readonly ExplorationBounds s_smallest = new("smallest", "a cycle and a cut") { MessagesUp = 1, MessagesDown = 1, Cycles = 1, Cuts = 1 };

    [Fact, Clause("N1.5")]
    public void Every_message_arrives_once_and_in_order_in_every_state_of_the_smallest_world()
    {
        ExplorationResult result = new Exploration(s_smallest).Run();

        Assert.True(result.IsComplete, result.Describe());
        Assert.InRange(result.States, 10_000, int.MaxValue);
        Assert.InRange(result.Settled, 1, int.MaxValue);
    }

    [Fact, Clause("D5.3")]
    public void Every_message_that_a_handler_throws_at_is_told_as_failed_in_every_state_of_the_smallest_world()
    {
        ExplorationResult result = new Exploration(s_smallest with { HandlersThrow = true }).Run();

        Assert.True(result.IsComplete, result.Describe());
        Assert.InRange(result.Settled, 1, int.MaxValue);
    }

    /// <summary>What waits for credit may have begun to wait before or after a gap let time pass. The audits go ways again, and compare.</summary>
    [Fact]
    public void States_that_differ_only_in_how_long_messages_have_waited_are_told_apart()
    {
        ExplorationBounds world = ExplorationBounds.Default.Single(static world => world.Name == "L") with { MessagesUp = 3, Cuts = 1 };

        ExplorationResult result = new Exploration(world).Run();

        Assert.True(result.IsComplete, result.Describe());
        Assert.InRange(result.Audits, 10, int.MaxValue);
    }

    [Theory]
    [MemberData(nameof(SimulationTests.Canaries), MemberType = typeof(SimulationTests))]
    public void A_planted_bug_is_found_with_the_steps_that_lead_to_it(string canary)
    {
        ExplorationResult result = new Exploration(s_smallest with { Canary = Enum.Parse<Canary>(canary) }).Run();

        Assert.False(result.IsComplete);
        Assert.NotNull(result.Failure);
        Assert.NotEmpty(result.Trace);
    }
}
