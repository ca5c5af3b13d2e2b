namespace Eit.Rpc;

/// <summary>What the other end can call: these methods and nothing else.</summary>
public sealed class RpcApi
{
    private readonly Dictionary<string, RpcApiMethod> _methods = [];

    /// <summary>Makes an api without methods.</summary>
    public RpcApi()
    {
    }

    /// <summary>Makes the api of an object: the methods of the interface that is named, or those of the class that are marked with <see cref="RpcMethodAttribute"/>.</summary>
    /// <typeparam name="T">The interface, marked with <see cref="RpcContractAttribute"/>, or the class.</typeparam>
    /// <param name="target">The object. At a server <c>[Authorize]</c> and <c>[AllowAnonymous]</c> on the interface, the class, and their methods say who may call (docs/RPC.md, A).</param>
    /// <exception cref="InvalidOperationException">Nothing was generated for the type.</exception>
    public static RpcApi Of<T>(T target)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(target);
        var api = new RpcApi();
        foreach ((string name, Func<T, RpcInvocation, ValueTask> method) in RpcContracts.MethodsOf<T>())
        {
            api._methods.Add(name, new RpcApiMethod(call => method(target, call), new RpcMethodKey(typeof(T), target.GetType(), name, Delegate: null)));
        }
        return api;
    }

    /// <summary>Adds a method by hand. Not while the api is in use.</summary>
    /// <param name="name">The name by which it is called.</param>
    /// <param name="method">The method; takes its arguments from the call, and gives it the result. At a server its attributes <c>[Authorize]</c> and <c>[AllowAnonymous]</c> say who may call.</param>
    /// <returns>This api.</returns>
    /// <exception cref="ArgumentException">There is a method of this name.</exception>
    public RpcApi Add(string name, Func<RpcInvocation, ValueTask> method)
    {
        ArgumentNullException.ThrowIfNull(method);
        _methods.Add(name, new RpcApiMethod(method, new RpcMethodKey(Contract: null, Implementation: null, Name: null, method.Method)));
        return this;
    }

    internal IReadOnlyDictionary<string, RpcApiMethod> Methods => _methods;

    internal RpcApiMethod? Find(string name) => _methods.GetValueOrDefault(name);
}
