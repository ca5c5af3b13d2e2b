using System.Xml.Linq;

namespace Eit.Tidy.Tests;

public class FloorTests
{
    private static readonly Dictionary<string, int> s_floors = new()
    {
        ["Eit.Backoff"] = 0,
        ["Eit.Protocol"] = 1,
        ["Eit.Link"] = 2,
        ["Eit.Connection"] = 3,
        ["Eit.Server"] = 3,
        ["Eit.Rpc"] = 3,
        ["Eit.Chaos"] = 3,
        ["Eit.Rpc.Generators"] = 0,
        ["Eit.Rpc.Client"] = 4,
        ["Eit.Rpc.Server"] = 4,
        ["Eit.Testing"] = 4,
        ["Eit.Cli"] = 4,
    };

    public static TheoryData<string> Projects => new(Repository.FilesUnder("src", ".csproj"));

    [Theory, MemberData(nameof(Projects))]
    public void A_project_refers_to_lower_floors_only(string path)
    {
        string project = Path.GetFileNameWithoutExtension(path);
        Assert.True(s_floors.TryGetValue(project, out int floor), $"{project} has no floor yet.");

        Repository.AssertNone(ReferencesOf(path)
            .Where(reference => !s_floors.TryGetValue(reference, out int below) || below >= floor)
            .Select(reference => $"{path}: {project} (floor {floor}) may not refer to {reference}."));
    }

    [Theory]
    [InlineData("src/Eit.Backoff/Eit.Backoff.csproj")]
    [InlineData("src/Eit.Protocol/Eit.Protocol.csproj")]
    public void A_pure_floor_uses_no_package_but_analyzers(string path)
    {
        string[] files = [path, "src/Directory.Build.props", "Directory.Build.props"];

        Repository.AssertNone(
            from file in files
            from item in XDocument.Parse(Repository.Read(file)).Descendants()
            let isPackage = item.Name.LocalName is "PackageReference" or "FrameworkReference" or "Reference"
            where isPackage && (string?)item.Attribute("PrivateAssets") != "all"
            select $"{file}: {(string?)item.Attribute("Include")} is more than an analyzer.");
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        string solution = Repository.Read("Eit.sln").Replace('\\', '/');

        Repository.AssertNone(Repository.Files.Where(path => path.EndsWith(".csproj", StringComparison.Ordinal))
            .Where(path => !solution.Contains($"\"{path}\"", StringComparison.Ordinal))
            .Select(path => $"Eit.sln lacks {path}."));
    }

    private static IEnumerable<string> ReferencesOf(string path) =>
        XDocument.Parse(Repository.Read(path)).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(((string)reference.Attribute("Include")!).Replace('\\', '/')));
}
