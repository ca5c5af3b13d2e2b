using System.Globalization;
using Eit.Backoff;

namespace Eit.Cli.Demo;

/// <summary>The messages: a direction, a number, and a line of a file or made-up characters.</summary>
internal sealed class DemoTexts
{
    private readonly IReadOnlyList<string>? _lines;
    private readonly string _filler;

    internal DemoTexts(DemoOptions options)
    {
        _lines = options.Lines;
        var chance = new SeededJitter(options.Seed);
        _filler = string.Create(options.SizeBytes, chance, static (characters, chance) =>
        {
            foreach (ref char character in characters) { character = (char)(' ' + (int)(chance.Next() * ('~' - ' ' + 1))); }
        });
    }

    /// <summary>Makes the message with a number, counted from 1; the lines of a file begin again after the last one.</summary>
    internal string Make(string direction, int number)
    {
        string head = string.Create(CultureInfo.InvariantCulture, $"{direction} {number} ");
        if (_lines is { } lines) { return head + lines[(number - 1) % lines.Count]; }
        int rest = Math.Max(0, _filler.Length - head.Length);
        int start = number % (_filler.Length - rest + 1);
        return string.Concat(head, _filler.AsSpan(start, rest));
    }
}
