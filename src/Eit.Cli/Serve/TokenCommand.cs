using System.Buffers.Text;
using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;

namespace Eit.Cli.Serve;

/// <summary>The verb <c>token</c>: makes a token, and keeps its hash.</summary>
internal static class TokenCommand
{
    private const string Description = "Make a bearer token for a user: print it, and add its hash to the file that 'eit serve --tokens' reads.";

    private const string Details = """
        The token is printed once and kept nowhere. A server that runs takes it at once; to take it back, remove its line from the file.

        Exit codes: 0 done; 1 the file can't be written; 2 bad options.

        Example: eit token ada --file tokens.txt --days 90 > ada.token
        """;

    internal static Command Make()
    {
        var name = new Argument<string>("NAME") { Description = "The user's name: one word." };
        var file = new Option<string>("--file") { Description = "The file with the hashes.", HelpName = "FILE", Required = true };
        Option<long?> days = WholeNumber.Option("--days", "After how many days it expires. Default: never.", 1, 36_500);
        var command = new Verb("token", Description, Details) { name, file, days };
        command.Validators.Add(result =>
        {
            string word = result.GetValue(name) ?? "";
            bool isWord = word.Length is > 0 and <= 200 && !word.StartsWith('#') && !word.StartsWith('-') && !word.Any(static letter => char.IsWhiteSpace(letter) || char.IsControl(letter));
            if (!isWord) { result.AddError($"NAME is one word that begins with neither # nor -, not '{word}'."); }
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string token = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
            string expires = parsed.GetValue(days) is { } life ? TimeProvider.System.GetUtcNow().AddDays(life).ToString(" yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture) : "";
            try { await AppendAsync(parsed.GetValue(file)!, $"{parsed.GetValue(name)} {TokenTable.HashOf(token)}{expires}", cancellationToken); }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                await Terminal.FailAsync(parsed.InvocationConfiguration.Error, failure.Message);
                return 1;
            }
            await parsed.InvocationConfiguration.Output.WriteLineAsync(token);
            return 0;
        });
        return command;
    }

    private static async Task AppendAsync(string path, string line, CancellationToken cancellationToken)
    {
        bool endsInLine = !File.Exists(path) || (await File.ReadAllBytesAsync(path, cancellationToken)) is not [.., not (byte)'\n'];
        await File.AppendAllTextAsync(path, $"{(endsInLine ? "" : "\n")}{line}\n", cancellationToken);
    }
}
