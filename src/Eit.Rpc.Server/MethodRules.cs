using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Eit.Server;

namespace Eit.Rpc;

/// <summary>Finds what the attributes of methods, and of where they stand, say about who may call them.</summary>
internal static class MethodRules
{
    private const BindingFlags AllMethods = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    private static readonly ConcurrentDictionary<RpcMethodKey, MethodRule> s_rules = new();
    private static readonly ConcurrentDictionary<(Type, Type), MethodRule> s_sessionRules = new();

    /// <summary>The rule of a method.</summary>
    /// <exception cref="InvalidOperationException">An attribute can't count where it stands.</exception>
    internal static MethodRule Of(RpcMethodKey method) => s_rules.GetOrAdd(method, static key => key.Delegate is { } own
        ? MethodRule.Of([], own.GetCustomAttributes(inherit: true), "a method that was added by hand")
        : Read(key.Contract!, key.Implementation!, key.Name!));

    /// <summary>The rule of a session, by its class and by that of who handles its messages.</summary>
    /// <exception cref="InvalidOperationException">An attribute can't count where it stands.</exception>
    internal static MethodRule Of(RpcSession session) => s_sessionRules.GetOrAdd((session.GetType(), session.Handler?.GetType() ?? typeof(EitHandler)), static types =>
        MethodRule.Of([.. types.Item1.GetCustomAttributes(inherit: true), .. types.Item2.GetCustomAttributes(inherit: true)], [], types.Item1.Name));

    private static MethodRule Read(Type contract, Type implementation, string name)
    {
        IReadOnlyDictionary<string, MethodInfo> declared = RpcContracts.DeclaredIn(contract);
        Dictionary<string, MethodInfo> implemented = declared.ToDictionary(static pair => pair.Key, pair => ImplementationOf(pair.Value, implementation));
        RefuseStrays(implementation, implemented.Values);
        MethodInfo method = declared[name];
        object[] ofType = [.. Distinct([contract, method.DeclaringType!, implementation]).SelectMany(static type => type.GetCustomAttributes(inherit: true))];
        object[] ofMethod = [.. Distinct([method, implemented[name]]).SelectMany(static one => one.GetCustomAttributes(inherit: true))];
        return MethodRule.Of(ofType, ofMethod, $"{implementation.Name}.{implemented[name].Name}");
    }

    private static IEnumerable<T> Distinct<T>(IEnumerable<T> ones) => ones.Distinct();

    [UnconditionalSuppressMessage("Trimming", "IL2072", Justification = "The methods of the interface are called by generated code, and those of the class by them: they are not trimmed away.")]
    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "A method that was trimmed away is not called either.")]
    private static MethodInfo ImplementationOf(MethodInfo declared, Type implementation)
    {
        Type owner = declared.DeclaringType!;
        if (!owner.IsInterface)
        {
            MethodInfo root = declared.GetBaseDefinition();
            return implementation.GetMethods(AllMethods).FirstOrDefault(method => method.GetBaseDefinition() == root) ?? declared;
        }
        InterfaceMapping map = implementation.GetInterfaceMap(owner);
        return map.TargetMethods[Array.IndexOf(map.InterfaceMethods, declared)];
    }

    /// <summary>Refuses a class with such an attribute on a method that no client can call.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "A method that was trimmed away is not called either.")]
    private static void RefuseStrays(Type implementation, IReadOnlyCollection<MethodInfo> called)
    {
        foreach (MethodInfo method in implementation.GetMethods(AllMethods).Where(static method => method.GetCustomAttributes(inherit: true).Any(HandlerAttributes.SaysWho)))
        {
            bool isCalled = called.Any(one => one.MethodHandle == method.MethodHandle) || method.IsDefined(typeof(RpcMethodAttribute), inherit: true) || IsOfContract(method, implementation);
            if (!isCalled) { throw new InvalidOperationException($"[Authorize] or [AllowAnonymous] can't count on {implementation.Name}.{method.Name}: it is no method that a client can call. Put it on one, or on the class."); }
        }
    }

    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "An interface that was trimmed away is no contract either.")]
    [UnconditionalSuppressMessage("Trimming", "IL2072", Justification = "The methods of the interface are called by generated code.")]
    private static bool IsOfContract(MethodInfo method, Type implementation) => implementation.GetInterfaces()
        .Where(static type => type.IsDefined(typeof(RpcContractAttribute), inherit: false))
        .SelectMany(static contract => contract.GetInterfaces().Append(contract))
        .Any(type => implementation.GetInterfaceMap(type).TargetMethods.Any(target => target.MethodHandle == method.MethodHandle));
}
