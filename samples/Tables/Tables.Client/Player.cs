using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Eit.Connection;
using Tables.Shared;

namespace Tables.Client;

/// <summary>A player at a table, over an Eit connection: outages are bridged, and nothing that is said at the table is missed or seen twice.</summary>
internal sealed class Player : IAsyncDisposable
{
    private readonly HttpClient _http;
    private readonly EitConnection _connection;
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Makes a player who is not there yet.</summary>
    /// <param name="server">The address of the page.</param>
    /// <param name="name">The player's name.</param>
    /// <param name="table">The table's number.</param>
    /// <param name="show">Shows a line to the player; called on any thread, one call at a time for the table's news.</param>
    internal Player(Uri server, string name, int table, Action<string> show)
    {
        _http = new HttpClient { BaseAddress = server };
        bool isEncrypted = server.Scheme == Uri.UriSchemeHttps;
        _connection = new EitConnection(new EitConnectionOptions
        {
            Url = new UriBuilder(new Uri(server, $"/tables/{table}")) { Scheme = isEncrypted ? Uri.UriSchemeWss : Uri.UriSchemeWs }.Uri,
            TokenProvider = async (_, cancel) => await LogInAsync(name, cancel),
            AllowUnencryptedForDevelopment = !isEncrypted,
            StopsWhenRefused = true,
        });
        _connection.OnMessage(text => show(LineOf(TableMessage.Parse(text))));
        _connection.StateChanged += (_, change) =>
        {
            show($"-- {change.Current}: {change.Reason}");
            if (change.Current == EitConnectionState.Closed) { _over.TrySetResult(); }
        };
    }

    /// <summary>Gets a task that ends when the player has left or was turned away.</summary>
    internal Task Over => _over.Task;

    internal void Start() => _connection.Start();

    /// <summary>Does what a line says: a number takes stones, anything else is said to the others.</summary>
    /// <returns>False when there is no connection, and nothing is done: a move should not be made later, when the table has changed.</returns>
    internal bool Do(string line)
    {
        bool isNumber = int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out int stones);
        return _connection.Send((isNumber ? new PlayerMessage(Take: stones) : new PlayerMessage(Say: line)).ToJson());
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        _http.Dispose();
    }

    private async Task<string?> LogInAsync(string name, CancellationToken cancel)
    {
        using HttpResponseMessage answer = await _http.PostAsync(new Uri($"/login/{Uri.EscapeDataString(name)}", UriKind.Relative), content: null, cancel);
        answer.EnsureSuccessStatusCode();
        JsonElement token = await answer.Content.ReadFromJsonAsync<JsonElement>(cancel);
        return token.GetProperty("accessToken").GetString();
    }

    private static string LineOf(TableMessage news)
    {
        string seats = string.Join(", ", news.Seats.Select(static seat => seat.IsHere ? seat.Name : $"({seat.Name})"));
        string turn = news.Turn is { } player ? $"{player}'s turn, {news.SecondsLeft} s" : "waiting for a second player";
        return $"{news.What} [{news.Stones} stones; {seats}; {turn}]";
    }
}
