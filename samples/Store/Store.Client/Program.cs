using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Eit.Connection;
using Store.Shared;

namespace Store.Client;

internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        string address = args.ElementAtOrDefault(1) ?? "http://localhost:5090";
        if (args.Length > 2 || !Uri.TryCreate(address, UriKind.Absolute, out Uri? server))
        {
            await Console.Error.WriteLineAsync("Usage: Store.Client [LIST [SERVER]]");
            return 2;
        }

        using var http = new HttpClient { BaseAddress = server };
        bool isEncrypted = server.Scheme == Uri.UriSchemeHttps;
        var options = new EitConnectionOptions
        {
            Url = new UriBuilder(new Uri(server, $"/lists/{args.ElementAtOrDefault(0) ?? "shopping"}")) { Scheme = isEncrypted ? Uri.UriSchemeWss : Uri.UriSchemeWs }.Uri,
            TokenProvider = async (_, cancel) => await LogInAsync(http, cancel),
            AllowUnencryptedForDevelopment = !isEncrypted,
        };
        await using var list = new ListClient(options, Show);
        list.Connection.StateChanged += static (_, change) => Console.WriteLine($"-- {change.Current}: {change.Reason}");
        list.Start();
        Console.WriteLine("A text adds a line, a number ticks that line off or back on, a number with a minus removes it, an empty line leaves.");
        while (await Task.Run(Console.ReadLine) is { Length: > 0 } line) { await DoAsync(list, line); }
        return 0;
    }

    private static async Task DoAsync(ListClient list, string line)
    {
        bool isNumber = int.TryParse(line, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number);
        Item? item = isNumber ? list.State.Items.ElementAtOrDefault(Math.Abs(number) - 1) : null;
        if (!isNumber) { await list.AddAsync(line); }
        else if (item is null) { Console.WriteLine("-- There is no such line."); }
        else if (number < 0) { await list.RemoveAsync(item); }
        else { await list.PutAsync(item with { IsDone = !item.IsDone }); }
    }

    private static void Show(ListState list)
    {
        Console.WriteLine();
        for (int i = 0; i < list.Items.Count; i++) { Console.WriteLine($"{i + 1,3} [{(list.Items[i].IsDone ? 'x' : ' ')}] {list.Items[i].Text}"); }
    }

    private static async Task<string?> LogInAsync(HttpClient http, CancellationToken cancel)
    {
        using HttpResponseMessage answer = await http.PostAsync(new Uri("/login/console", UriKind.Relative), content: null, cancel);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(cancel)).GetProperty("accessToken").GetString();
    }
}
