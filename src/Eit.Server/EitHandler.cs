using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Server;

/// <summary>What an application does with a session. One object per session, made from the application's services; its members are called one at a time.</summary>
/// <remarks>Every member may wait: the next call waits for it, reading and liveness go on meanwhile. What a member throws is logged.</remarks>
public abstract class EitHandler
{
    /// <summary>The client has opened the session.</summary>
    /// <param name="session">The session.</param>
    public virtual ValueTask OnConnectedAsync(EitSession session) => default;

    /// <summary>A text has come. It counts as processed when the task is complete; its sender is told <see cref="SendOutcome.Failed"/> if the task has failed, or if nobody has overridden this.</summary>
    /// <param name="session">The session.</param>
    /// <param name="message">The text.</param>
    public virtual ValueTask OnMessageAsync(EitSession session, string message)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.NobodyHandles("text");
    }

    /// <summary>Bytes have come. They count as processed when the task is complete; their sender is told <see cref="SendOutcome.Failed"/> if the task has failed, or if nobody has overridden this.</summary>
    /// <param name="session">The session.</param>
    /// <param name="message">The bytes: lent until the task is complete, and overwritten then. Copy what is to be kept, and wait for a send of them
    /// (<see cref="EitSession.Send(ReadOnlyMemory{byte})"/> copies at once).</param>
    public virtual ValueTask OnBytesAsync(EitSession session, ReadOnlyMemory<byte> message)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.NobodyHandles("bytes");
    }

    /// <summary>The session has lost its transport and waits for its client.</summary>
    /// <param name="session">The session.</param>
    /// <param name="code">Why.</param>
    /// <param name="reason">In words.</param>
    public virtual ValueTask OnOutageAsync(EitSession session, CloseCode code, string reason) => default;

    /// <summary>The client has come back; nothing was lost.</summary>
    /// <param name="session">The session.</param>
    /// <param name="outage">How long it was away.</param>
    public virtual ValueTask OnResumedAsync(EitSession session, TimeSpan outage) => default;

    /// <summary>Messages have waited too long for the client, which is there: its handler is slower than what is sent to it. Called once for each backlog.</summary>
    /// <param name="session">The session.</param>
    /// <param name="backlog">What waits.</param>
    public virtual ValueTask OnSlowConsumerAsync(EitSession session, EitSlowConsumer backlog) => default;

    /// <summary>The session is over; the last call.</summary>
    /// <param name="session">The session.</param>
    /// <param name="end">Why, and what became of every message that is not known to be processed.</param>
    public virtual ValueTask OnClosedAsync(EitSession session, EitSessionEnd end) => default;
}
