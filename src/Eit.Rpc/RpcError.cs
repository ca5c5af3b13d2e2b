namespace Eit.Rpc;

/// <summary>Why a call failed (docs/RPC.md, E).</summary>
public enum RpcError
{
    /// <summary>The method said so, with an <see cref="RpcException"/>.</summary>
    Failed,

    /// <summary>The method threw something else. The message has the id under which the other end has logged it.</summary>
    Internal,

    /// <summary>There is no such method.</summary>
    UnknownMethod,

    /// <summary>The arguments do not fit the method.</summary>
    BadArguments,

    /// <summary>The arguments, or the result, are larger than the limit.</summary>
    TooLarge,

    /// <summary>Too many calls of the session are under way at the other end, or they hold too much.</summary>
    TooManyCalls,

    /// <summary>The session calls too often.</summary>
    TooFast,

    /// <summary>The method ended because the call was cancelled.</summary>
    Cancelled,

    /// <summary>The time for the call was over before its method had finished.</summary>
    DeadlinePassed,

    /// <summary>The result is not what the caller asked for.</summary>
    BadResult,

    /// <summary>The caller may not call the method, which has not run.</summary>
    Forbidden,
}
