namespace Eit.Chaos.Faults;

/// <summary>Writes the fields of a fault down. It also finds those that are out of range, as every going through them does.</summary>
internal sealed class FaultWriter : FaultFields
{
    private readonly List<KeyValuePair<string, string>> _words = [];

    /// <summary>Gives the fields of a fault that differ from those of the plainest fault of its kind.</summary>
    internal static IEnumerable<KeyValuePair<string, string>> WordsOf(ChaosFault fault)
    {
        var (words, usual) = (new FaultWriter(), new FaultWriter());
        fault.Through(words);
        FaultKinds.Find(fault.Kind).Through(usual);
        return words._words.Except(usual._words);
    }

    protected override string? Given(string name, string value)
    {
        _words.Add(new KeyValuePair<string, string>(name, value));
        return null;
    }
}
