using System.Collections.Concurrent;
using System.ComponentModel;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Eit.Rpc;

/// <summary>What the generator has made, by type. Generated code adds to it when its assembly is loaded.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class RpcContracts
{
    private static readonly ConcurrentDictionary<Type, object> s_methods = new();
    private static readonly ConcurrentDictionary<Type, Lazy<IReadOnlyDictionary<string, MethodInfo>>> s_declared = new();
    private static readonly ConcurrentDictionary<Type, object> s_proxies = new();

    /// <summary>Adds the methods of a type that can be called.</summary>
    /// <typeparam name="T">The type.</typeparam>
    /// <param name="methods">What runs the methods, by their names.</param>
    /// <param name="declared">Finds the methods themselves, by the same names: their attributes say who may call them.</param>
    public static void Add<T>(IReadOnlyDictionary<string, Func<T, RpcInvocation, ValueTask>> methods, Func<IReadOnlyDictionary<string, MethodInfo>> declared)
        where T : class
    {
        s_declared[typeof(T)] = new Lazy<IReadOnlyDictionary<string, MethodInfo>>(declared);
        s_methods[typeof(T)] = methods;
    }

    /// <summary>Adds what makes the proxy of an interface.</summary>
    /// <typeparam name="T">The interface.</typeparam>
    /// <param name="make">Makes it.</param>
    public static void AddProxy<T>(Func<IRpcCaller, T> make)
        where T : class => s_proxies[typeof(T)] = make;

    internal static IReadOnlyDictionary<string, Func<T, RpcInvocation, ValueTask>> MethodsOf<T>()
        where T : class => (IReadOnlyDictionary<string, Func<T, RpcInvocation, ValueTask>>)Find(s_methods, typeof(T));

    /// <summary>Finds the methods of a type that was added, by their names.</summary>
    internal static IReadOnlyDictionary<string, MethodInfo> DeclaredIn(Type type) => s_declared[type].Value;

    internal static T ProxyOf<T>(IRpcCaller caller)
        where T : class => ((Func<IRpcCaller, T>)Find(s_proxies, typeof(T)))(caller);

    private static object Find(ConcurrentDictionary<Type, object> made, Type type)
    {
        if (made.TryGetValue(type, out object? found)) { return found; }
        RuntimeHelpers.RunModuleConstructor(type.Module.ModuleHandle);   // Nothing of the assembly may have run yet.
        return made.TryGetValue(type, out found)
            ? found
            : throw new InvalidOperationException($"Nothing was generated for {type}: mark the interface with [RpcContract], or the methods of the class with [RpcMethod], and let its project use the generator of Eit.Rpc.");
    }
}
