using System;
using System.Collections.Generic;
using System.Linq;

namespace Eit.Rpc.Generators;

/// <summary>What is generated for one type, compared by value so that an edit elsewhere generates nothing anew.</summary>
internal sealed class Contract(string hintName, string source, IReadOnlyList<Fault> faults, IReadOnlyList<NeededType> needed) : IEquatable<Contract>
{
    internal string HintName { get; } = hintName;

    /// <summary>Gets the code; empty where there are faults.</summary>
    internal string Source { get; } = source;

    internal IReadOnlyList<Fault> Faults { get; } = faults;

    internal IReadOnlyList<NeededType> Needed { get; } = needed;

    public bool Equals(Contract? other) =>
        other is not null && HintName == other.HintName && Source == other.Source && Faults.SequenceEqual(other.Faults) && Needed.SequenceEqual(other.Needed);

    public override bool Equals(object? obj) => Equals(obj as Contract);

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Source);
}
