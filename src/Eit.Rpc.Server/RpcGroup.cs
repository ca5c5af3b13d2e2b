namespace Eit.Rpc;

/// <summary>Some sessions of a server under one name, such as the path of a channel, and the log of what was dispatched to them (docs/RPC.md, G).</summary>
/// <remarks>All members are safe from any thread. Where the sessions are in a channel, its turns give what happens to a group its place among the channel's other events.</remarks>
public sealed class RpcGroup
{
    private readonly RpcSessions _sessions;

    internal RpcGroup(RpcSessions sessions, string name) => (_sessions, Name) = (sessions, name);

    /// <summary>Gets the name.</summary>
    public string Name { get; }

    /// <summary>Gets where the group is: the position of the last action.</summary>
    /// <exception cref="InvalidOperationException">There are too many groups.</exception>
    public RpcPosition Position => _sessions.StateOf(Name).Position;

    /// <summary>Lists the members as they are now, in no order, those that wait for their client included.</summary>
    public IReadOnlyList<RpcSession> Members => _sessions.FindState(Name)?.Members ?? [];

    /// <summary>Lets a session in, until it ends or leaves. The actions after the position are dispatched to it first, in order, and then those that follow; where the log does not reach back, the
    /// outcome says so, and only those that follow are. Who is in already stays in.</summary>
    /// <param name="session">The session; it has started.</param>
    /// <param name="after">What its client has seen last; null for nothing.</param>
    /// <returns>What the client has to do. Where it must reload, dispatch it the state as it is at the position, or let the client ask for it.</returns>
    /// <exception cref="InvalidOperationException">The session has not started, or there are too many groups.</exception>
    public RpcJoined Join(RpcSession session, RpcPosition? after = null)
    {
        ArgumentNullException.ThrowIfNull(session);
        while (true)
        {
            if (_sessions.StateOf(Name).Join(session, after) is { } joined) { return joined; }
        }
    }

    /// <summary>Lets a session go.</summary>
    /// <param name="session">The session.</param>
    /// <returns>False if it was no member.</returns>
    public bool Leave(RpcSession session)
    {
        ArgumentNullException.ThrowIfNull(session);
        return _sessions.FindState(Name) is { } state && session.TryLeave(state) && state.Leave(session);
    }

    /// <summary>Dispatches an action at the members, each once and in the order of the serial numbers, over outages, and keeps it in the log for those that come back. A member for which too many wait
    /// leaves the group and its session ends (<c>too-slow</c>): its client comes back with a new one, and asks for what it has missed.</summary>
    /// <typeparam name="T">The action.</typeparam>
    /// <param name="action">The action.</param>
    /// <returns>Its position in the log.</returns>
    /// <exception cref="InvalidOperationException">The JSON of the type is not known, or there are too many groups.</exception>
    /// <exception cref="ArgumentException">The action is larger than <see cref="RpcSessionsOptions.ActionBytesMax"/>.</exception>
    public RpcPosition Dispatch<T>(T action)
    {
        RpcValue written = _sessions.Write(action);
        while (true)
        {
            if (_sessions.StateOf(Name).Dispatch((wire, position) => wire.Dispatch(written, position), _sessions.Check) is { } position) { return position; }
        }
    }

    /// <summary>Sends an event to the members: once and in order, over outages. It is in no log.</summary>
    /// <typeparam name="T">The event's data.</typeparam>
    /// <param name="name">The event.</param>
    /// <param name="data">Its data.</param>
    /// <returns>The members that have not taken it over, because too much waits for them or they are at their end: they miss it.</returns>
    /// <exception cref="InvalidOperationException">The JSON of the type is not known.</exception>
    /// <exception cref="ArgumentException">The event is larger than <see cref="RpcSessionsOptions.ActionBytesMax"/>.</exception>
    public IReadOnlyList<RpcSession> Emit<T>(string name, T data) => _sessions.Emit(Members, name, data);
}
