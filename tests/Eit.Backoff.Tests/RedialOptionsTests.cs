using static Eit.Backoff.Tests.Times;

namespace Eit.Backoff.Tests;

public class RedialOptionsTests
{
    [Fact]
    public void The_defaults_are_those_of_the_documentation_and_without_fault()
    {
        var options = new RedialOptions();

        Assert.Empty(options.Faults());
        Assert.Equal((Seconds(0.5), Seconds(30), Seconds(2)), (options.FirstWait, options.LongestWait, options.LossSpreadMax));
        Assert.Equal((Seconds(10), Minutes(5)), (options.StableAfter, options.RefusedWait));
    }

    [Fact]
    public void The_bounds_are_without_fault()
    {
        var lowest = new RedialOptions
        {
            FirstWait = Seconds(0.01),
            LongestWait = Seconds(0.01),
            LossSpreadMax = TimeSpan.Zero,
            StableAfter = TimeSpan.Zero,
            RefusedWait = Seconds(1),
        };
        var highest = new RedialOptions
        {
            FirstWait = TimeSpan.FromHours(1),
            LongestWait = TimeSpan.FromHours(1),
            LossSpreadMax = Minutes(1),
            StableAfter = Minutes(10),
            RefusedWait = TimeSpan.FromHours(24),
        };

        Assert.Empty(lowest.Faults());
        Assert.Empty(highest.Faults());
    }

    [Fact]
    public void Each_value_out_of_range_is_named()
    {
        AssertOneFault("Redial:FirstWait (00:00:00.0090000) must be at least 10 ms.", new RedialOptions { FirstWait = Seconds(0.009) });
        AssertOneFault("Redial:LongestWait (01:00:01) must be at most 1 h.", new RedialOptions { LongestWait = Seconds(3_601) });
        AssertOneFault("Redial:FirstWait (00:00:31) must not exceed LongestWait (00:00:30).", new RedialOptions { FirstWait = Seconds(31) });
        AssertOneFault("Redial:LossSpreadMax (-00:00:01) must be 0 to 1 min.", new RedialOptions { LossSpreadMax = Seconds(-1) });
        AssertOneFault("Redial:LossSpreadMax (00:01:01) must be 0 to 1 min.", new RedialOptions { LossSpreadMax = Seconds(61) });
        AssertOneFault("Redial:StableAfter (-00:00:01) must be 0 to 10 min.", new RedialOptions { StableAfter = Seconds(-1) });
        AssertOneFault("Redial:StableAfter (00:11:00) must be 0 to 10 min.", new RedialOptions { StableAfter = Minutes(11) });
        AssertOneFault("Redial:RefusedWait (00:00:00) must be 1 s to 24 h.", new RedialOptions { RefusedWait = TimeSpan.Zero });
        AssertOneFault("Redial:RefusedWait (1.01:00:00) must be 1 s to 24 h.", new RedialOptions { RefusedWait = TimeSpan.FromHours(25) });
    }

    [Fact]
    public void All_faults_are_named_at_once_under_the_path_that_is_given()
    {
        string[] faults = [.. new RedialOptions { FirstWait = TimeSpan.Zero, StableAfter = Seconds(-1), RefusedWait = TimeSpan.Zero }.Faults("Eit:Redial")];

        Assert.Equal(3, faults.Length);
        Assert.All(faults, fault => Assert.StartsWith("Eit:Redial:", fault, StringComparison.Ordinal));
    }

    private static void AssertOneFault(string expected, RedialOptions options) => Assert.Equal([expected], options.Faults());
}
