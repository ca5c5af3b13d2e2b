using FsCheck;
using FsCheck.Fluent;
using static Eit.Backoff.Tests.Times;

namespace Eit.Backoff.Tests;

public class JitterExtensionsTests
{
    [Fact]
    public void A_draw_up_to_a_bound_is_its_share_of_the_bound()
    {
        Assert.Equal(Seconds(2.5), new FixedJitter(0.25).UpTo(Seconds(10)));
        Assert.Equal(TimeSpan.Zero, new FixedJitter(0).UpTo(Seconds(10)));
    }

    [Fact]
    public void A_bound_of_zero_or_less_gives_zero()
    {
        Assert.Equal(TimeSpan.Zero, new FixedJitter(0.5).UpTo(TimeSpan.Zero));
        Assert.Equal(TimeSpan.Zero, new FixedJitter(0.5).UpTo(Seconds(-1)));
    }

    [Fact]
    public void The_bound_itself_is_never_drawn() =>
        Prop.ForAll<int, ulong>((bound, seed) =>
        {
            TimeSpan longest = TimeSpan.FromTicks(1 + Math.Abs((long)bound));
            return new FixedJitter(FixedJitter.Highest).UpTo(longest) < longest && new SeededJitter(seed).UpTo(longest) < longest;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_draw_between_two_bounds_stays_between_them() =>
        Prop.ForAll<int, int, ulong>((one, other, seed) =>
        {
            TimeSpan shortest = TimeSpan.FromMilliseconds(Math.Min(one, other));
            TimeSpan longest = TimeSpan.FromMilliseconds(Math.Max(one, other));
            TimeSpan drawn = new SeededJitter(seed).Between(shortest, longest);
            return drawn >= shortest && (drawn < longest || shortest == longest);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Two_equal_bounds_leave_nothing_to_chance()
    {
        Assert.Equal(Seconds(3), new FixedJitter(0.9).Between(Seconds(3), Seconds(3)));
    }
}
