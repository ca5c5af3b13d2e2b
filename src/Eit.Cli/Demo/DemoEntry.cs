using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Eit.Cli.Demo;

/// <summary>What a ledger keeps of a message: the number that its text begins with, and a hash of the whole text.</summary>
internal readonly record struct DemoEntry(long Number, ulong Hash)
{
    /// <summary>Reads a text such as <c>up 17 hello</c>. What has no number gets -1, which no sender uses.</summary>
    internal static DemoEntry Of(string text)
    {
        string[] words = text.Split(' ', 3);
        bool isNumbered = words.Length > 1 && long.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out _);
        long number = isNumbered ? long.Parse(words[1], NumberStyles.None, CultureInfo.InvariantCulture) : -1;
        return new DemoEntry(number, BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(text))));
    }
}
