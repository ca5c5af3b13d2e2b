using System;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Eit.Rpc.Generators;

/// <summary>A diagnostic that does not hold on to the compilation it was found in.</summary>
internal sealed class Fault : IEquatable<Fault>
{
    private readonly DiagnosticDescriptor _rule;
    private readonly string _path;
    private readonly TextSpan _span;
    private readonly LinePositionSpan _lines;
    private readonly string[] _words;

    internal Fault(DiagnosticDescriptor rule, ISymbol at, params string[] words)
    {
        Location location = at.Locations.FirstOrDefault() ?? Location.None;
        FileLinePositionSpan lines = location.GetLineSpan();
        (_rule, _path, _span, _lines, _words) = (rule, lines.Path ?? string.Empty, location.SourceSpan, lines.Span, words);
    }

    public bool Equals(Fault? other) =>
        other is not null && _rule.Id == other._rule.Id && _path == other._path && _span == other._span && _lines == other._lines && _words.SequenceEqual(other._words);

    public override bool Equals(object? obj) => Equals(obj as Fault);

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(_rule.Id) ^ _span.GetHashCode();

    internal Diagnostic ToDiagnostic() => Diagnostic.Create(_rule, _path.Length == 0 ? Location.None : Location.Create(_path, _span, _lines), [.. _words]);
}
