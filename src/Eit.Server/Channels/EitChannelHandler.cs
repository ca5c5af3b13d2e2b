using Eit.Protocol.Wire;

namespace Eit.Server.Channels;

/// <summary>What an application does with a channel: the sessions that are connected to one path.</summary>
/// <remarks>
/// <para>One object per channel, made from the application's services when the channel is created and disposed of when it is deleted; one that is registered there as a
/// singleton serves all channels, which call it in parallel.</para>
/// <para>The members of one channel are called one at a time, and the next call waits for the task of the one before. What happens to one session comes in its order. Between
/// sessions it goes in turn: a session has one place in the channel's queue, and its next message takes a new place behind all others when its last one has been handled; so
/// who sends much does not hold up who sends little. What a member throws is logged and counted, and the channel goes on. A message counts as processed when its task is
/// complete, so a slow handler slows its senders down.</para>
/// <para>A member may not wait for a channel (<see cref="EitChannels.RunAsync"/>): it would wait for itself.</para>
/// </remarks>
public abstract class EitChannelHandler
{
    /// <summary>The first session has connected to the path. Whoever connects meanwhile waits. If this throws there is no channel, and that session is closed:
    /// with <see cref="EitChannelRefusedException"/> as <see cref="CloseCode.Forbidden"/> and its text, else as <see cref="CloseCode.HandlerFailed"/>.</summary>
    /// <param name="path">The path, without a slash at its end.</param>
    public virtual ValueTask OnChannelCreatedAsync(string path) => default;

    /// <summary>The last session has gone. Whoever connects meanwhile waits, and gets a new channel.</summary>
    /// <param name="path">The path.</param>
    public virtual ValueTask OnChannelDeletedAsync(string path) => default;

    /// <summary>A session has joined. One that ends while it waits for its turn never does. <see cref="EitChannelRefusedException"/> turns it away: it is closed as <see cref="CloseCode.Forbidden"/>, and is not announced as gone.</summary>
    /// <param name="connection">The session.</param>
    public virtual ValueTask OnConnectAsync(EitSession connection) => default;

    /// <summary>A session is over, and no longer among the members. Not called for an outage.</summary>
    /// <param name="connection">The session.</param>
    /// <param name="end">Why, and what became of every message that is not known to be processed.</param>
    public virtual ValueTask OnDisconnectAsync(EitSession connection, EitSessionEnd end) => default;

    /// <summary>A text has come.</summary>
    /// <param name="connection">Who sent it.</param>
    /// <param name="message">The text.</param>
    public virtual ValueTask OnMessageAsync(EitSession connection, string message)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return connection.NobodyHandles("text");
    }

    /// <summary>Bytes have come.</summary>
    /// <param name="connection">Who sent them.</param>
    /// <param name="message">The bytes: lent until the task is complete, and overwritten then. Copy what is to be kept, and wait for a send of them.</param>
    public virtual ValueTask OnBytesAsync(EitSession connection, ReadOnlyMemory<byte> message)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return connection.NobodyHandles("bytes");
    }

    /// <summary>A member has lost its transport. It stays a member, and what is sent to it waits for it.</summary>
    /// <param name="connection">The session.</param>
    /// <param name="code">Why.</param>
    /// <param name="reason">In words.</param>
    public virtual ValueTask OnOutageAsync(EitSession connection, CloseCode code, string reason) => default;

    /// <summary>A member is back; nothing was lost.</summary>
    /// <param name="connection">The session.</param>
    /// <param name="outage">How long it was away.</param>
    public virtual ValueTask OnResumedAsync(EitSession connection, TimeSpan outage) => default;

    /// <summary>Messages have waited too long for a member that is there. Called once for each backlog.</summary>
    /// <param name="connection">The session.</param>
    /// <param name="backlog">What waits.</param>
    public virtual ValueTask OnSlowConsumerAsync(EitSession connection, EitSlowConsumer backlog) => default;

    /// <summary>A timeout of this channel has come (<see cref="TimeoutManager"/>).</summary>
    /// <param name="id">Its id.</param>
    public virtual ValueTask OnTimeoutAsync(string id) => default;
}
