using System.Buffers;

namespace Eit.Protocol.Wire;

/// <summary>Names of features (V1.7), each once and in order; two sets of the same names are equal.</summary>
/// <remarks>A name has 1 to <see cref="NameCharsMax"/> characters, of <c>a</c> to <c>z</c>, <c>0</c> to <c>9</c> and <c>-</c>. Safe from any thread.</remarks>
public sealed class FeatureSet : IEquatable<FeatureSet>
{
    /// <summary>The most names that a set takes.</summary>
    public const int NamesMax = 32;

    /// <summary>The most characters of a name.</summary>
    public const int NameCharsMax = 32;

    private static readonly SearchValues<char> s_nameChars = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    private readonly string[] _names;

    private FeatureSet(string[] names)
    {
        _names = names;
    }

    /// <summary>Gets the set without a name: what an end has that says nothing of features.</summary>
    public static FeatureSet None { get; } = new([]);

    /// <summary>Gets what this implementation has: every name of <see cref="Wire.Features"/>.</summary>
    public static FeatureSet Own { get; } = Of(Features.All);

    /// <summary>Gets the names, in the order of their characters.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>Makes a set of what an end has named: the first <see cref="NamesMax"/> well-formed names count, and of several equal ones one does.</summary>
    /// <param name="names">Any texts.</param>
    public static FeatureSet Of(IEnumerable<string> names)
    {
        string[] taken = [.. names.Where(IsName).Take(NamesMax).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        return taken.Length == 0 ? None : new FeatureSet(taken);
    }

    /// <summary>Says whether a text could be the name of a feature.</summary>
    /// <param name="text">The text.</param>
    public static bool IsName(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Length is > 0 and <= NameCharsMax && !text.AsSpan().ContainsAnyExcept(s_nameChars);
    }

    /// <summary>Says whether a feature is in the set.</summary>
    /// <param name="feature">Its name.</param>
    public bool Has(string feature) => Array.IndexOf(_names, feature) >= 0;

    /// <summary>Takes the features that another set has too.</summary>
    /// <param name="other">The other set.</param>
    /// <returns>This very set if the other has all of it: whoever remembers the sets of many peers remembers one.</returns>
    public FeatureSet InCommonWith(FeatureSet other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Array.TrueForAll(_names, other.Has) ? this : Of(_names.Where(other.Has));
    }

    /// <inheritdoc/>
    public bool Equals(FeatureSet? other) => other is not null && _names.AsSpan().SequenceEqual(other._names);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as FeatureSet);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (string name in _names) { hash.Add(name, StringComparer.Ordinal); }
        return hash.ToHashCode();
    }

    /// <summary>Shows the names, with a space between them.</summary>
    public override string ToString() => string.Join(' ', _names);
}
