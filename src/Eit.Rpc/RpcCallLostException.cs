using Eit.Protocol.Session;

namespace Eit.Rpc;

/// <summary>A call ended without an answer: its session is lost, or its time is over.</summary>
public sealed class RpcCallLostException : Exception
{
    /// <summary>Says that a call ended without an answer.</summary>
    public RpcCallLostException()
        : this("The call ended without an answer.")
    {
    }

    /// <summary>Says that a call ended without an answer.</summary>
    /// <param name="message">Why.</param>
    public RpcCallLostException(string message)
        : base(message)
    {
    }

    /// <summary>Says that a call ended without an answer.</summary>
    /// <param name="message">Why.</param>
    /// <param name="innerException">What lies behind it.</param>
    public RpcCallLostException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Says what is known of a call that ended without an answer.</summary>
    /// <param name="outcome"><see cref="SendOutcome.NotSent"/> or <see cref="SendOutcome.Unknown"/>.</param>
    /// <param name="isTimeout">Whether its time was over.</param>
    /// <param name="message">Why.</param>
    public RpcCallLostException(SendOutcome outcome, bool isTimeout, string message)
        : base(message) => (Outcome, IsTimeout) = (outcome, isTimeout);

    /// <summary>Gets what is known: <see cref="SendOutcome.NotSent"/>, the method has not run and never will for this call; or <see cref="SendOutcome.Unknown"/>, it has run once or not at all.</summary>
    public SendOutcome Outcome { get; } = SendOutcome.Unknown;

    /// <summary>Gets whether the call's time was over; else its session was.</summary>
    public bool IsTimeout { get; }
}
