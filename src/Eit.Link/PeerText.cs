using System.Buffers;
using System.Globalization;
using System.Text;

namespace Eit.Link;

/// <summary>Makes what a peer has said harmless where people read it: in logs and on terminals.</summary>
public static class PeerText
{
    private const int CharsMax = 500;

    /// <summary>What steers a terminal, begins a line, or turns the direction of what stands behind it: C0, DEL, C1, line and paragraph separators, and the bidi controls.</summary>
    private static readonly SearchValues<char> s_unsafe = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Concat(Enumerable.Range(0x7F, 0x21)).Concat([0x2028, 0x2029]).Concat(Enumerable.Range(0x202A, 5)).Concat(Enumerable.Range(0x2066, 4)).Select(static code => (char)code)]);

    /// <summary>Escapes control characters and those that turn the direction of a text, each as <c>\u001B</c>, and cuts a text that is longer than 500 characters.</summary>
    /// <param name="text">Any text; null counts as empty.</param>
    public static string Harmless(string? text)
    {
        if (text is null) { return ""; }
        bool isCut = text.Length > CharsMax;
        string escaped = Escape(isCut ? text.AsSpan(0, CharsMax) : text, keep: "") ?? (isCut ? text[..CharsMax] : text);
        return isCut ? $"{escaped}..." : escaped;
    }

    /// <summary>Escapes the same in a text of any length.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="keep">Characters that stay as they are, such as a line feed.</param>
    /// <returns>The text; null if there is nothing to escape in it.</returns>
    public static string? Escape(ReadOnlySpan<char> text, string keep)
    {
        if (!text.ContainsAny(s_unsafe)) { return null; }
        var escaped = new StringBuilder(text.Length + 16);
        foreach (char letter in text)
        {
            if (!s_unsafe.Contains(letter) || keep.Contains(letter, StringComparison.Ordinal)) { escaped.Append(letter); }
            else { escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)letter:X4}"); }
        }
        return escaped.ToString();
    }
}
