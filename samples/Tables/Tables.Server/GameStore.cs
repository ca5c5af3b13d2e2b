using System.Text.Json;
using Microsoft.Extensions.Options;

namespace Tables.Server;

/// <summary>Keeps games in files, one for each table.</summary>
internal sealed class GameStore(IOptions<TableOptions> options)
{
    /// <summary>Loads a game; a new one if none was saved.</summary>
    internal async Task<Game> LoadAsync(int table)
    {
        string path = PathOf(table);
        if (!File.Exists(path)) { return Game.New; }
        await using FileStream file = File.OpenRead(path);
        return await JsonSerializer.DeserializeAsync<Game>(file) ?? throw new JsonException($"{path} holds no game.");
    }

    /// <summary>Saves a game. The file is replaced in one step: a crash leaves the old one or the new one.</summary>
    internal async Task SaveAsync(int table, Game game)
    {
        Directory.CreateDirectory(options.Value.Folder);
        string path = PathOf(table);
        await File.WriteAllBytesAsync($"{path}.new", JsonSerializer.SerializeToUtf8Bytes(game));
        File.Move($"{path}.new", path, overwrite: true);
    }

    private string PathOf(int table) => Path.Combine(options.Value.Folder, $"{table}.json");
}
