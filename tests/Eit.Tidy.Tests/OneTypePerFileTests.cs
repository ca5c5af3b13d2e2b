using System.Text.RegularExpressions;

namespace Eit.Tidy.Tests;

public partial class OneTypePerFileTests
{
    [Fact]
    public void A_source_file_has_one_public_type_and_its_name()
    {
        Repository.AssertNone(Repository.FilesUnder("src", ".cs").SelectMany(path => FaultsOf(path, Repository.Read(path))));
    }

    [Theory]
    [InlineData("Ring.cs", "public sealed class Ring<T>\n{\n    public struct Enumerator { }\n}\ninternal enum Helper { }", 0)]
    [InlineData("Pump.Log.cs", "[Serializable]\npublic sealed partial class Pump\n{\n}", 0)]
    [InlineData("State.cs", "public abstract record State\n{\n}\npublic readonly record struct Other(int X);", 1)]
    [InlineData("Wrong.cs", "public interface IRight\n{\n}", 1)]
    [InlineData("Heard.cs", "public delegate void Heard(string message);", 0)]
    [InlineData("Wrong.cs", "internal static class Hidden\n{\n}", 1)]
    [InlineData("Program.cs", "return 0;", 0)]
    public void A_second_public_type_and_a_wrong_name_are_seen(string path, string source, int faults)
    {
        Assert.Equal(faults, FaultsOf(path, source).Count());
    }

    private static IEnumerable<string> FaultsOf(string path, string source)
    {
        (string Name, bool IsPublic)[] types = [.. TypePattern().Matches(source).Select(type => (type.Groups["name"].Value, type.Groups["mods"].Value.Contains("public", StringComparison.Ordinal)))];
        string[] publicNames = [.. types.Where(type => type.IsPublic).Select(type => type.Name)];
        if (publicNames.Length > 1) { yield return $"{path}: {string.Join(", ", publicNames)} are {publicNames.Length} public types."; }

        string expected = Path.GetFileName(path).Split('.')[0];
        string actual = publicNames.Concat(types.Select(type => type.Name)).FirstOrDefault(expected);
        if (actual != expected) { yield return $"{path}: its first type is {actual}."; }
    }

    // Namespaces are file-scoped, so what is declared at the line's beginning is a type of the top level.
    [GeneratedRegex(
        @"^(?<mods>(?:(?:public|internal|file|sealed|abstract|static|partial|readonly|ref|unsafe)\s+)*)" +
        @"(?:(?:record\s+struct|record\s+class|record|class|struct|interface|enum)\s+|delegate\s+[\w<>\[\]?,. ]+?\s+)(?<name>\w+)",
        RegexOptions.Multiline)]
    private static partial Regex TypePattern();
}
