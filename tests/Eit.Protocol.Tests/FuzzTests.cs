using Eit.Fuzz;

namespace Eit.Protocol.Tests;

public class FuzzTests
{
    private static readonly TimeSpan s_hangLimit = TimeSpan.FromSeconds(30);
    private static readonly Corpus s_corpus = Corpus.Load(Corpus.FindRoot());

    [Fact]
    public void Whatever_a_peer_says_nothing_throws_hoards_runs_in_a_circle_or_is_read_in_two_ways()
    {
        FuzzResult result = FuzzRun.Run(first: 1, inputs: 60_000, s_corpus, Canary.None, s_hangLimit);

        Assert.True(result.Failure is null, $"Seed {result.Failure?.Seed}: {result.Failure?.What}");
        Assert.All(Enum.GetValues<FuzzTarget>(), target => Assert.InRange(result.Inputs[target], 1_000, long.MaxValue));
        Assert.InRange(result.ClausesBroken.Count, 15, int.MaxValue);   // Else the peers are not hostile, or break off before it matters.
    }

    [Theory]
    [InlineData(nameof(Canary.ReaderThrows), "IndexOutOfRangeException: planted")]
    [InlineData(nameof(Canary.ReaderHoards), "bytes of memory")]
    [InlineData(nameof(Canary.ReaderMisreads), "differ")]
    [InlineData(nameof(Canary.RepeatsMessage), "was handed over after")]
    [InlineData(nameof(Canary.KeepsOutcome), "never gets an outcome")]
    [InlineData(nameof(Canary.ThrowsOnViolation), "InvalidOperationException: planted")]
    public void A_planted_bug_is_found(string canary, string what)
    {
        FuzzResult result = FuzzRun.Run(first: 1, inputs: 60_000, s_corpus, Enum.Parse<Canary>(canary), s_hangLimit);

        Assert.Contains(what, result.Failure?.What, StringComparison.Ordinal);
    }

    [Fact]
    public void An_input_that_never_comes_back_is_found() =>
        Assert.Equal(FuzzRun.Hangs, FuzzRun.Run(first: 1, inputs: 60_000, s_corpus, Canary.ReaderHangs, hangLimit: TimeSpan.FromMilliseconds(500)).Failure?.What);

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(6)]
    public void A_seed_repeats_its_inputs(ulong seed)
    {
        string[] first = Inputs(seed);

        Assert.InRange(first.Length, 20, int.MaxValue);
        Assert.Equal(first, Inputs(seed));
        Assert.NotEqual(first, Inputs(seed + 8));
    }

    private static string[] Inputs(ulong seed)
    {
        var inputs = new List<string>();
        FuzzRun.Repeat(seed, s_corpus, Canary.None, inputs.Add);
        return [.. inputs];
    }
}
