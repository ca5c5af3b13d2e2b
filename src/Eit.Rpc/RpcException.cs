namespace Eit.Rpc;

/// <summary>A call failed, and its caller is told why. A method throws it to say something to its caller; the caller gets it with the same message.</summary>
public sealed class RpcException : Exception
{
    /// <summary>Says that a call failed.</summary>
    public RpcException()
        : this("The call failed.")
    {
    }

    /// <summary>Says why a call failed.</summary>
    /// <param name="message">Why; the caller reads it.</param>
    public RpcException(string message)
        : base(message)
    {
    }

    /// <summary>Says why a call failed.</summary>
    /// <param name="message">Why; the caller reads it.</param>
    /// <param name="innerException">What lies behind it; the caller is not told.</param>
    public RpcException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Says why a call failed.</summary>
    /// <param name="error">Why, to decide by.</param>
    /// <param name="message">Why, in words.</param>
    public RpcException(RpcError error, string message)
        : base(message) => Error = error;

    /// <summary>Gets why, to decide by.</summary>
    public RpcError Error { get; } = RpcError.Failed;
}
