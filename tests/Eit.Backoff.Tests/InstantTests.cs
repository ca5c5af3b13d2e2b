using FsCheck;
using FsCheck.Fluent;
using static Eit.Backoff.Tests.Times;

namespace Eit.Backoff.Tests;

public class InstantTests
{
    [Fact]
    public void The_clock_begins_at_zero_and_never_is_its_end()
    {
        Assert.Equal(0, Instant.Zero.Ticks);
        Assert.Equal(default, Instant.Zero);
        Assert.Equal(long.MaxValue, Instant.Never.Ticks);
    }

    [Fact]
    public void Times_are_added_and_taken_away()
    {
        Instant instant = At(10);

        Assert.Equal(At(12.5), instant + Seconds(2.5));
        Assert.Equal(At(7.5), instant - Seconds(2.5));
        Assert.Equal(At(7.5), instant + Seconds(-2.5));
        Assert.Equal(At(12.5), instant - Seconds(-2.5));
        Assert.Equal(instant + Seconds(1), Instant.Add(instant, Seconds(1)));
        Assert.Equal(instant - Seconds(1), Instant.Subtract(instant, Seconds(1)));
    }

    [Fact]
    public void What_would_run_past_never_is_never()
    {
        Assert.Equal(Instant.Never, Instant.Never + TimeSpan.FromTicks(1));
        Assert.Equal(Instant.Never, Instant.Never + TimeSpan.Zero);
        Assert.Equal(Instant.Never, At(1) + TimeSpan.MaxValue);
        Assert.Equal(Instant.Never, Instant.Never - TimeSpan.FromTicks(-1));
        Assert.Equal(Instant.Never, At(1) - TimeSpan.MinValue);
        Assert.Equal(Instant.Never, Instant.Zero + TimeSpan.MaxValue);
    }

    [Fact]
    public void No_sum_with_a_time_that_is_not_negative_is_before_its_instant() =>
        Prop.ForAll<DoNotSize<long>, DoNotSize<long>>((at, time) =>
        {
            var instant = new Instant(at.Item & long.MaxValue);
            var ahead = TimeSpan.FromTicks(time.Item & long.MaxValue);
            return instant + ahead >= instant && instant - ahead <= instant && instant - (-ahead) == instant + ahead;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_time_since_an_instant_that_is_not_earlier_is_zero()
    {
        Assert.Equal(Seconds(3), At(5).Since(At(2)));
        Assert.Equal(TimeSpan.Zero, At(2).Since(At(2)));
        Assert.Equal(TimeSpan.Zero, At(2).Since(At(5)));
        Assert.Equal(TimeSpan.Zero, At(2).Since(Instant.Never));
    }

    [Fact]
    public void The_time_between_two_instants_is_never_negative() =>
        Prop.ForAll<DoNotSize<long>, DoNotSize<long>>((one, other) => new Instant(one.Item).Since(new Instant(other.Item)) >= TimeSpan.Zero).QuickCheckThrowOnFailure();

    [Fact]
    public void The_time_since_an_instant_before_the_clock_began_does_not_wrap_around()
    {
        Assert.Equal(TimeSpan.MaxValue, Instant.Never.Since(At(-1)));
        Assert.Equal(Seconds(2), At(1).Since(At(-1)));
    }

    [Fact]
    public void The_earlier_of_two_is_picked_whatever_their_order()
    {
        Assert.Equal(At(1), Instant.Earlier(At(1), At(2)));
        Assert.Equal(At(1), Instant.Earlier(At(2), At(1)));
        Assert.Equal(At(1), Instant.Earlier(Instant.Never, At(1)));
        Assert.Equal(Instant.Never, Instant.Earlier(Instant.Never, Instant.Never));
    }

    [Fact]
    public void Instants_are_ordered_as_their_ticks_are() =>
        Prop.ForAll<long, long>((one, other) =>
        {
            Instant left = new(one), right = new(other);
            return left < right == one < other && left > right == one > other && left <= right == one <= other && left >= right == one >= other
                && left.CompareTo(right) == one.CompareTo(other) && left == right == (one == other);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void An_instant_is_shown_in_milliseconds()
    {
        Assert.Equal("1500.25 ms", At(1.50025).ToString());
        Assert.Equal("0 ms", Instant.Zero.ToString());
        Assert.Equal("never", Instant.Never.ToString());
    }
}
