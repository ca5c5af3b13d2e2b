using static Eit.Backoff.Tests.Times;

namespace Eit.Backoff.Tests;

public class SuspicionWatchTests
{
    [Theory]
    [InlineData(0, 0, 12.5)]                                       // Half the time-out,
    [InlineData(1, 0, 13)]                                         // or three round trips,
    [InlineData(0.1, 2, 13.5)]                                     // and half of the spread.
    public void A_silence_is_suspicious_after_half_the_time_out_or_three_round_trips(double roundTrip, double spread, double raceAt)
    {
        var watch = new SuspicionWatch(new FixedJitter(0.5));

        Assert.Equal(At(raceAt), watch.RaceAt(At(10), Seconds(5), Seconds(roundTrip), Seconds(spread)));
    }

    [Fact]
    public void There_is_one_race_per_silence()
    {
        var watch = new SuspicionWatch(new FixedJitter(0));

        watch.Raced(At(10));

        Assert.Equal(Instant.Never, watch.RaceAt(At(10), Seconds(5), Seconds(0), Seconds(0)));
        Assert.Equal(At(13.5), watch.RaceAt(At(11), Seconds(5), Seconds(0), Seconds(0)));
    }

    [Fact]
    public void The_moment_is_drawn_for_each_silence()
    {
        var watch = new SuspicionWatch(new SeededJitter(1));
        Instant first = watch.RaceAt(At(10), Seconds(5), Seconds(0), Seconds(4));

        Assert.Equal(first, watch.RaceAt(At(10), Seconds(5), Seconds(0), Seconds(4)));
        watch.Raced(At(10));

        Assert.NotEqual(first + Seconds(1), watch.RaceAt(At(11), Seconds(5), Seconds(0), Seconds(4)));
    }
}
