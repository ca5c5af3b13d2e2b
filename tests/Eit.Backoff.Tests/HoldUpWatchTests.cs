using static Eit.Backoff.Tests.Times;

namespace Eit.Backoff.Tests;

public class HoldUpWatchTests
{
    [Fact]
    public void What_takes_as_long_as_the_fastest_was_not_held_up()
    {
        var watch = new HoldUpWatch();

        Assert.Equal(TimeSpan.Zero, watch.HeldUp(1_000, At(50.2)));
        Assert.Equal(TimeSpan.Zero, watch.HeldUp(1_500, At(50.7)));
        Assert.Equal(TimeSpan.Zero, watch.HeldUp(1_600, At(50.75)));
    }

    [Fact]
    public void A_stall_shows_but_for_the_millisecond_in_which_the_clocks_differ()
    {
        var watch = new HoldUpWatch();
        watch.HeldUp(1_000, At(50));

        Assert.Equal(TimeSpan.FromMilliseconds(1_999), watch.HeldUp(1_100, At(52.1)));
        Assert.Equal(TimeSpan.Zero, watch.HeldUp(3_100, At(52.1)));
    }

    /// <summary>The first left at 1,000.0 ms and was under way for 0.99; the second left at 1,010.999 and took 1.001.</summary>
    [Fact]
    public void Nothing_is_said_to_be_held_up_for_longer_than_it_was()
    {
        var watch = new HoldUpWatch();
        watch.HeldUp(1_000, At(1.000_99));

        Assert.InRange(watch.HeldUp(1_010, At(1.012)), TimeSpan.Zero, TimeSpan.FromMicroseconds(11));
    }

    [Fact]
    public void A_clock_that_is_slow_is_forgiven_within_ten_seconds()
    {
        var watch = new HoldUpWatch();
        TimeSpan longest = TimeSpan.Zero;

        for (int second = 0; second < 3_600; second++)
        {
            TimeSpan heldUp = watch.HeldUp((long)(1_000 * second * 0.9999), At(second));
            if (heldUp > longest) { longest = heldUp; }
        }

        Assert.InRange(longest, TimeSpan.Zero, TimeSpan.FromMilliseconds(2));
    }

    [Fact]
    public void A_path_that_has_become_longer_is_the_path_after_ten_seconds()
    {
        var watch = new HoldUpWatch();
        watch.HeldUp(1, At(0));
        TimeSpan atFirst = watch.HeldUp(4_001, At(5));

        for (int second = 5; second < 16; second++) { watch.HeldUp((1_000 * second) + 1, At(second + 1)); }

        Assert.Equal(TimeSpan.FromMilliseconds(999), atFirst);
        Assert.Equal(TimeSpan.Zero, watch.HeldUp(20_001, At(21)));
    }

    [Fact]
    public void The_largest_numbers_do_no_harm()
    {
        var watch = new HoldUpWatch();

        Assert.Equal(TimeSpan.Zero, watch.HeldUp(0, Instant.Never));
        Assert.Equal(TimeSpan.Zero, watch.HeldUp(1L << 53, Instant.Zero));
        Assert.InRange(watch.HeldUp(0, Instant.Zero), TimeSpan.FromDays(100_000), TimeSpan.MaxValue);
    }
}
