using System.Text.Json.Serialization;

namespace Tables.Server;

/// <summary>A pile of stones: the players take one to three in turn, and whoever takes the last one wins. Then the pile is full again.</summary>
/// <param name="Stones">How many stones are left.</param>
/// <param name="Players">Who plays, in their order.</param>
/// <param name="Next">The number of the player whose turn it is.</param>
internal sealed record Game(int Stones, IReadOnlyList<string> Players, int Next)
{
    internal const int StonesMax = 21;
    internal const int TakenMax = 3;
    internal const int PlayersMax = 4;

    internal static Game New { get; } = new(StonesMax, [], Next: 0);

    /// <summary>Gets whose turn it is; null while there are not two players.</summary>
    [JsonIgnore]
    public string? Turn => Players.Count < 2 ? null : Players[Next];

    internal Game Seat(string player) => this with { Players = [.. Players, player] };

    internal Game Unseat(string player)
    {
        int left = Players.TakeWhile(other => other != player).Count();
        string[] players = [.. Players.Where(other => other != player)];
        int next = left < Next ? Next - 1 : Next;
        return this with { Players = players, Next = next < players.Length ? next : 0 };
    }

    /// <summary>Takes stones for the player whose turn it is.</summary>
    /// <param name="taken">How many; 1 to 3, and not more than there are.</param>
    /// <param name="isWon">Whether that was the last one.</param>
    internal Game Take(int taken, out bool isWon)
    {
        isWon = taken == Stones;
        return this with { Stones = isWon ? StonesMax : Stones - taken, Next = (Next + 1) % Players.Count };
    }
}
