using FsCheck;
using FsCheck.Fluent;
using static Eit.Backoff.Tests.Times;

namespace Eit.Backoff.Tests;

public class RoundTripEstimateTests
{
    [Fact]
    public void Nothing_is_known_before_the_first_sample()
    {
        var estimate = new RoundTripEstimate();

        Assert.False(estimate.IsKnown);
        Assert.Equal(TimeSpan.Zero, estimate.Smoothed);
        Assert.Equal(TimeSpan.Zero, estimate.Shortest);
        Assert.Equal(TimeSpan.Zero, estimate.Latest);
    }

    [Fact]
    public void The_first_sample_is_taken_as_it_is()
    {
        RoundTripEstimate estimate = Of(Seconds(0.2));

        Assert.True(estimate.IsKnown);
        Assert.Equal(Seconds(0.2), estimate.Smoothed);
        Assert.Equal(Seconds(0.2), estimate.Shortest);
        Assert.Equal(Seconds(0.2), estimate.Latest);
    }

    [Fact]
    public void A_later_sample_moves_the_estimate_by_an_eighth()
    {
        RoundTripEstimate estimate = Of(Seconds(0.8), Seconds(1.6));

        Assert.Equal(Seconds(0.9), estimate.Smoothed);
        Assert.Equal(Seconds(0.8), estimate.Shortest);
        Assert.Equal(Seconds(1.6), estimate.Latest);
    }

    [Fact]
    public void A_round_trip_of_zero_is_a_sample_and_stays_the_shortest()
    {
        RoundTripEstimate estimate = Of(TimeSpan.Zero, Seconds(1));

        Assert.True(estimate.IsKnown);
        Assert.Equal(TimeSpan.Zero, estimate.Shortest);
        Assert.Equal(Seconds(0.125), estimate.Smoothed);
    }

    [Fact]
    public void A_negative_sample_is_ignored()
    {
        RoundTripEstimate unknown = Of(Seconds(-1));
        RoundTripEstimate known = Of(Seconds(1), Seconds(-1));

        Assert.False(unknown.IsKnown);
        Assert.Equal(Seconds(1), known.Smoothed);
        Assert.Equal(Seconds(1), known.Latest);
    }

    [Fact]
    public void The_estimate_stays_between_the_shortest_and_the_longest_sample() =>
        Prop.ForAll<NonEmptyArray<ushort>>(samples =>
        {
            TimeSpan[] times = [.. samples.Get.Select(ms => TimeSpan.FromMilliseconds(ms))];
            RoundTripEstimate estimate = Of(times);
            TimeSpan rounding = TimeSpan.FromTicks(times.Length);
            return estimate.Shortest == times.Min() && estimate.Latest == times[^1]
                && estimate.Smoothed >= times.Min() - rounding && estimate.Smoothed <= times.Max() + rounding;
        }).QuickCheckThrowOnFailure();

    private static RoundTripEstimate Of(params TimeSpan[] samples)
    {
        var estimate = new RoundTripEstimate();
        foreach (TimeSpan sample in samples) { estimate.Add(sample); }
        return estimate;
    }
}
