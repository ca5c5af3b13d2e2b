using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Eit.Cli.Serve;

/// <summary>An endpoint of the server.</summary>
/// <param name="Path">Where: <c>/rooms/{id}</c>.</param>
/// <param name="Handler">What becomes of messages: <c>echo</c>, <c>relay</c>, or <c>exec:</c> and a command.</param>
/// <param name="Mode">Who may come.</param>
/// <param name="Folder">The folder in which a command runs.</param>
internal sealed record ServeEndpoint(string Path, string Handler, ServeMode Mode, string Folder)
{
    internal const string Form = "[eit|plain|both] /PATH=HANDLER";
    internal const string Handlers = "echo or relay or exec:COMMAND";

    internal const string Schema = """
        {
          "anyOf": [
            {"type":"string","pattern":"^((eit|plain|both) )?/[^=]+=(echo|relay|exec:.+)$"},
            {
              "type":"object","additionalProperties":false,"required":["path","handler"],
              "properties":{"path":{"type":"string","pattern":"^/."},"handler":{"type":"string","pattern":"^(echo|relay|exec:.+)$"},"mode":{"enum":["eit","plain","both"]}}
            }
          ]
        }
        """;

    private const string ExecPrefix = "exec:";

    /// <summary>Gets the command that handles the messages; null if none does.</summary>
    internal string? Command => Handler.StartsWith(ExecPrefix, StringComparison.Ordinal) ? Handler[ExecPrefix.Length..].Trim() : null;

    /// <summary>Reads what <see cref="Form"/> says.</summary>
    /// <param name="text">The text.</param>
    /// <param name="folder">From where the names in a command count.</param>
    /// <exception cref="FormatException">It is something else.</exception>
    internal static ServeEndpoint Parse(string text, string folder)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        string modeText = slash > 0 ? text[..slash].Trim() : "";
        ServeMode mode = ServeMode.Eit;
        bool isMode = modeText.Length == 0 || (Enum.TryParse(modeText, ignoreCase: true, out mode) && modeText.All(char.IsAsciiLetterLower));
        if (slash < 0 || equals < slash || !isMode) { throw new FormatException($"'{text}' is not {Form}"); }
        string path = text[slash..equals].Trim();
        var endpoint = new ServeEndpoint(path, text[(equals + 1)..].Trim(), mode, folder);
        try { RoutePatternFactory.Parse(path); }
        catch (RoutePatternException wrong) { throw new FormatException($"the path '{path}' can't be used: {wrong.Message.TrimEnd('.')}", wrong); }
        if (path is "/" or "/healthz" or "/readyz" || path.Any(char.IsWhiteSpace)) { throw new FormatException($"the path '{path}' can't be used"); }
        bool isHandler = endpoint.Handler is "echo" or "relay" || endpoint.Command is { Length: > 0 };
        return isHandler ? endpoint : throw new FormatException($"the handler '{endpoint.Handler}' is not known; {Handlers}");
    }

    /// <inheritdoc/>
    public override string ToString() => $"{ModeText} {Path}={Handler}";

    internal JsonObject ToJson() => new() { ["path"] = Path, ["handler"] = Handler, ["mode"] = ModeText };

    private string ModeText => Mode switch { ServeMode.Eit => "eit", ServeMode.Plain => "plain", _ => "both" };
}
