using Microsoft.CodeAnalysis;

namespace Eit.Rpc.Generators;

/// <summary>What the generator can't do, and says.</summary>
internal static class Rules
{
    internal static readonly DiagnosticDescriptor Generic = Error("EITRPC001", "A generic method or type can't be called", "{0} is generic: what it takes and gives must be known where it is called");
    internal static readonly DiagnosticDescriptor Returns = Error("EITRPC002", "A method of a contract returns a task, a value task or a stream", "{0} returns {1}: a call takes time, so return Task, ValueTask or IAsyncEnumerable");
    internal static readonly DiagnosticDescriptor Parameter = Error("EITRPC003", "A parameter can't travel", "{0} has the parameter {1}, which can't travel: no ref, in, out, pointer, ref struct or params span, and at most one CancellationToken");
    internal static readonly DiagnosticDescriptor SameName = Error("EITRPC004", "Two methods have one name", "{0} is called as '{1}', and so is another method: give it a name with [RpcMethod(\"...\")]");
    internal static readonly DiagnosticDescriptor MethodsOnly = Error("EITRPC005", "A contract has methods only", "{0} is no method that can be called: a contract has instance methods only");
    internal static readonly DiagnosticDescriptor Unreachable = Error("EITRPC006", "A method can't be reached", "{0} can't be called by generated code: it and its type must be public or internal, and it must not be static");
    internal static readonly DiagnosticDescriptor AuthorizeUnseen = Error("EITRPC008", "An attribute that says who may can't count here", "{0} can't count on {1}, which is not called by a client's name for it: put it on the class, or on a method that can be called");
    internal static readonly DiagnosticDescriptor SchemeUnseen = Error("EITRPC009", "An authentication scheme can't count for calls", "{0} of {1} names an authentication scheme, which can't count for a call in a session that is authenticated: name it where the endpoint is mapped");
    internal static readonly DiagnosticDescriptor JsonUnknown = new(
        "EITRPC007",
        "The JSON of a type is not known",
        "{0} uses {1}, which no JsonSerializerContext of this project has: add [JsonSerializable(typeof({1}))]",
        "Eit.Rpc",
        DiagnosticSeverity.Warning,
        isEnabledByDefault: true);

    private static DiagnosticDescriptor Error(string id, string title, string message) => new(id, title, message, "Eit.Rpc", DiagnosticSeverity.Error, isEnabledByDefault: true);
}
