namespace Eit.Tidy.Tests;

/// <summary>The patches with which long runs break the code have to fit it: who changes what one of them breaks changes the patch too.</summary>
public class PatchTests
{
    private static readonly string[] s_folders = ["tests/mutations", "tests/compat"];

    public static TheoryData<string> Patches { get; } = [.. s_folders.SelectMany(static folder => Repository.FilesUnder(folder, ".patch"))];

    [Theory, MemberData(nameof(Patches))]
    public void A_patch_that_breaks_the_code_fits_it(string path) => Repository.AssertNone(FaultsOf(path, Repository.ReadLines(path), Repository.ReadLines));

    [Fact]
    public void A_patch_that_does_not_fit_is_seen()
    {
        string[] patch = ["What it breaks.", "--- a/x.cs", "+++ b/x.cs", "@@ -1,2 +1,1 @@", " first", "-second", "@@ -9,1 +8,2 @@", "-last", "+la", "+st"];

        Assert.Empty(FaultsOf("p", patch, _ => ["new", "first", "second", "third", "last"]));
        Assert.Single(FaultsOf("p", patch, _ => ["first", "new", "second", "last"]));
        Assert.Single(FaultsOf("p", ["Without anything to break."], _ => []));
    }

    /// <summary>Finds the lines that each hunk expects, one after the other, anywhere in its file.</summary>
    private static IEnumerable<string> FaultsOf(string path, string[] patch, Func<string, string[]> read)
    {
        string file = string.Empty;
        int hunks = 0;
        for (int i = 0; i < patch.Length; i++)
        {
            if (patch[i].StartsWith("--- a/", StringComparison.Ordinal)) { file = patch[i]["--- a/".Length..]; }
            if (!patch[i].StartsWith("@@ ", StringComparison.Ordinal)) { continue; }
            hunks++;
            string[] expected = [.. patch.Skip(i + 1).TakeWhile(static line => line.Length > 0 && line[0] is ' ' or '-' or '+' && !line.StartsWith("--- ", StringComparison.Ordinal))
                .Where(static line => line[0] != '+').Select(static line => line[1..])];
            if (read(file).AsSpan().IndexOf(expected) < 0) { yield return $"{path}: hunk {hunks} does not fit {file} any more."; }
        }
        if (hunks == 0) { yield return $"{path} has no hunk."; }
    }
}
