using System.Text.RegularExpressions;

namespace Eit.Tidy.Tests;

/// <summary>A method in a test's source, with the clauses that its attributes name.</summary>
internal sealed partial record TestMethod(string File, string Name, IReadOnlyList<string> Clauses, bool IsRun)
{
    public static IEnumerable<TestMethod> Parse(string file, string[] lines)
    {
        List<string> attributes = [];
        foreach (string line in lines.Select(line => line.Trim()).Where(line => !line.StartsWith("//", StringComparison.Ordinal)))
        {
            Match method = MethodPattern().Match(line);
            attributes.Add(method.Success ? line[..method.Index] : line);
            if (method.Success)
            {
                string text = string.Join('\n', attributes);
                string[] clauses = [.. ClausePattern().Matches(text).SelectMany(clause => StringPattern().Matches(clause.Value)).Select(id => id.Groups[1].Value)];
                yield return new TestMethod(file, method.Groups[1].Value, clauses, RunPattern().IsMatch(text) && !SkipPattern().IsMatch(text));
            }

            // An attribute may take several lines; whatever ends a statement or a block ends the list.
            if (method.Success || line.EndsWith(';') || line.EndsWith('}') || line.EndsWith('{')) { attributes.Clear(); }
        }
    }

    [GeneratedRegex(@"\bpublic\s+(?:(?:static|async|virtual|override|abstract|sealed|new)\s+)*(?:void|Task|ValueTask)\s+(\w+)\s*(?:<[^>]*>)?\(")]
    private static partial Regex MethodPattern();

    [GeneratedRegex(@"\bClause\(([^)]*)\)")]
    private static partial Regex ClausePattern();

    [GeneratedRegex("\"([^\"]*)\"")]
    private static partial Regex StringPattern();

    [GeneratedRegex(@"\w*(?:Fact|Theory|Property)\b")]
    private static partial Regex RunPattern();

    [GeneratedRegex(@"\bSkip\s*=")]
    private static partial Regex SkipPattern();
}
