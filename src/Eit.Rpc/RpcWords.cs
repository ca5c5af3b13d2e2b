namespace Eit.Rpc;

/// <summary>Cuts what the other end says in words where it comes in, and takes out of it what would steer a terminal or forge a line of a log.</summary>
internal static class RpcWords
{
    private const int NameCharsMax = 128;
    private const int ErrorCharsMax = 16 * 1024;

    /// <summary>A name of a method as it is shown.</summary>
    internal static string OfName(string name) => Harmless(name, NameCharsMax, keepsLines: false);

    /// <summary>Why a call failed; lines and tabs stay.</summary>
    internal static string OfError(string? message) => message is null ? "The call failed." : Harmless(message, ErrorCharsMax, keepsLines: true);

    private static string Harmless(string text, int charsMax, bool keepsLines)
    {
        string cut = text.Length <= charsMax ? text : $"{text.AsSpan(0, charsMax)}...";
        return cut.All(letter => IsHarmless(letter, keepsLines)) ? cut : string.Create(cut.Length, (cut, keepsLines), static (span, source) =>
        {
            for (int i = 0; i < span.Length; i++) { span[i] = IsHarmless(source.cut[i], source.keepsLines) ? source.cut[i] : '?'; }
        });
    }

    private static bool IsHarmless(char letter, bool keepsLines) =>
        keepsLines && letter is '\n' or '\t' || !(char.IsControl(letter) || letter is '\u061C' or '\u200E' or '\u200F' or '\u2028' or '\u2029' or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069'));
}
