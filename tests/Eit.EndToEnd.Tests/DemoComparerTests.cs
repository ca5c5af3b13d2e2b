using Eit.Cli.Demo;

namespace Eit.EndToEnd.Tests;

public class DemoComparerTests
{
    private static readonly string[] s_sent = ["up 1 a", "up 2 b", "up 3 c", "up 4 d"];

    [Fact]
    public void What_arrives_as_it_was_sent_is_perfect()
    {
        DemoTally tally = Compare(s_sent, s_sent);

        Assert.Equal(new DemoTally(4, 4, Lost: 0, Duplicated: 0, Reordered: 0, Altered: 0), tally);
        Assert.True(tally.IsPerfect);
    }

    [Fact]
    public void What_never_arrives_is_lost()
    {
        Assert.Equal(new DemoTally(4, 2, Lost: 2, Duplicated: 0, Reordered: 0, Altered: 0), Compare(s_sent, ["up 1 a", "up 3 c"]));
    }

    [Fact]
    public void A_loss_at_the_end_is_a_loss()
    {
        Assert.Equal(new DemoTally(4, 3, Lost: 1, Duplicated: 0, Reordered: 0, Altered: 0), Compare(s_sent, s_sent[..^1]));
    }

    [Fact]
    public void What_arrives_again_is_duplicated_however_late()
    {
        Assert.Equal(new DemoTally(4, 6, Lost: 0, Duplicated: 2, Reordered: 0, Altered: 0), Compare(s_sent, ["up 1 a", "up 1 a", "up 2 b", "up 3 c", "up 4 d", "up 2 b"]));
    }

    [Fact]
    public void What_arrives_behind_a_later_one_is_reordered()
    {
        Assert.Equal(new DemoTally(4, 4, Lost: 0, Duplicated: 0, Reordered: 2, Altered: 0), Compare(s_sent, ["up 3 c", "up 1 a", "up 2 b", "up 4 d"]));
    }

    [Theory]
    [InlineData("up 2 B")]                                         // Other text.
    [InlineData("up 9 b")]                                         // Another number.
    [InlineData("down 2 b")]                                       // Of the other direction.
    [InlineData("")]
    public void What_was_never_sent_is_altered_and_does_not_stand_for_what_was(string instead)
    {
        Assert.Equal(new DemoTally(4, 4, Lost: 1, Duplicated: 0, Reordered: 0, Altered: 1), Compare(s_sent, ["up 1 a", instead, "up 3 c", "up 4 d"]));
    }

    [Fact]
    public void A_loss_is_not_made_good_by_a_duplicate()
    {
        DemoTally tally = Compare(s_sent, ["up 1 a", "up 2 b", "up 2 b", "up 4 d"]);

        Assert.Equal(new DemoTally(4, 4, Lost: 1, Duplicated: 1, Reordered: 0, Altered: 0), tally);
        Assert.False(tally.IsPerfect);
    }

    [Fact]
    public void Each_fault_alone_fails_the_demo()
    {
        var perfect = new DemoTally(4, 4, Lost: 0, Duplicated: 0, Reordered: 0, Altered: 0);

        Assert.True(Report(perfect, perfect).Ok);
        DemoTally[] faulty = [perfect with { Received = 3, Lost = 1 }, perfect with { Received = 5, Duplicated = 1 }, perfect with { Reordered = 1 }, perfect with { Received = 5, Altered = 1 }];
        Assert.All(faulty, tally => Assert.Equal(1, Report(tally, perfect).ExitCode));
        Assert.All(faulty, tally => Assert.Equal(1, Report(perfect, tally).ExitCode));
        Assert.Equal(1, Report(perfect, perfect, "Only 3 of 4 cuts were done.").ExitCode);
    }

    private static DemoTally Compare(string[] sent, string[] arrived) => DemoComparer.Compare([.. sent.Select(DemoEntry.Of)], [.. arrived.Select(DemoEntry.Of)]);

    private static DemoReport Report(DemoTally up, DemoTally down, params string[] problems) => new()
    {
        Up = up,
        Down = down,
        Resumes = 0,
        Cycles = 0,
        Cuts = 0,
        BlackHoles = 0,
        FailedDials = 0,
        LongestGapMs = 0,
        Seconds = 0,
        Seed = 0,
        Problems = problems,
    };
}
