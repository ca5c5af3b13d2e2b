namespace Eit.Rpc;

/// <summary>Shorter ways to call.</summary>
public static class RpcCallerExtensions
{
    /// <summary>Calls a method of the other end and waits for its result.</summary>
    /// <typeparam name="T">The result.</typeparam>
    /// <param name="caller">Who calls.</param>
    /// <param name="name">The method.</param>
    /// <param name="arguments">Its arguments, each written as what it is.</param>
    /// <exception cref="RpcException">The call failed.</exception>
    /// <exception cref="RpcCallLostException">The session is lost, or the time is over.</exception>
    public static Task<T> CallAsync<T>(this IRpcCaller caller, string name, params object?[] arguments) => caller.CallAsync<T>(name, caller.Pack(arguments), options: null, CancellationToken.None);

    /// <summary>Calls a method of the other end and waits until it has finished.</summary>
    /// <param name="caller">Who calls.</param>
    /// <param name="name">The method.</param>
    /// <param name="arguments">Its arguments, each written as what it is.</param>
    /// <exception cref="RpcException">The call failed.</exception>
    /// <exception cref="RpcCallLostException">The session is lost, or the time is over.</exception>
    public static Task CallAsync(this IRpcCaller caller, string name, params object?[] arguments) => caller.CallAsync(name, caller.Pack(arguments), options: null, CancellationToken.None);

    /// <summary>Calls a method of the other end that gives a stream.</summary>
    /// <typeparam name="T">The items.</typeparam>
    /// <param name="caller">Who calls.</param>
    /// <param name="name">The method.</param>
    /// <param name="arguments">Its arguments, each written as what it is.</param>
    public static IAsyncEnumerable<T> StreamAsync<T>(this IRpcCaller caller, string name, params object?[] arguments) => caller.StreamAsync<T>(name, caller.Pack(arguments), options: null, CancellationToken.None);

    /// <summary>Packs arguments, each as what it is.</summary>
    /// <param name="caller">Who calls.</param>
    /// <param name="arguments">The arguments.</param>
    public static RpcArguments Pack(this IRpcCaller caller, params object?[] arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        var packed = new RpcArguments(caller);
        foreach (object? argument in arguments) { packed.AddObject(argument); }
        return packed;
    }

    /// <summary>Makes what calls the other end by the methods of an interface.</summary>
    /// <typeparam name="TApi">The interface, marked with <see cref="RpcContractAttribute"/>.</typeparam>
    /// <param name="caller">Who calls.</param>
    /// <exception cref="InvalidOperationException">Nothing was generated for the interface.</exception>
    public static TApi GetApi<TApi>(this IRpcCaller caller)
        where TApi : class => RpcContracts.ProxyOf<TApi>(caller);
}
