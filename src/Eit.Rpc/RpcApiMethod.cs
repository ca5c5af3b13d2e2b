namespace Eit.Rpc;

/// <summary>A method that can be called.</summary>
/// <param name="Run">Runs it.</param>
/// <param name="Key">What it is known by.</param>
internal sealed record RpcApiMethod(Func<RpcInvocation, ValueTask> Run, RpcMethodKey Key);
