namespace Eit.Rpc;

/// <summary>A call about which a policy decides: the resource that authorization handlers get (<c>AuthorizationHandler&lt;TRequirement, RpcCallToAuthorize&gt;</c>).</summary>
public sealed class RpcCallToAuthorize
{
    internal RpcCallToAuthorize(RpcSession session, string method) => (Session, Method) = (session, method);

    /// <summary>Gets the session of the caller.</summary>
    public RpcSession Session { get; }

    /// <summary>Gets the name by which the method is called.</summary>
    public string Method { get; }
}
