namespace Eit.Rpc;

/// <summary>Marks a method of a class that the other end may call, or gives a method of an interface another name.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RpcMethodAttribute : Attribute
{
    /// <summary>Marks a method; its name is the method's in camelCase, without Async at its end.</summary>
    public RpcMethodAttribute()
    {
    }

    /// <summary>Marks a method and names it.</summary>
    /// <param name="name">The name by which it is called.</param>
    public RpcMethodAttribute(string name) => Name = name;

    /// <summary>Gets the name by which it is called; null for the method's own.</summary>
    public string? Name { get; }
}
