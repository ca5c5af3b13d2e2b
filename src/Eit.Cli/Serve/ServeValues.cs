using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Eit.Cli.Serve;

/// <summary>The values of a key, as they are written.</summary>
/// <param name="Texts">The values.</param>
/// <param name="Folder">From where file names count.</param>
internal sealed record ServeValues(IReadOnlyList<string> Texts, string Folder)
{
    internal string Text => Texts is [{ Length: > 0 } only] ? only : throw new FormatException("takes one value, and no empty one");

    internal string File => Text.Contains('\0', StringComparison.Ordinal) ? throw new FormatException("takes the name of a file, and a name holds no NUL") : Path.GetFullPath(Text, Folder);

    internal bool Flag => Text switch
    {
        "true" => true,
        "false" => false,
        var other => throw new FormatException($"'{other}' is not allowed; true or false"),
    };

    internal int Number(int min, int max)
    {
        bool isWithin = int.TryParse(Text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= min && value <= max;
        return isWithin ? value : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"'{Text}' is not allowed; a whole number from {min} to {max}"));
    }

    /// <summary>Reads a number of seconds, such as <c>20s</c> or <c>0.5s</c>.</summary>
    internal TimeSpan Seconds(int min, int max)
    {
        decimal value = 0;
        bool isWithin = Text.EndsWith('s') && decimal.TryParse(Text.AsSpan(0, Text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value) && value >= min && value <= max;
        return isWithin ? TimeSpan.FromSeconds((double)value)
            : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"'{Text}' is not allowed; seconds such as 20s, from {min}s to {max}s"));
    }

    internal string OneOf(params string[] allowed) =>
        allowed.Contains(Text) ? Text : throw new FormatException($"'{Text}' is not allowed; {string.Join(" or ", allowed)}");

    internal IReadOnlyList<EndPoint> Addresses() => [.. Texts.Select(text =>
    {
        if (text.StartsWith(ServeKeys.UnixPrefix, StringComparison.Ordinal)) { return (EndPoint)new UnixDomainSocketEndPoint((this with { Texts = [text[ServeKeys.UnixPrefix.Length..]] }).File); }
        bool isAddress = IPEndPoint.TryParse(text, out IPEndPoint? address) && text.EndsWith(string.Create(CultureInfo.InvariantCulture, $":{address.Port}"), StringComparison.Ordinal);
        return isAddress ? address! : throw new FormatException($"'{text}' is not allowed; an address of this machine and a port, such as 0.0.0.0:443 or [::1]:8443, or unix: and a path");
    })];

    internal IReadOnlyList<string> Origins() => [.. Texts.Select(static text =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? origin) && origin.Scheme is "https" or "http" && origin.GetLeftPart(UriPartial.Authority) == text
            ? text : throw new FormatException($"'{text}' is not allowed; an origin such as https://app.example"))];
}
