namespace Eit.Tidy.Tests;

public class ForbiddenWordTests
{
    private const string AllowList = "tests/Eit.Tidy.Tests/allowed.txt";

    [Fact]
    public void No_source_has_a_forbidden_word()
    {
        HashSet<(string Path, string Name)> allowed = [.. ReadAllowed().Select(entry => (entry.Path, entry.Name))];

        Repository.AssertNone(Find().Where(hit => !allowed.Contains((hit.Path, hit.Word.Name)))
            .Select(hit => $"{hit.Path}:{hit.Line}: {hit.Word.Name}. {hit.Word.Why}"));
    }

    [Fact]
    public void Every_exception_is_needed_and_has_a_reason()
    {
        HashSet<(string Path, string Name)> found = [.. Find().Select(hit => (hit.Path, hit.Word.Name))];

        Repository.AssertNone(ReadAllowed().Where(entry => entry.Reason.Length < 10 || !found.Contains((entry.Path, entry.Name)))
            .Select(entry => $"{AllowList}: {entry.Path} | {entry.Name} has no reason, or is not needed."));
    }

    [Theory]
    [InlineData("await Task.Delay(1);", "Task.Delay")]
    [InlineData("Thread.Sleep(1);", "Thread.Sleep")]
    [InlineData("private async void Run()", "async void")]
    [InlineData("#pragma warning disable CA1000", "#pragma warning disable")]
    [InlineData("    #region Fields", "#region")]
    [InlineData("goto case 1;", "goto")]
    [InlineData("// TODO: later", "TODO")]
    [InlineData("Random.Shared.Next()", "Random.Shared")]
    [InlineData("DateTimeOffset.UtcNow", "DateTime.Now")]
    [InlineData("lock (_gate)", "lock in a pure floor")]
    [InlineData("await x;", "async in a pure floor")]
    public void A_forbidden_word_is_seen(string line, string name)
    {
        Assert.True(ForbiddenWord.All.Single(word => word.Name == name).IsIn(line));
    }

    private static IEnumerable<(string Path, int Line, ForbiddenWord Word)> Find() =>
        from word in ForbiddenWord.All
        from folder in word.Folders
        from path in Repository.FilesUnder(folder, ".cs")
        where !path.StartsWith("tests/Eit.Tidy.Tests/", StringComparison.Ordinal)
        from line in Repository.ReadLines(path).Select((text, index) => (Text: text, Number: index + 1))
        where word.IsIn(line.Text)
        select (path, line.Number, word);

    private static IEnumerable<(string Path, string Name, string Reason)> ReadAllowed() =>
        from line in Repository.ReadLines(AllowList)
        where line.Length > 0 && !line.StartsWith("//", StringComparison.Ordinal)
        let parts = line.Split('|', 3, StringSplitOptions.TrimEntries)
        select (parts[0], parts.ElementAtOrDefault(1) ?? "", parts.ElementAtOrDefault(2) ?? "");
}
