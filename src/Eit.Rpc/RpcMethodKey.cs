using System.Reflection;

namespace Eit.Rpc;

/// <summary>What tells one method that can be called from all others of the program, whatever object it is called on.</summary>
/// <param name="Contract">The interface or class that it was generated for; null for a delegate.</param>
/// <param name="Implementation">The class of the object; null for a delegate.</param>
/// <param name="Name">The name by which it is called; null for a delegate.</param>
/// <param name="Delegate">The method of the delegate; null for a generated one.</param>
internal readonly record struct RpcMethodKey(Type? Contract, Type? Implementation, string? Name, MethodInfo? Delegate);
