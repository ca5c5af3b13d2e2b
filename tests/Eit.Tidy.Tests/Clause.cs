using System.Text.RegularExpressions;

namespace Eit.Tidy.Tests;

/// <summary>One clause of PROTOCOL.md: a paragraph that begins with its bold id and ends with an arrow and its test.</summary>
internal sealed partial record Clause(string Id, string? TestName)
{
    public static List<Clause> Parse(string[] lines)
    {
        List<Clause> clauses = [];
        for (int start = 0; start < lines.Length; start++)
        {
            Match id = IdPattern().Match(lines[start]);
            if (!id.Success) { continue; }

            int end = start + 1;
            while (end < lines.Length && !string.IsNullOrWhiteSpace(lines[end]) && !IdPattern().IsMatch(lines[end])) { end++; }

            Match test = TestPattern().Match(string.Join('\n', lines[start..end]));
            clauses.Add(new Clause(id.Groups[1].Value, test.Success ? test.Groups[1].Value : null));
        }

        return clauses;
    }

    [GeneratedRegex(@"^\*\*([A-Z]\d+\.\d+)\*\*")]
    private static partial Regex IdPattern();

    [GeneratedRegex(@"→\s*`(\w+)`\s*\z")]
    private static partial Regex TestPattern();
}
