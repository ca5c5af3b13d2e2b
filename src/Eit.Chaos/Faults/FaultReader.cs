namespace Eit.Chaos.Faults;

/// <summary>Reads the fields of a fault from words, and knows which ones the fault did not ask for.</summary>
internal sealed class FaultReader(IReadOnlyDictionary<string, string> words) : FaultFields
{
    private readonly List<string> _asked = [];

    protected override string? Given(string name, string value)
    {
        _asked.Add(name);
        return words.GetValueOrDefault(name);
    }

    /// <summary>Refuses words that no field has asked for.</summary>
    /// <param name="what">What is being read.</param>
    /// <param name="others">What else may stand there.</param>
    internal void RefuseUnknown(string what, params string[] others)
    {
        string? unknown = words.Keys.FirstOrDefault(key => !_asked.Contains(key) && !others.Contains(key));
        if (unknown is not null) { throw new FormatException($"'{unknown}' is not known in {what}; allowed: {string.Join(", ", others.Concat(_asked))}."); }
    }
}
