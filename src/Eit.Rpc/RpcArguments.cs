namespace Eit.Rpc;

/// <summary>The arguments of one call, in order.</summary>
/// <param name="caller">Who calls: it knows the JSON.</param>
public sealed class RpcArguments(IRpcCaller caller)
{
    internal List<RpcValue> Values { get; } = [];

    /// <summary>Adds an argument.</summary>
    /// <typeparam name="T">Its type, whose JSON is written.</typeparam>
    /// <param name="value">The argument.</param>
    /// <returns>These arguments.</returns>
    /// <exception cref="InvalidOperationException">The JSON of the type is not known.</exception>
    public RpcArguments Add<T>(T value)
    {
        Values.Add(caller.Json.Value(value));
        return this;
    }

    /// <summary>Adds an argument as what it is at run time.</summary>
    internal RpcArguments AddObject(object? value)
    {
        Values.Add(caller.Json.ValueOf(value));
        return this;
    }
}
