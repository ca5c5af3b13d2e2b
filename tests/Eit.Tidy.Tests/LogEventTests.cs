using System.Text.RegularExpressions;

namespace Eit.Tidy.Tests;

public partial class LogEventTests
{
    public static TheoryData<string> Projects => new(Directory.GetDirectories(Path.Combine(Repository.Root, "src")).Select(folder => Path.GetFileName(folder)!));

    [Theory, MemberData(nameof(Projects))]
    public void Log_event_ids_live_in_one_register_and_are_used_once(string project)
    {
        string folder = $"src/{project}";
        Dictionary<string, string> sources = Repository.FilesUnder(folder, ".cs").ToDictionary(path => path, Repository.Read);

        Repository.AssertNone(FaultsOf(sources));
    }

    [Fact]
    public void Twins_strangers_and_bare_numbers_are_seen()
    {
        Dictionary<string, string> sources = new()
        {
            ["XEventIds.cs"] = "public const int One = 1; public const int Two = 1;",
            ["A.cs"] = "[LoggerMessage(XEventIds.One, x)] [LoggerMessage(\n  XEventIds.One, x)] [LoggerMessage(7, x)] [LoggerMessage(XEventIds.Gone, x)]",
        };

        Assert.Equal(4, FaultsOf(sources).Count());
    }

    private static IEnumerable<string> FaultsOf(Dictionary<string, string> sources)
    {
        string[] registers = [.. sources.Keys.Where(path => path.EndsWith("EventIds.cs", StringComparison.Ordinal))];
        (string Path, string Id)[] uses = [.. sources.SelectMany(source => UsePattern().Matches(source.Value).Select(use => (source.Key, use.Groups[1].Value)))];
        if (registers.Length > 1) { return [$"More than one register: {string.Join(", ", registers)}."]; }
        if (registers.Length == 0) { return uses.Select(use => $"{use.Path}: {use.Id} has no register (*EventIds.cs)."); }

        string register = Path.GetFileNameWithoutExtension(registers[0]);
        (string Name, string Number)[] ids = [.. IdPattern().Matches(sources[registers[0]]).Select(id => ($"{register}.{id.Groups[1].Value}", id.Groups[2].Value))];
        HashSet<string> known = [.. ids.Select(id => id.Name)];
        return
        [
            .. ids.GroupBy(id => id.Number).Where(same => same.Count() > 1).Select(same => $"{registers[0]}: {same.Key} stands {same.Count()} times."),
            .. uses.Where(use => !known.Contains(use.Id)).Select(use => $"{use.Path}: {use.Id} is not in {registers[0]}."),
            .. uses.GroupBy(use => use.Id).Where(same => same.Count() > 1).Select(same => $"{same.First().Path}: {same.Key} is used {same.Count()} times."),
        ];
    }

    [GeneratedRegex(@"\bLoggerMessage\(\s*(?:EventId\s*=\s*)?([\w.]+)")]
    private static partial Regex UsePattern();

    [GeneratedRegex(@"\bconst\s+int\s+(\w+)\s*=\s*([\d_]+)")]
    private static partial Regex IdPattern();
}
