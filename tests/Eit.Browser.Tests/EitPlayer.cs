using System.Text.Json;
using Eit.Connection;

namespace Eit.Browser.Tests;

/// <summary>A player over an Eit connection.</summary>
internal sealed class EitPlayer : IAsyncDisposable
{
    private readonly EitConnection _connection;

    private EitPlayer(EitConnection connection)
    {
        _connection = connection;
        connection.OnMessage(text => News.Add(JsonElement.Parse(text)));
    }

    /// <summary>Gets all that the table has told.</summary>
    internal Happenings<JsonElement> News { get; } = new();

    internal IEnumerable<string> Seen => News.All.Select(What);

    internal static async Task<EitPlayer> SitDownAsync(TablesHost host, string name, int table = 1, int? port = null)
    {
        var player = new EitPlayer(host.Client(name, table, port));
        await player._connection.StartAsync().Soon();
        await Patience.UntilAsync(() => player.News.All.Count > 0);   // The server knows of a session a little later than its client: whoever comes next comes second.
        return player;
    }

    internal Task<JsonElement> SeesAsync(string what) => News.UntilAsync(news => What(news) == what);

    internal void Take(int stones) => Assert.True(_connection.Send($$"""{"take":{{stones}}}"""));

    internal void Say(string words) => Assert.True(_connection.Send(JsonSerializer.Serialize(new { say = words })));

    /// <summary>Who sat where: <c>ada here</c>, <c>bob away</c>.</summary>
    internal static IEnumerable<string> SeatsOf(JsonElement news) =>
        news.GetProperty("seats").EnumerateArray().Select(static seat => $"{seat.GetProperty("name").GetString()} {(seat.GetProperty("isHere").GetBoolean() ? "here" : "away")}");

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private static string What(JsonElement news) => news.GetProperty("what").GetString()!;
}
