using System.Text;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

/// <summary>The vectors that other implementations test themselves with hold for this one.</summary>
public class VectorTests
{
    private static readonly string s_folder = FindFolder();

    [Theory]
    [MemberData(nameof(NamesIn), "same")]
    [MemberData(nameof(NamesIn), "other")]
    public void A_vector_says_the_same_in_both_encodings(string path)
    {
        string[] json = JsonWire.Read(File.ReadAllBytes(path + ".json"));
        string[] binary = BinaryWire.Read(File.ReadAllBytes(path + ".bin"));

        Assert.Equal(json, binary);
        Assert.DoesNotContain("Malformed", json[0], StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(NamesIn), "same")]
    public void A_vector_is_what_the_writers_write(string path)
    {
        byte[] json = Encoding.UTF8.GetBytes(File.ReadAllText(path + ".json").TrimEnd('\n'));
        byte[] binary = File.ReadAllBytes(path + ".bin");

        Assert.Equal(Convert.ToHexString(binary), Convert.ToHexString(BothEncodingsTests.Rewrite(new JsonFrameReader(), json, new BinaryFrameWriter())));
        Assert.Equal(Encoding.UTF8.GetString(json), Encoding.UTF8.GetString(BothEncodingsTests.Rewrite(new BinaryFrameReader(), binary, new JsonFrameWriter())));
    }

    [Theory]
    [MemberData(nameof(NamesIn), "broken")]
    public void A_broken_vector_is_malformed(string path)
    {
        Violation? violation = new BinaryFrameReader().Read(File.ReadAllBytes(path + ".bin"), isText: false, new FrameBatch());

        Assert.Equal(CloseCode.Malformed, violation?.Code);
    }

    [Fact]
    public void The_vectors_have_every_type_of_frame()
    {
        HashSet<string> types = [.. PathsIn("same").SelectMany(path => JsonWire.Read(File.ReadAllBytes(path + ".json"))).Select(shown => shown.Split(' ')[0])];

        Assert.Equal(Enum.GetNames<FrameType>().Order(StringComparer.Ordinal), types.Order(StringComparer.Ordinal));
    }

    public static TheoryData<string> NamesIn(string folder) => [.. PathsIn(folder)];

    private static IEnumerable<string> PathsIn(string folder) =>
        Directory.EnumerateFiles(Path.Combine(s_folder, folder), "*.bin").Order(StringComparer.Ordinal).Select(file => file[..^4]);

    private static string FindFolder()
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "Eit.sln"))) { root = Path.GetDirectoryName(root)!; }
        return Path.Combine(root, "tests", "vectors");
    }
}
