using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Eit.Cli.Serve;

/// <summary>The tokens that are let in, by their hashes: a line each, <c>NAME SHA256 [EXPIRES]</c>; a line that begins with # says nothing.</summary>
/// <remarks>A token has 256 bits of chance, so that its bare hash can't be turned back; and a look-up by the hash tells nothing of the token by its time.</remarks>
internal sealed class TokenTable
{
    private const long BytesMax = 16 * 1024 * 1024;

    private readonly Dictionary<string, TokenEntry> _entries;

    private TokenTable(Dictionary<string, TokenEntry> entries)
    {
        _entries = entries;
    }

    internal static TokenTable Empty { get; } = new(new Dictionary<string, TokenEntry>());

    /// <summary>Gets whether nobody is let in.</summary>
    internal bool IsEmpty => _entries.Count == 0;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="mayBeEmpty">Whether it may hold nothing at all: a file that is being written anew does for a moment. One that lets nobody in says so with a line that begins with #.</param>
    /// <exception cref="FormatException">It can't be read, or a line in it is wrong.</exception>
    internal static TokenTable Read(string path, bool mayBeEmpty)
    {
        var entries = new Dictionary<string, TokenEntry>(StringComparer.Ordinal);
        int number = 0;
        foreach (string line in LinesOf(path, mayBeEmpty))
        {
            number++;
            string[] words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0 || words[0].StartsWith('#')) { continue; }
            DateTimeOffset expires = DateTimeOffset.MaxValue;
            bool isEntry = words is [_, { Length: 64 } hash, ..] && hash.All(char.IsAsciiHexDigit) && words.Length <= 3
                && (words.Length < 3 || DateTimeOffset.TryParse(words[2], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out expires));
            if (!isEntry) { throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"{path} line {number} is not NAME SHA256 [EXPIRES], such as: ada {new string('0', 61)}... 2030-01-31")); }
            entries[words[1].ToUpperInvariant()] = new TokenEntry(words[0], expires);
        }
        return new TokenTable(entries);
    }

    /// <summary>Finds whose token it is; null if it is nobody's.</summary>
    internal TokenEntry? Find(string token) => _entries.GetValueOrDefault(HashOf(token));

    internal static string HashOf(string token) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    private static string[] LinesOf(string path, bool mayBeEmpty)
    {
        try
        {
            var file = new FileInfo(path);
            if (file.Exists && file.Length > BytesMax) { throw new FormatException($"{path} is larger than 16 MiB"); }
            string text = Outside.Decode(path, File.ReadAllBytes(path));
            return text.Length > 0 || mayBeEmpty ? text.Split('\n') : throw new FormatException($"{path} is empty; a line that begins with # makes a file that lets nobody in");
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException) { throw new FormatException($"{path} does not exist; 'eit token NAME --file {path}' makes it", failure); }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException) { throw new FormatException($"{path} can't be read", failure); }
    }
}
