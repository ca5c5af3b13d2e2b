using Tables.Server;

namespace Eit.Browser.Tests;

public sealed class GameTests
{
    [Fact]
    public void Players_take_in_turn_and_the_last_stone_wins()
    {
        Game game = Game.New.Seat("ada").Seat("bob");

        List<string> winners = [];
        for (int i = 0; i < 7; i++)
        {
            string player = game.Turn!;
            game = game.Take(3, out bool isWon);
            if (isWon) { winners.Add(player); }
        }

        Assert.Equal(["ada"], winners);
        Assert.Equal((21, "bob"), (game.Stones, game.Turn));
    }

    [Theory]
    [InlineData("ada", "bob", "bob")]
    [InlineData("bob", "bob", "eve")]
    [InlineData("eve", "bob", "bob")]
    [InlineData("eve", "eve", "ada")]
    public void The_turn_passes_on_when_its_player_leaves_and_else_stays(string leaves, string turn, string next)
    {
        Game game = Game.New.Seat("ada").Seat("bob").Seat("eve");
        while (game.Turn != turn) { game = game.Take(1, out _); }

        Assert.Equal(next, game.Unseat(leaves).Turn);
    }

    [Fact]
    public void Nobody_plays_alone()
    {
        Assert.Null(Game.New.Turn);
        Assert.Null(Game.New.Seat("ada").Turn);
        Assert.Null(Game.New.Seat("ada").Seat("bob").Unseat("ada").Turn);
    }
}
