using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;

namespace Eit.Rpc.Generators;

/// <summary>Which types have JSON: those that a context names, what these are made of, and what needs no context.</summary>
internal static class KnownJson
{
    private const int DepthMax = 16;

    private static readonly HashSet<string> s_ownTypes =
    [
        "bool", "byte", "short", "int", "long", "float", "double", "decimal", "string", "byte[]", "string[]", "int[]", "global::System.Guid", "global::System.DateTime", "global::System.DateTimeOffset",
        "global::System.TimeSpan", "bool?", "int?", "long?", "double?", "global::System.Text.Json.JsonElement", "global::System.Text.Json.JsonElement?", "global::System.Text.Json.Nodes.JsonNode",
        "global::System.Text.Json.Nodes.JsonObject", "global::System.Text.Json.Nodes.JsonArray", "global::Eit.Rpc.RpcPosition", "global::Eit.Rpc.RpcJoined",
    ];

    internal static string NameOf(ITypeSymbol type) => type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);

    internal static bool NeedsContext(ITypeSymbol type) => !s_ownTypes.Contains(NameOf(type));

    /// <summary>Lists what the attributes of a context cover.</summary>
    internal static string CoveredBy(GeneratorAttributeSyntaxContext context, CancellationToken cancellationToken)
    {
        var covered = new HashSet<string>();
        foreach (AttributeData attribute in context.Attributes)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (attribute.ConstructorArguments.Length > 0 && attribute.ConstructorArguments[0].Value is ITypeSymbol type) { Cover(type, covered, 0); }
        }
        return string.Join("\n", covered.OrderBy(static name => name, System.StringComparer.Ordinal));
    }

    private static void Cover(ITypeSymbol type, HashSet<string> covered, int depth)
    {
        if (depth > DepthMax || !covered.Add(NameOf(type))) { return; }
        if (type is IArrayTypeSymbol array) { Cover(array.ElementType, covered, depth + 1); }
        if (type is not INamedTypeSymbol named) { return; }
        foreach (ITypeSymbol argument in named.TypeArguments) { Cover(argument, covered, depth + 1); }
        foreach (IPropertySymbol property in named.GetMembers().OfType<IPropertySymbol>().Where(static one => one is { DeclaredAccessibility: Accessibility.Public, IsStatic: false, IsIndexer: false }))
        {
            Cover(property.Type, covered, depth + 1);
        }
    }
}
