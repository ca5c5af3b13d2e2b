using System.Globalization;
using System.Text.Json;
using Eit.Protocol.Wire;
using Eit.Server;
using Eit.Server.Channels;
using Microsoft.Extensions.Options;
using Tables.Shared;

namespace Tables.Server;

/// <summary>One table. Its events run one at a time, so it needs no lock.</summary>
internal sealed class Table(GameStore store, EitChannels channels, TimeoutManager timeouts, IOptions<TableOptions> options) : EitChannelHandler
{
    private const int SayCharsMax = 200;

    private string _path = "";
    private int _number;
    private Game _game = Game.New;

    private string TurnId => $"{_path}/turn";

    public override async ValueTask OnChannelCreatedAsync(string path)
    {
        string name = path[(path.LastIndexOf('/') + 1)..];
        bool exists = int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out _number) && _number >= 1 && _number <= options.Value.TablesMax;
        if (!exists) { throw new EitChannelRefusedException("There is no such table."); }
        _path = path;
        _game = await store.LoadAsync(_number);
        foreach (string player in _game.Players) { KeepSeat(player); }   // They may come back, or not.
        StartTurn();
    }

    public override async ValueTask OnChannelDeletedAsync(string path) => await store.SaveAsync(_number, _game);

    public override ValueTask OnConnectAsync(EitSession connection)
    {
        string player = connection.User!;
        bool isSeated = _game.Players.Contains(player);
        if (!isSeated && _game.Players.Count == Game.PlayersMax) { throw new EitChannelRefusedException("The table is full."); }
        bool wasGone = timeouts.ClearTimeout(SeatId(player));
        if (!isSeated) { Change(_game.Seat(player), $"{player} sits down."); }
        else { Tell(wasGone ? $"{player} is back." : $"{player} is here once more."); }
        return default;
    }

    /// <summary>A session is over: a browser whose connection broke, or an Eit client that closed or stayed away for too long. Either may come again.</summary>
    public override ValueTask OnDisconnectAsync(EitSession connection, EitSessionEnd end)
    {
        string player = connection.User!;
        if (channels.IsUserConnected(_path, player)) { return default; }   // In another tab.
        KeepSeat(player);
        Tell($"{player} is gone.");
        return default;
    }

    public override ValueTask OnOutageAsync(EitSession connection, CloseCode code, string reason)
    {
        Tell($"{connection.User} is out of reach.");
        return default;
    }

    public override ValueTask OnResumedAsync(EitSession connection, TimeSpan outage)
    {
        Tell($"{connection.User} is back.");
        return default;
    }

    public override ValueTask OnMessageAsync(EitSession connection, string message)
    {
        PlayerMessage said;
        try { said = PlayerMessage.Parse(message); }
        catch (JsonException) { said = new PlayerMessage(); }

        switch (said)
        {
            case { Take: { } taken } when FaultOf(connection.User, taken) is { } fault:
                connection.Send(NewsOf(fault));                    // Nobody else need know.
                break;
            case { Take: { } taken }:
                Take(taken, $"{connection.User} takes {taken}.");
                break;
            case { Say: { Length: > 0 and <= SayCharsMax } words }:
                Tell($"{connection.User}: {words}");
                break;
            default:
                connection.Send(NewsOf($$"""That is neither {"take":1} nor {"say":"up to {{SayCharsMax}} characters"}."""));
                break;
        }
        return default;
    }

    public override ValueTask OnTimeoutAsync(string id)
    {
        if (id == TurnId) { Take(1, $"{_game.Turn} has thought for too long: one stone."); }
        else
        {
            string player = id[(id.LastIndexOf('/') + 1)..];
            Change(_game.Unseat(player), $"{player}'s seat is free.");
        }
        return default;
    }

    private string SeatId(string player) => $"{_path}/seat/{player}";

    private void KeepSeat(string player) => timeouts.SetTimeout(SeatId(player), options.Value.SeatTime);

    private string? FaultOf(string? player, int taken)
    {
        if (_game.Turn != player) { return _game.Turn is { } turn ? $"It is {turn}'s turn." : "It takes two to play."; }
        return taken < 1 || taken > Math.Min(Game.TakenMax, _game.Stones) ? $"One can take 1 to {Math.Min(Game.TakenMax, _game.Stones)}." : null;
    }

    private void Take(int taken, string what)
    {
        string player = _game.Turn!;
        Game next = _game.Take(taken, out bool isWon);
        Change(next, isWon ? $"{what} {player} wins." : what);
    }

    private void Change(Game next, string what)
    {
        bool isNewTurn = (next.Turn, next.Stones) != (_game.Turn, _game.Stones);
        _game = next;
        if (isNewTurn) { StartTurn(); }
        Tell(what);
    }

    private void StartTurn()
    {
        if (_game.Turn is null) { timeouts.ClearTimeout(TurnId); }
        else { timeouts.SetTimeout(TurnId, options.Value.TurnTime); }
    }

    private void Tell(string what) => channels.Broadcast(_path, NewsOf(what));

    private string NewsOf(string what)
    {
        HashSet<string?> here = [.. channels.GetConnectionsByChannel(_path).Where(static member => member.IsConnected).Select(static member => member.User)];
        int secondsLeft = (int)Math.Ceiling((timeouts.GetTimeLeft(TurnId) ?? TimeSpan.Zero).TotalSeconds);
        return new TableMessage(what, _game.Stones, _game.Turn, secondsLeft, [.. _game.Players.Select(player => new SeatInfo(player, here.Contains(player)))]).ToJson();
    }
}
