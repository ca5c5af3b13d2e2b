using System.Text.Json.Nodes;

namespace Eit.Cli.Serve;

/// <summary>A key of the configuration: one name in the file, and the same one as an option.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="HelpName">What its value is, in a word; null: it is true or false.</param>
/// <param name="Description">What it says.</param>
/// <param name="IsList">Whether it has any number of values.</param>
/// <param name="Set">Puts values into a configuration; throws <see cref="FormatException"/>, saying what is allowed.</param>
/// <param name="Show">Shows its value.</param>
internal sealed record ServeKey(string Name, string? HelpName, string Description, bool IsList, Func<ServeConfig, ServeValues, ServeConfig> Set, Func<ServeConfig, JsonNode?> Show)
{
    /// <summary>Gets the name of the option: <c>--certificate-key</c> for <c>certificateKey</c>.</summary>
    internal string OptionName => "--" + string.Concat(Name.Select(static letter => char.IsAsciiLetterUpper(letter) ? $"-{char.ToLowerInvariant(letter)}" : $"{letter}"));
}
