using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Eit.Cli.Serve;

/// <summary>An endpoint of the server.</summary>
/// <param name="Path">Where: <c>/rooms/{id}</c>.</param>
/// <param name="Handler">What becomes of messages: <c>echo</c> or <c>relay</c>.</param>
/// <param name="Mode">Who may come.</param>
internal sealed record ServeEndpoint(string Path, string Handler, ServeMode Mode)
{
    internal const string Form = "[eit|plain|both] /PATH=HANDLER";

    internal const string Handlers = "echo or relay";

    /// <summary>Reads what <see cref="Form"/> says.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    internal static ServeEndpoint Parse(string text)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        string modeText = slash > 0 ? text[..slash].Trim() : "";
        ServeMode mode = ServeMode.Eit;
        bool isMode = modeText.Length == 0 || (Enum.TryParse(modeText, ignoreCase: true, out mode) && modeText.All(char.IsAsciiLetterLower));
        if (slash < 0 || equals < slash || !isMode) { throw new FormatException($"'{text}' is not {Form}"); }
        string path = text[slash..equals].Trim();
        string handler = text[(equals + 1)..].Trim();
        try { RoutePatternFactory.Parse(path); }
        catch (RoutePatternException wrong) { throw new FormatException($"the path '{path}' can't be used: {wrong.Message.TrimEnd('.')}", wrong); }
        if (path is "/" or "/healthz" or "/readyz" || path.Any(char.IsWhiteSpace)) { throw new FormatException($"the path '{path}' can't be used"); }
        if (handler is not ("echo" or "relay")) { throw new FormatException($"the handler '{handler}' is not known; {Handlers}"); }
        return new ServeEndpoint(path, handler, mode);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{ModeText} {Path}={Handler}";

    internal JsonObject ToJson() => new() { ["path"] = Path, ["handler"] = Handler, ["mode"] = ModeText };

    private string ModeText => Mode switch { ServeMode.Eit => "eit", ServeMode.Plain => "plain", _ => "both" };
}
