using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;

namespace Eit.Rpc.Generators;

/// <summary>Looks at where the attributes stand that say who may: on what nobody asks for them they would not count.</summary>
internal static class AuthorizeReader
{
    /// <summary>Says what is wrong with such an attribute; null if nothing is, or nothing is known of its place.</summary>
    internal static Fault? FaultOf(GeneratorAttributeSyntaxContext context, CancellationToken cancellationToken)
    {
        INamedTypeSymbol type = context.TargetSymbol as INamedTypeSymbol ?? context.TargetSymbol.ContainingType;
        string name = $"[{context.Attributes[0].AttributeClass!.Name.Replace("Attribute", string.Empty)}]";
        bool isCalled = IsContract(type) || type.AllInterfaces.Any(IsContract) || MethodsOf(type).Any(static method => Has(method, Names.MethodAttribute));
        if (context.TargetSymbol is IMethodSymbol method && !CanCount(type, method, isCalled)) { return new Fault(Rules.AuthorizeUnseen, method, name, $"{type.Name}.{method.Name}"); }
        bool namesScheme = context.Attributes.Any(static attribute => attribute.NamedArguments.Any(static argument => argument is { Key: "AuthenticationSchemes", Value.Value: string { Length: > 0 } }));
        bool isHandler = DerivesFrom(type, Names.HandlerClass) || DerivesFrom(type, Names.ChannelHandlerClass);
        return namesScheme && isCalled && !isHandler ? new Fault(Rules.SchemeUnseen, context.TargetSymbol, name, context.TargetSymbol.Name) : null;
    }

    private static bool CanCount(INamedTypeSymbol type, IMethodSymbol method, bool isCalled)
    {
        bool isCallable = IsContract(type) || Has(method, Names.MethodAttribute) || IsOfContract(type, method);
        if (DerivesFrom(type, Names.HandlerClass) || DerivesFrom(type, Names.ChannelHandlerClass) || DerivesFrom(type, Names.SessionClass)) { return isCallable; }
        return isCallable || !isCalled;                            // A class that has nothing to do with calls is not ours to judge.
    }

    private static bool IsOfContract(INamedTypeSymbol type, IMethodSymbol method) => type.AllInterfaces.Where(IsContract)
        .SelectMany(static contract => contract.AllInterfaces.Concat([contract]))
        .SelectMany(MethodsOf)
        .Any(declared => SymbolEqualityComparer.Default.Equals(type.FindImplementationForInterfaceMember(declared), method));

    private static System.Collections.Generic.IEnumerable<IMethodSymbol> MethodsOf(INamedTypeSymbol type) => type.GetMembers().OfType<IMethodSymbol>();

    private static bool IsContract(INamedTypeSymbol type) => Has(type, Names.ContractAttribute);

    private static bool Has(ISymbol symbol, string attribute) => symbol.GetAttributes().Any(one => one.AttributeClass?.ToDisplayString() == attribute);

    private static bool DerivesFrom(INamedTypeSymbol type, string name)
    {
        for (INamedTypeSymbol? one = type; one is not null; one = one.BaseType)
        {
            if (one.ToDisplayString() == name) { return true; }
        }
        return false;
    }
}
