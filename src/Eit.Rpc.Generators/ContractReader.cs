using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;

namespace Eit.Rpc.Generators;

/// <summary>Looks at a type and its methods: what is wrong with them, and what is to be generated.</summary>
internal static class ContractReader
{
    /// <summary>Reads an interface: all its methods can be called.</summary>
    internal static Contract OfInterface(GeneratorAttributeSyntaxContext context, CancellationToken cancellationToken)
    {
        var type = (INamedTypeSymbol)context.TargetSymbol;
        var faults = new List<Fault>();
        var methods = new List<MethodShape>();
        foreach (ISymbol member in type.AllInterfaces.Concat([type]).SelectMany(static one => one.GetMembers()))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (member is IMethodSymbol { AssociatedSymbol: not null } or INamedTypeSymbol) { continue; }
            if (member is IMethodSymbol { MethodKind: MethodKind.Ordinary, IsStatic: false } method) { methods.Add(new MethodShape(method)); }
            else { faults.Add(new Fault(Rules.MethodsOnly, member, member.Name)); }
        }
        foreach (MethodShape method in methods.Where(static method => method.Result is ResultKind.Nothing or ResultKind.Value))
        {
            faults.Add(new Fault(Rules.Returns, method.Method, method.Method.Name, method.Method.ReturnType.ToDisplayString()));
        }
        return Make(type, methods, faults, isInterface: true);
    }

    /// <summary>Reads the class of a method that is marked; null for a method of an interface, which the interface's own attribute is for.</summary>
    internal static Contract? OfMarkedMethod(GeneratorAttributeSyntaxContext context, CancellationToken cancellationToken)
    {
        INamedTypeSymbol type = context.TargetSymbol.ContainingType;
        if (type.TypeKind == TypeKind.Interface) { return null; }
        var faults = new List<Fault>();
        var methods = new List<MethodShape>();
        for (INamedTypeSymbol? declaring = type; declaring is not null; declaring = declaring.BaseType)
        {
            cancellationToken.ThrowIfCancellationRequested();
            methods.AddRange(declaring.GetMembers().OfType<IMethodSymbol>().Where(IsMarked).Select(static method => new MethodShape(method)));
        }
        foreach (MethodShape method in methods.Where(static method => method.Method.IsStatic || !IsReachable(method.Method))) { faults.Add(new Fault(Rules.Unreachable, method.Method, method.Method.Name)); }
        return Make(type, methods, faults, isInterface: false);
    }

    private static bool IsMarked(IMethodSymbol method) => method.GetAttributes().Any(static attribute => attribute.AttributeClass?.ToDisplayString() == Names.MethodAttribute);

    private static bool IsReachable(ISymbol symbol)
    {
        for (ISymbol? outer = symbol; outer is not null and not INamespaceSymbol; outer = outer.ContainingSymbol)
        {
            if (outer.DeclaredAccessibility is not (Accessibility.Public or Accessibility.Internal or Accessibility.ProtectedOrInternal)) { return false; }
            if (outer is INamedTypeSymbol { IsFileLocal: true }) { return false; }
        }
        return true;
    }

    private static Contract Make(INamedTypeSymbol type, List<MethodShape> methods, List<Fault> faults, bool isInterface)
    {
        if (!IsReachable(type)) { faults.Add(new Fault(Rules.Unreachable, type, type.Name)); }
        for (INamedTypeSymbol? outer = type; outer is not null; outer = outer.ContainingType)
        {
            if (outer.IsGenericType) { faults.Add(new Fault(Rules.Generic, type, type.Name)); }
        }
        foreach (MethodShape method in methods) { Check(method, faults); }
        foreach (MethodShape again in methods.GroupBy(static method => method.WireName).SelectMany(static same => same.Skip(1)))
        {
            faults.Add(new Fault(Rules.SameName, again.Method, again.Method.Name, again.WireName));
        }
        string hintName = Names.Of(type).Replace("global::", string.Empty).Replace('<', '_').Replace('>', '_') + ".Rpc.g.cs";
        if (faults.Count > 0) { return new Contract(hintName, string.Empty, faults, []); }
        return new Contract(hintName, ContractWriter.Write(type, methods, isInterface), faults, [.. methods.SelectMany(NeededBy)]);
    }

    private static void Check(MethodShape shape, List<Fault> faults)
    {
        IMethodSymbol method = shape.Method;
        if (method.IsGenericMethod) { faults.Add(new Fault(Rules.Generic, method, method.Name)); }
        int tokens = 0;
        foreach (IParameterSymbol parameter in method.Parameters)
        {
            bool isToken = MethodShape.IsToken(parameter);
            if (isToken) { tokens++; }
            bool canTravel = parameter.RefKind == RefKind.None && !parameter.Type.IsRefLikeType && parameter.Type.TypeKind is not (TypeKind.Pointer or TypeKind.FunctionPointer or TypeKind.Delegate or TypeKind.Dynamic);
            if (!canTravel || tokens > 1) { faults.Add(new Fault(Rules.Parameter, method, method.Name, parameter.Name)); }
        }
        bool isByReference = method.ReturnsByRef || method.ReturnsByRefReadonly || method.ReturnType.IsRefLikeType;
        if (isByReference) { faults.Add(new Fault(Rules.Returns, method, method.Name, method.ReturnType.ToDisplayString())); }
    }

    private static IEnumerable<NeededType> NeededBy(MethodShape shape)
    {
        IEnumerable<ITypeSymbol> types = shape.Method.Parameters.Where(static parameter => !MethodShape.IsToken(parameter)).Select(static parameter => parameter.Type);
        if (shape.Value is { } value) { types = types.Concat([value]); }
        return types.Where(KnownJson.NeedsContext)
            .Select(type => new NeededType(KnownJson.NameOf(type), new Fault(Rules.JsonUnknown, shape.Method, shape.Method.Name, type.ToDisplayString())));
    }
}
