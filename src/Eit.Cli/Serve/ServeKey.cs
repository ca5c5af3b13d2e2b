using System.Text.Json.Nodes;

namespace Eit.Cli.Serve;

/// <summary>A key of the configuration: one name in the file, and the same one as an option and as an environment variable.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="HelpName">What its value is, in a word; null: it is true or false.</param>
/// <param name="Description">What it says.</param>
/// <param name="Schema">What its value, or each value of its list, may be: an object of JSON Schema.</param>
/// <param name="Set">Puts values into a configuration; throws <see cref="FormatException"/>, saying what is allowed.</param>
/// <param name="Show">Shows its value.</param>
internal sealed record ServeKey(string Name, string? HelpName, string Description, string Schema, Func<ServeConfig, ServeValues, ServeConfig> Set, Func<ServeConfig, JsonNode?> Show)
{
    private const string VariablePrefix = "EIT_";

    /// <summary>Gets whether it has any number of values.</summary>
    internal bool IsList { get; init; }

    /// <summary>Gets whether a server that runs takes another value.</summary>
    internal bool IsReloadable { get; init; }

    /// <summary>Gets the name of the option: <c>--certificate-key</c> for <c>certificateKey</c>.</summary>
    internal string OptionName => "--" + WordsBy('-');

    /// <summary>Gets the name of the environment variable: <c>EIT_CERTIFICATE_KEY</c> for <c>certificateKey</c>.</summary>
    internal string Variable => VariablePrefix + WordsBy('_').ToUpperInvariant();

    private string WordsBy(char separator) => string.Concat(Name.Select(letter => char.IsAsciiLetterUpper(letter) ? $"{separator}{char.ToLowerInvariant(letter)}" : $"{letter}"));
}
