using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Eit.Rpc.Generators;

/// <summary>Makes what serves and what calls the methods of interfaces with <c>[RpcContract]</c>, and what serves the methods with <c>[RpcMethod]</c> of classes.</summary>
[Generator(LanguageNames.CSharp)]
public sealed class RpcGenerator : IIncrementalGenerator
{
    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        IncrementalValuesProvider<Contract> interfaces = context.SyntaxProvider.ForAttributeWithMetadataName(
            Names.ContractAttribute,
            static (node, _) => node is InterfaceDeclarationSyntax,
            ContractReader.OfInterface);
        IncrementalValuesProvider<Contract> classes = context.SyntaxProvider.ForAttributeWithMetadataName(
                Names.MethodAttribute,
                static (node, _) => node is MethodDeclarationSyntax,
                ContractReader.OfMarkedMethod)
            .Where(static contract => contract is not null)
            .Collect()
            .SelectMany(static (contracts, _) => contracts.Distinct().ToImmutableArray())!;
        IncrementalValueProvider<ImmutableArray<string>> json = context.SyntaxProvider.ForAttributeWithMetadataName(
                Names.JsonAttribute,
                static (node, _) => node is ClassDeclarationSyntax,
                KnownJson.CoveredBy)
            .Collect();

        foreach (string attribute in new[] { Names.AuthorizeAttribute, Names.AllowAnonymousAttribute })
        {
            IncrementalValuesProvider<Fault> strays = context.SyntaxProvider.ForAttributeWithMetadataName(
                    attribute,
                    static (node, _) => node is MethodDeclarationSyntax or TypeDeclarationSyntax,
                    AuthorizeReader.FaultOf)
                .Where(static fault => fault is not null)!;
            context.RegisterSourceOutput(strays, static (output, fault) => output.ReportDiagnostic(fault.ToDiagnostic()));
        }
        context.RegisterSourceOutput(interfaces.Combine(json), static (output, input) => Produce(output, input.Left, input.Right));
        context.RegisterSourceOutput(classes.Combine(json), static (output, input) => Produce(output, input.Left, input.Right));
    }

    private static void Produce(SourceProductionContext output, Contract contract, ImmutableArray<string> json)
    {
        foreach (Fault fault in contract.Faults) { output.ReportDiagnostic(fault.ToDiagnostic()); }
        if (contract.Source.Length == 0) { return; }
        output.AddSource(contract.HintName, contract.Source);
        if (json.IsEmpty) { return; }                              // The project has no context: it is in another one, or reflection is used.
        var covered = new HashSet<string>(json.SelectMany(static one => one.Split('\n')));
        foreach (NeededType needed in contract.Needed.Where(needed => !covered.Contains(needed.Name))) { output.ReportDiagnostic(needed.IfMissing.ToDiagnostic()); }
    }
}
