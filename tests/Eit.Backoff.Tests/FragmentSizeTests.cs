using static Eit.Backoff.Tests.Times;

namespace Eit.Backoff.Tests;

public class FragmentSizeTests
{
    private const int Piece = 16_384;

    private static readonly TimeSpan s_timeout = Seconds(5);
    private static readonly TimeSpan s_near = Seconds(0.01);

    [Fact]
    public void Of_an_unknown_path_1_KiB_is_taken()
    {
        var fragments = new FragmentSize();

        Assert.Equal(1_024, fragments.Of(s_timeout));
        Assert.False(fragments.IsSlowFor(Piece, s_timeout));
        Assert.Equal(0, fragments.BytesPerSecond);
    }

    [Fact]
    public void A_path_that_delivers_a_batch_at_once_gets_whole_batches()
    {
        var fragments = new FragmentSize();

        Deliver(fragments, 1, bytes: Piece, from: 0, to: 0.02);

        Assert.InRange(fragments.Of(s_timeout), Piece, int.MaxValue);
        Assert.False(fragments.IsSlowFor(Piece, s_timeout));
    }

    [Theory]
    [InlineData(500)]
    [InlineData(1_000)]
    [InlineData(2_500)]
    [InlineData(10_000)]
    public void On_a_slow_path_a_fragment_is_what_it_delivers_in_a_quarter_of_the_time_out(int rate)
    {
        var fragments = new FragmentSize();

        Deliver(fragments, 1, bytes: Piece, from: 0, to: 0.01 + 0.05 + ((double)Piece / rate));

        Assert.InRange(fragments.Of(s_timeout), rate * 1.25 * 0.99, rate * 1.25 * 1.01);
        Assert.True(fragments.IsSlowFor(Piece, s_timeout));
    }

    [Fact]
    public void A_long_way_is_not_a_slow_one()
    {
        var fragments = new FragmentSize();

        fragments.Sent(1, 600, At(0));
        fragments.Acknowledged(1, Seconds(0.7), At(0.75));

        Assert.False(fragments.IsSlowFor(Piece, s_timeout));
        Assert.Equal(1_024, fragments.Of(s_timeout));
    }

    [Fact]
    public void A_machine_that_was_busy_for_a_moment_is_not_a_slow_path()
    {
        var fragments = new FragmentSize();

        Deliver(fragments, 1, bytes: 600, from: 0, to: 2);
        Deliver(fragments, 2, bytes: 2_000, from: 2, to: 2.3);

        Assert.InRange(fragments.Of(s_timeout), 1_024, int.MaxValue);
        Assert.False(fragments.IsSlowFor(Piece, s_timeout));
    }

    [Fact]
    public void A_path_that_gets_slower_and_faster_is_followed()
    {
        var fragments = new FragmentSize();

        Deliver(fragments, 1, bytes: Piece, from: 0, to: 0.02);
        Deliver(fragments, 2, bytes: Piece, from: 1, to: 17);
        int slow = fragments.Of(s_timeout);
        Deliver(fragments, 3, bytes: 4_096, from: 17, to: 17.02);

        Assert.InRange(slow, 1_000, 1_400);
        Assert.InRange(fragments.Of(s_timeout), Piece, int.MaxValue);
        Assert.False(fragments.IsSlowFor(Piece, s_timeout));
    }

    [Fact]
    public void A_new_transport_is_unknown_and_no_better_than_a_slow_one_before_it()
    {
        var fragments = new FragmentSize();

        Deliver(fragments, 1, bytes: Piece, from: 0, to: 0.02);
        fragments.Restart();
        int afterFast = fragments.Of(s_timeout);
        Deliver(fragments, 2, bytes: Piece, from: 1, to: 1 + (Piece / 400.0));
        fragments.Restart();

        Assert.Equal(1_024, afterFast);
        Assert.InRange(fragments.Of(s_timeout), 450, 550);
        Assert.True(fragments.IsSlowFor(Piece, s_timeout));
    }

    [Fact]
    public void An_idle_transport_that_is_lost_tells_nothing_of_its_path()
    {
        var fragments = new FragmentSize();

        for (int i = 0; i < 3; i++) { fragments.Restart(); }

        Assert.Equal(1_024, fragments.Of(s_timeout));
        Assert.False(fragments.IsSlowFor(Piece, s_timeout));
    }

    [Fact]
    public void Each_transport_through_which_nothing_came_halves_what_is_tried()
    {
        var fragments = new FragmentSize();
        var tried = new List<int>();

        for (int i = 0; i < 5; i++)
        {
            fragments.Sent(1, Piece, At(i * 10));
            fragments.Restart();
            tried.Add(fragments.Of(s_timeout));
        }

        Assert.Equal([512, 256, 128, 128, 128], tried);
        Assert.True(fragments.IsSlowFor(Piece, s_timeout));
    }

    [Fact]
    public void A_short_time_out_makes_short_fragments()
    {
        var fragments = new FragmentSize();

        Deliver(fragments, 1, bytes: Piece, from: 0, to: 0.06 + ((double)Piece / 2_000));

        Assert.InRange(fragments.Of(Seconds(1)), 495, 505);
        Assert.Equal(FragmentSize.LeastBytes, fragments.Of(Seconds(0.1)));
    }

    private static void Deliver(FragmentSize fragments, long number, long bytes, double from, double to)
    {
        fragments.Sent(number, bytes, At(from));
        Assert.True(fragments.Acknowledged(number, s_near, At(to)));
    }
}
