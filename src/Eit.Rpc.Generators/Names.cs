using Microsoft.CodeAnalysis;

namespace Eit.Rpc.Generators;

/// <summary>Names that generated code and its input share.</summary>
internal static class Names
{
    internal const string ContractAttribute = "Eit.Rpc.RpcContractAttribute";
    internal const string MethodAttribute = "Eit.Rpc.RpcMethodAttribute";
    internal const string AuthorizeAttribute = "Microsoft.AspNetCore.Authorization.AuthorizeAttribute";
    internal const string AllowAnonymousAttribute = "Microsoft.AspNetCore.Authorization.AllowAnonymousAttribute";
    internal const string SessionClass = "Eit.Rpc.RpcSession";
    internal const string HandlerClass = "Eit.Server.EitHandler";
    internal const string ChannelHandlerClass = "Eit.Server.Channels.EitChannelHandler";
    internal const string JsonAttribute = "System.Text.Json.Serialization.JsonSerializableAttribute";

    private static readonly SymbolDisplayFormat s_full =
        SymbolDisplayFormat.FullyQualifiedFormat.AddMiscellaneousOptions(SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier);

    /// <summary>The name of a type as generated code asks for the type itself.</summary>
    internal static string OfTypeof(ITypeSymbol type) => $"typeof({type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat)})";

    /// <summary>The name of a type as generated code writes it.</summary>
    internal static string Of(ITypeSymbol type) => type.ToDisplayString(s_full);
}
