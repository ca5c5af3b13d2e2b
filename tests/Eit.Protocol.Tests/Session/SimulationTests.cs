using Eit.Simulation;

namespace Eit.Protocol.Tests;

public class SimulationTests
{
    [Fact, Clause("N1.5")]
    public void Every_message_arrives_once_and_in_order_whatever_happens_to_transports()
    {
        SimulationResult result = SimulationRun.Run(from: 1, count: 300, Canary.None);

        Assert.True(result.FirstFailure is null, $"Seed {result.FirstFailure?.Seed}: {result.FirstFailure?.What}");
        Assert.InRange(result.Statistics.MessagesUp.Average(), 200, double.MaxValue);
        Assert.InRange(result.Statistics.MessagesDown.Average(), 200, double.MaxValue);
        Assert.InRange(result.Statistics.Faults.Average(), 5, double.MaxValue);
        Assert.InRange(result.Statistics.MovesReached, 14, int.MaxValue);
    }

    /// <summary>Gets the bugs that can be planted.</summary>
    public static TheoryData<string> Canaries => [.. Enum.GetNames<Canary>().Where(static name => name != nameof(Canary.None))];

    [Theory]
    [MemberData(nameof(Canaries))]
    public void A_planted_bug_is_found_within_100_seeds(string canary)
    {
        bool isFound = false;
        for (ulong from = 1; from < 100 && !isFound; from += 10)
        {
            isFound = SimulationRun.Run(from, count: 10, Enum.Parse<Canary>(canary)).FirstFailure is not null;
        }

        Assert.True(isFound);
    }
}
