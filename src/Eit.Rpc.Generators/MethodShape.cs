using System.Linq;
using Microsoft.CodeAnalysis;

namespace Eit.Rpc.Generators;

/// <summary>What the generator knows of one method.</summary>
internal sealed class MethodShape
{
    internal MethodShape(IMethodSymbol method)
    {
        Method = method;
        AttributeData? named = method.GetAttributes().FirstOrDefault(static attribute => attribute.AttributeClass?.ToDisplayString() == Names.MethodAttribute);
        WireName = named?.ConstructorArguments.FirstOrDefault().Value as string ?? NameOf(method.Name);
        string returned = method.ReturnType.OriginalDefinition.ToDisplayString();
        (Result, Value) = returned switch
        {
            "void" => (ResultKind.Nothing, null),
            "System.Threading.Tasks.Task" or "System.Threading.Tasks.ValueTask" => (ResultKind.Task, null),
            "System.Threading.Tasks.Task<TResult>" or "System.Threading.Tasks.ValueTask<TResult>" => (ResultKind.TaskOfValue, ((INamedTypeSymbol)method.ReturnType).TypeArguments[0]),
            "System.Collections.Generic.IAsyncEnumerable<T>" => (ResultKind.Stream, ((INamedTypeSymbol)method.ReturnType).TypeArguments[0]),
            _ => (ResultKind.Value, (ITypeSymbol?)method.ReturnType),
        };
    }

    internal IMethodSymbol Method { get; }

    /// <summary>Gets the name by which it is called.</summary>
    internal string WireName { get; }

    internal ResultKind Result { get; }

    /// <summary>Gets what it gives; null for nothing.</summary>
    internal ITypeSymbol? Value { get; }

    internal bool IsValueTask => Method.ReturnType.Name == "ValueTask";

    internal static bool IsToken(IParameterSymbol parameter) => parameter.Type.ToDisplayString() == "System.Threading.CancellationToken";

    private static string NameOf(string name)
    {
        string bare = name.Length > 5 && name.EndsWith("Async", System.StringComparison.Ordinal) ? name.Substring(0, name.Length - 5) : name;
        return char.ToLowerInvariant(bare[0]) + bare.Substring(1);
    }
}
