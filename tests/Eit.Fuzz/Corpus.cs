using System.Text;
using Eit.Protocol.Wire;

namespace Eit.Fuzz;

/// <summary>The messages to begin with: the recorded conversations beside this program, and the test vectors.</summary>
internal sealed class Corpus
{
    private readonly byte[][] _json;
    private readonly byte[][] _binary;

    private Corpus(IEnumerable<byte[]> json, IEnumerable<byte[]> binary) => (_json, _binary) = ([.. json], [.. binary]);

    /// <summary>Gets a corpus for those who never pick from it.</summary>
    internal static Corpus Empty { get; } = new([], []);

    /// <summary>Reads the files.</summary>
    /// <param name="root">The root of the repository.</param>
    /// <remarks>A line of a conversation is a direction, a space and a message: JSON as it is, binary in hexadecimal digits.</remarks>
    internal static Corpus Load(string root)
    {
        string vectors = Path.Combine(root, "tests", "vectors");
        string conversations = Path.Combine(root, "tests", "Eit.Fuzz", "corpus");
        return new Corpus(
            Files(vectors, "*.json").Select(File.ReadAllBytes).Concat(Lines(conversations, "*.json.txt").Select(Encoding.UTF8.GetBytes)),
            Files(vectors, "*.bin").Select(File.ReadAllBytes).Concat(Lines(conversations, "*.bin.txt").Select(Convert.FromHexString)));
    }

    /// <summary>Finds the root of the repository above this program.</summary>
    internal static string FindRoot()
    {
        string? root = AppContext.BaseDirectory;
        while (root is not null && !File.Exists(Path.Combine(root, "Eit.sln"))) { root = Path.GetDirectoryName(root); }
        return root ?? throw new InvalidOperationException("The corpus is in the repository, and this program is not under it.");
    }

    internal byte[] Pick(WireEncoding encoding, Chance chance) => chance.Pick<byte[]>(encoding == WireEncoding.Json ? _json : _binary);

    private static IEnumerable<string> Lines(string folder, string pattern) => Files(folder, pattern).SelectMany(File.ReadAllLines).Select(static line => line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..]);

    private static IEnumerable<string> Files(string folder, string pattern) => Directory.EnumerateFiles(folder, pattern, SearchOption.AllDirectories).Order(StringComparer.Ordinal);
}
