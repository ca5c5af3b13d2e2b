namespace Eit.Backoff.Tests;

public class SeededJitterTests
{
    [Fact]
    public void The_bits_are_those_of_SplitMix64()
    {
        var jitter = new SeededJitter(1234567);

        ulong[] bits = [.. Enumerable.Range(0, 5).Select(_ => jitter.NextBits())];

        Assert.Equal([6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821], bits);
    }

    [Fact]
    public void The_same_seed_draws_the_same_numbers_and_another_seed_others()
    {
        double[] first = Draw(new SeededJitter(7), 100);
        double[] again = Draw(new SeededJitter(7), 100);
        double[] other = Draw(new SeededJitter(8), 100);

        Assert.Equal(first, again);
        Assert.Empty(first.Intersect(other));
    }

    [Fact]
    public void Numbers_are_from_0_to_1_and_even()
    {
        double[] draws = Draw(new SeededJitter(1), 20_000);

        Assert.All(draws, draw => Assert.InRange(draw, 0, FixedJitter.Highest));
        Assert.All(Bins.Shares(draws, 10), share => Assert.InRange(share, 0.09, 0.11));
    }

    private static double[] Draw(SeededJitter jitter, int count) => [.. Enumerable.Range(0, count).Select(_ => jitter.Next())];
}
