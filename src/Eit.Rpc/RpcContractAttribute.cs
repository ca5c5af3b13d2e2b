namespace Eit.Rpc;

/// <summary>Marks an interface all of whose methods can be called from the other end: the generator makes what serves it, and what calls it.</summary>
[AttributeUsage(AttributeTargets.Interface)]
public sealed class RpcContractAttribute : Attribute;
