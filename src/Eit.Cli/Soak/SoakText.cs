using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Eit.Cli.Soak;

/// <summary>The messages of a soak: a checksum, the number of the connection, the number of the message, and a filler.</summary>
internal static class SoakText
{
    internal const int SizeBytesMin = 48;

    private const int ChecksumChars = 16;

    internal static string Make(int connection, long number, int sizeBytes)
    {
        string head = string.Create(CultureInfo.InvariantCulture, $"{connection} {number} ");
        string body = head + Filler(number, Math.Max(0, sizeBytes - ChecksumChars - 1 - head.Length));
        return $"{ChecksumOf(body)} {body}";
    }

    /// <summary>Reads the number of a message; null if it is not a whole message of this connection.</summary>
    internal static long? NumberOf(int connection, string text)
    {
        bool isWhole = text.Length > ChecksumChars && text[ChecksumChars] == ' ' && text.AsSpan(0, ChecksumChars).SequenceEqual(ChecksumOf(text[(ChecksumChars + 1)..]));
        if (!isWhole) { return null; }
        string[] words = text.Split(' ', 4);
        bool isOurs = words.Length > 2 && words[1] == connection.ToString(CultureInfo.InvariantCulture);
        return isOurs && long.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;
    }

    private static string Filler(long number, int length) => string.Create(length, number, static (characters, number) =>
    {
        for (int i = 0; i < characters.Length; i++) { characters[i] = (char)('!' + ((number + i) % ('~' - '!' + 1))); }
    });

    private static string ChecksumOf(string body)
    {
        ulong hash = BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(body)));
        return hash.ToString("x16", CultureInfo.InvariantCulture);
    }
}
