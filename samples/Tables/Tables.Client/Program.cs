using System.Globalization;

namespace Tables.Client;

internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        string server = args.ElementAtOrDefault(2) ?? "http://localhost:5080";
        bool isUsed = args.Length is >= 1 and <= 3 && Uri.TryCreate(server, UriKind.Absolute, out _);
        if (!isUsed || !int.TryParse(args.ElementAtOrDefault(1) ?? "1", NumberStyles.None, CultureInfo.InvariantCulture, out int table))
        {
            await Console.Error.WriteLineAsync("Usage: Tables.Client NAME [TABLE [SERVER]]");
            return 2;
        }

        await using var player = new Player(new Uri(server), args[0], table, Console.WriteLine);
        player.Start();
        Console.WriteLine("A number takes stones, anything else is said to the others, an empty line leaves.");
        while (await NextLineAsync(player) is { Length: > 0 } line)
        {
            if (!player.Do(line)) { Console.WriteLine("-- Not connected: that was not sent."); }
        }
        return 0;
    }

    /// <summary>Reads a line, unless the player is turned away first.</summary>
    private static async Task<string?> NextLineAsync(Player player)
    {
        Task<string?> reading = Task.Run(Console.ReadLine);
        return await Task.WhenAny(reading, player.Over) == reading ? await reading : null;
    }
}
