using static Eit.Backoff.Tests.Times;

namespace Eit.Backoff.Tests;

public class CycleOptionsTests
{
    [Fact]
    public void The_defaults_and_the_bounds_are_without_fault()
    {
        Assert.Empty(new CycleOptions().Faults());
        Assert.Empty(new CycleOptions { Earliest = Seconds(1), Latest = Seconds(1) }.Faults());
        Assert.Empty(new CycleOptions { Latest = TimeSpan.FromDays(30) }.Faults());
        Assert.Empty(new CycleOptions { Latest = TimeSpan.MaxValue }.Faults());
        Assert.Empty(new CycleOptions { ShortestInterval = TimeSpan.Zero }.Faults());
        Assert.Empty(new CycleOptions { ShortestInterval = Minutes(1) }.Faults());
    }

    [Fact]
    public void Each_value_out_of_range_is_named()
    {
        Assert.Equal(["Cycle:Earliest (00:00:00.9990000) must be at least 1 s."], new CycleOptions { Earliest = Seconds(0.999) }.Faults());
        Assert.Equal(["Cycle:ShortestInterval (00:01:01) must be 0 to 1 min."], new CycleOptions { ShortestInterval = Seconds(61) }.Faults());
        Assert.Equal(["Cycle:Earliest (00:10:00) must not exceed Latest (00:09:00)."], new CycleOptions { Latest = Minutes(9) }.Faults());
        Assert.Equal(
            ["Cycle:Latest (30.00:00:01) must be at most 30 days, or TimeSpan.MaxValue."],
            new CycleOptions { Latest = TimeSpan.FromDays(30) + Seconds(1) }.Faults());
    }

    [Fact]
    public void All_faults_are_named_at_once_under_the_path_that_is_given()
    {
        string[] faults = [.. new CycleOptions { Earliest = TimeSpan.Zero, Latest = Seconds(-1) }.Faults("Eit:Cycle")];

        Assert.Equal(2, faults.Length);
        Assert.All(faults, fault => Assert.StartsWith("Eit:Cycle:", fault, StringComparison.Ordinal));
    }
}
