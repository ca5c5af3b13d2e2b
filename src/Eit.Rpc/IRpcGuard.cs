namespace Eit.Rpc;

/// <summary>Decides before each call of the other end whether its method may run.</summary>
internal interface IRpcGuard
{
    /// <summary>Decides about a call. What it throws keeps the method from running too.</summary>
    /// <param name="name">The name by which it is called.</param>
    /// <param name="method">The method.</param>
    /// <returns>Whether it may run.</returns>
    ValueTask<bool> MayRunAsync(string name, RpcMethodKey method);
}
