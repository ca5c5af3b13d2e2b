using System.Globalization;

namespace Eit.Chaos.Faults;

/// <summary>Goes through the fields of a fault. A fault names each of its fields once, with its bounds; reading, writing and checking all follow from that.</summary>
internal abstract class FaultFields
{
    private static readonly (string Suffix, double Milliseconds)[] s_timeUnits = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];
    private static readonly (string Suffix, long Bytes)[] s_sizeUnits = [("KiB", 1024), ("MiB", 1024 * 1024), ("GiB", 1024 * 1024 * 1024)];

    /// <summary>Gives what a field was given as text; null leaves it as it is.</summary>
    /// <param name="name">The field.</param>
    /// <param name="value">What it is, in the form in which it may be given.</param>
    protected abstract string? Given(string name, string value);

    internal TimeSpan Time(string name, TimeSpan value, TimeSpan min, TimeSpan max)
    {
        if (Given(name, Format(value)) is { } text) { value = ReadTime(text) ?? throw new FormatException($"{name}: '{text}' is not a time such as 250ms, 2s, 1.5m or 1h."); }
        return value >= min && value <= max ? value : throw new FormatException($"{name} ({Format(value)}) must be {Format(min)} to {Format(max)}.");
    }

    internal long Whole(string name, long value, long min, long max)
    {
        if (Given(name, value.ToString(CultureInfo.InvariantCulture)) is { } text) { value = ReadSize(text) ?? throw new FormatException($"{name}: '{text}' is not a whole number such as 1000 or 64KiB."); }
        return value >= min && value <= max ? value : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"{name} ({value}) must be {min} to {max}."));
    }

    internal double Share(string name, double value)
    {
        if (Given(name, value.ToString("R", CultureInfo.InvariantCulture)) is { } text && !double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value)) { throw new FormatException($"{name}: '{text}' is not a number such as 0.5."); }
        return value is >= 0 and <= 1 ? value : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"{name} ({value}) must be 0 to 1."));
    }

    internal bool Flag(string name, bool value)
    {
        if (Given(name, value ? "true" : "false") is not { } text) { return value; }
        return text switch { "true" => true, "false" => false, _ => throw new FormatException($"{name}: '{text}' is not true or false.") };
    }

    internal string Text(string name, string value, int charsMax)
    {
        string text = Given(name, value) ?? value;
        return text.Length <= charsMax ? text : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"{name} has more than {charsMax} characters."));
    }

    internal T Word<T>(string name, T value)
        where T : struct, Enum => Word(name, (T?)value, none: null)!.Value;

    /// <summary>Reads one of the words of an enum, or the word for none of them.</summary>
    internal T? Word<T>(string name, T? value, string? none)
        where T : struct, Enum
    {
        if (Given(name, value is { } known ? Format(known) : none!) is not { } text) { return value; }
        if (text == none) { return null; }
        T[] found = [.. Enum.GetValues<T>().Where(word => Format(word) == text)];
        if (found is [var one]) { return one; }
        string words = string.Join(", ", Enum.GetValues<T>().Select(Format).Concat(none is null ? [] : [none]));
        throw new FormatException($"{name}: '{text}' is not one of {words}.");
    }

    internal static string Format(TimeSpan time)
    {
        double milliseconds = time.TotalMilliseconds;
        (string suffix, double unit) = s_timeUnits.Last(unit => unit.Milliseconds == 1 || (milliseconds > 0 && milliseconds % unit.Milliseconds == 0));
        return (milliseconds / unit).ToString("0.####", CultureInfo.InvariantCulture) + suffix;
    }

    /// <summary>Reads a time with a unit; a bare number counts milliseconds.</summary>
    internal static TimeSpan? ReadTime(string text)
    {
        (string suffix, double unit) = s_timeUnits.FirstOrDefault(unit => text.EndsWith(unit.Suffix, StringComparison.Ordinal), ("", 1));
        bool isNumber = double.TryParse(text.AsSpan(0, text.Length - suffix.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number);
        return isNumber && number * unit < TimeSpan.MaxValue.TotalMilliseconds ? TimeSpan.FromMilliseconds(number * unit) : null;
    }

    /// <summary>Gives the name of a value as it is written: in lower case, as all of them are one word.</summary>
    internal static string Format<T>(T word)
        where T : struct, Enum => word.ToString().ToLowerInvariant();

    private static long? ReadSize(string text)
    {
        (string suffix, long unit) = s_sizeUnits.FirstOrDefault(unit => text.EndsWith(unit.Suffix, StringComparison.Ordinal), ("", 1));
        bool isNumber = long.TryParse(text.AsSpan(0, text.Length - suffix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long number);
        return isNumber && number <= long.MaxValue / unit ? number * unit : null;
    }
}
