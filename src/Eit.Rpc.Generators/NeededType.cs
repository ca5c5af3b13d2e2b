using System;

namespace Eit.Rpc.Generators;

/// <summary>A type whose JSON a contract needs.</summary>
internal sealed class NeededType(string name, Fault ifMissing) : IEquatable<NeededType>
{
    internal string Name { get; } = name;

    internal Fault IfMissing { get; } = ifMissing;

    public bool Equals(NeededType? other) => other is not null && Name == other.Name && IfMissing.Equals(other.IfMissing);

    public override bool Equals(object? obj) => Equals(obj as NeededType);

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Name);
}
