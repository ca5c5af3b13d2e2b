using System.Text.RegularExpressions;

namespace Eit.Tidy.Tests;

/// <summary>A word that has no place in a line of code under some folders, and why.</summary>
internal sealed record ForbiddenWord(string Name, string Pattern, string Why, params string[] Folders)
{
    public static ForbiddenWord[] All { get; } =
    [
        new("Task.Delay", @"\bTask\.Delay\b", "Deadlines go into the wheel; tests wait for what happens.", "src", "tests"),
        new("Thread.Sleep", @"\bThread\.Sleep\b", "Deadlines go into the wheel; tests wait for what happens.", "src", "tests"),
        new("async void", @"\basync\s+void\b", "Nobody sees its exceptions.", "src", "tests"),
        new("#pragma warning disable", @"#pragma\s+warning\s+disable", "A wrong rule is switched off for everyone, in .editorconfig.", "src", "tests", "bench", "samples"),
        new("#region", @"#region\b", "A file that needs folding is two files.", "src", "tests", "bench", "samples"),
        new("goto", @"\bgoto\s", "Name the step and call it.", "src", "tests"),
        new("TODO", @"\b(TODO|FIXME|HACK)\b", "Do it, or write an issue.", "src", "tests", "bench", "samples"),
        new("Random.Shared", @"\bRandom\.Shared\b", "Chance is an argument.", "src"),
        new("DateTime.Now", @"\bDateTime(Offset)?\.(Utc)?Now\b", "Time comes from the TimeProvider, or is an argument.", "src"),
        new("lock in a pure floor", @"\block\s*\(", "The core has one caller at a time.", "src/Eit.Backoff", "src/Eit.Protocol"),
        new("async in a pure floor", @"\b(async|await)\s", "The core waits for nothing.", "src/Eit.Backoff", "src/Eit.Protocol"),
    ];

    public bool IsIn(string line) => Regex.IsMatch(CodeOf(line), Pattern, RegexOptions.None, TimeSpan.FromMinutes(5));

    // Comments may speak of a lock or an await; what is left undone may not hide in one.
    private string CodeOf(string line)
    {
        int comment = Name == "TODO" ? -1 : line.IndexOf("//", StringComparison.Ordinal);
        return comment < 0 ? line : line[..comment];
    }
}
