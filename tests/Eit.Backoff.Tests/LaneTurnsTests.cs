using static Eit.Backoff.Tests.Times;

namespace Eit.Backoff.Tests;

public class LaneTurnsTests
{
    [Fact]
    public void The_highest_lane_is_next()
    {
        var turns = new LaneTurns(Seconds(2));

        Assert.Equal(1, turns.Pick([Instant.Never, At(9), At(9), At(9)], At(10)));
        Assert.Equal(3, turns.Pick([Instant.Never, Instant.Never, Instant.Never, At(0)], At(10)));
    }

    [Theory]
    [InlineData(6, 0)]
    [InlineData(6.001, 3)]
    public void A_lane_is_overdue_after_a_step_for_each_lane_between(double seconds, int pick)
    {
        var turns = new LaneTurns(Seconds(2));

        Assert.Equal(pick, turns.Pick([At(seconds), Instant.Never, Instant.Never, At(0)], At(seconds)));
    }

    [Fact]
    public void What_is_overdue_alternates_with_the_highest()
    {
        var turns = new LaneTurns(Seconds(2));
        List<int> picks = [];

        for (int i = 0; i < 6; i++)
        {
            int pick = turns.Pick([At(20), Instant.Never, At(0), At(1)], At(20));
            picks.Add(pick);
            turns.Took(wasOverdue: pick != 0);
        }

        Assert.Equal([2, 0, 2, 0, 2, 0], picks);
    }

    [Fact]
    public void The_one_that_has_waited_longest_is_first()
    {
        var turns = new LaneTurns(Seconds(2));

        Assert.Equal(3, turns.Pick([At(20), Instant.Never, At(1), At(0)], At(20)));
    }
}
