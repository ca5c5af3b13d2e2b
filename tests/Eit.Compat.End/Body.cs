using System.Globalization;
using System.Text;

namespace Eit.Compat.End;

/// <summary>The text of a message: whose it is, its stream and its number, and a filling that follows from them.</summary>
internal static class Body
{
    private const string Filling = "aä€😀";                        // 1, 2, 3 and 4 bytes of UTF-8: pieces of text are cut between code points (F2.4).
    private const int FillingBytes = 10;

    public static string Make(string tag, string stream, long number)
    {
        int bytes = (number % 150, number % 40) switch
        {
            (11, _) when stream is "lane2" or "lane3" => 70_000,   // Several pieces (F2.3).
            (_, 7) => 20_000,
            _ => (int)(number * 37 % 300),
        };
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"{tag} {stream} {number} "));
        return text.Insert(text.Length, Filling, bytes / FillingBytes).ToString();
    }

    /// <summary>Reads whose a message is.</summary>
    /// <returns>False if it is not what was sent.</returns>
    public static bool TryRead(string text, out string tag, out string stream, out long number)
    {
        string[] words = text.Split(' ', 4);
        (tag, stream, number) = ("?", "?", 0);
        if (words.Length < 4 || !long.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out number)) { return false; }
        (tag, stream) = (words[0], words[1]);
        return text == Make(tag, stream, number);
    }
}
