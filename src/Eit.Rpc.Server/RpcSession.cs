using Eit.Protocol.Wire;
using Eit.Server;

namespace Eit.Rpc;

/// <summary>One client's session with calls. An application makes one for each client, and may derive from it for what it wants to keep there.</summary>
/// <remarks>All members are safe from any thread. Before <see cref="OnStart"/> the session is not there yet: nothing can be sent.</remarks>
public class RpcSession : IRpcCaller
{
    private readonly Lock _gate = new();
    private HashSet<GroupState>? _groups = [];                     // null when it is over.
    private volatile RpcPeer? _peer;
    private volatile EitSession? _session;

    /// <summary>Gets or sets what the client can call; null for nothing. Set it before <see cref="OnStart"/> is called, or in there.</summary>
    public RpcApi? Api
    {
        get => Handlers.Api;
        set => Handlers.Api = value;
    }

    /// <summary>Gets or sets what is called when the client has opened the session; what it throws is logged.</summary>
    public Func<ValueTask>? OnStart { get; set; }

    /// <summary>Gets or sets what is called when the session is over and its calls have been cancelled, if it was ever started; the last call.</summary>
    public Func<EitSessionEnd, ValueTask>? OnClose { get; set; }

    /// <summary>Gets or sets who handles the application's own messages beside the calls, and hears of outages; null for nobody. Set it before the session begins. Not for plain clients' messages, which
    /// are all calls, nor in a channel, whose handler does this.</summary>
    public EitHandler? Handler { get; set; }

    /// <summary>Gets the session that carries the calls.</summary>
    /// <exception cref="InvalidOperationException">The session has not started.</exception>
    public EitSession Session => _session ?? throw NotStarted();

    /// <inheritdoc/>
    public RpcJson Json => Peer.Json;

    internal RpcHandlers Handlers { get; } = new();

    internal RpcPeer Peer => _peer ?? throw NotStarted();

    /// <summary>Finds the session with calls that another kind of handler meets, such as a channel's.</summary>
    /// <param name="session">The session that carries the calls.</param>
    /// <returns>Null if it carries none.</returns>
    public static RpcSession? Of(EitSession session)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.Items.TryGetValue(typeof(RpcSession), out object? found) ? (RpcSession?)found : null;
    }

    /// <summary>Sends an event to the client: once and in order, over outages.</summary>
    /// <typeparam name="T">The event's data.</typeparam>
    /// <param name="name">The event.</param>
    /// <param name="data">Its data.</param>
    /// <returns>True when it is taken over; false when too many wait for the client, or the session is over.</returns>
    /// <exception cref="InvalidOperationException">The session has not started, or the JSON of the type is not known.</exception>
    /// <exception cref="ArgumentException">The event is too large.</exception>
    public bool Emit<T>(string name, T data)
    {
        RpcPeer peer = Peer;
        return peer.Emit(peer.Wire.Event(name, peer.Json.Value(data)));
    }

    /// <summary>Dispatches an action at the client: once and in order, over outages.</summary>
    /// <typeparam name="T">The action.</typeparam>
    /// <param name="action">The action.</param>
    /// <returns>As <see cref="Emit{T}"/>.</returns>
    /// <exception cref="InvalidOperationException">The session has not started, or the JSON of the type is not known.</exception>
    /// <exception cref="ArgumentException">The action is too large.</exception>
    public bool Dispatch<T>(T action) => Dispatch(action, position: null);

    /// <summary>Dispatches an action at the client that stands for all that a group has come to, such as its whole state: once and in order, over outages.</summary>
    /// <typeparam name="T">The action.</typeparam>
    /// <param name="action">The action.</param>
    /// <param name="position">How far the group had come: what <see cref="RpcGroup.Join"/> has said; null for an action of no group.</param>
    /// <returns>As <see cref="Emit{T}"/>.</returns>
    /// <exception cref="InvalidOperationException">The session has not started, or the JSON of the type is not known.</exception>
    /// <exception cref="ArgumentException">The action is too large.</exception>
    public bool Dispatch<T>(T action, RpcPosition? position)
    {
        RpcPeer peer = Peer;
        return peer.Emit(peer.Wire.Dispatch(peer.Json.Value(action), position));
    }

    /// <summary>Runs work in its place among the handlers of events, and does not wait for it. It may call, which a handler of messages can't.</summary>
    /// <param name="work">The work. What it throws is logged.</param>
    /// <returns>False when <see cref="RpcOptions.EventsWaitingMax"/> pieces wait already, or the session is over: then the work is not done.</returns>
    /// <exception cref="InvalidOperationException">The session has not started.</exception>
    public bool Post(Func<ValueTask> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return Peer.Post(work);
    }

    /// <inheritdoc/>
    public Task<T> CallAsync<T>(string name, RpcArguments arguments, RpcCallOptions? options, CancellationToken cancellationToken) => Peer.CallAsync<T>(name, arguments, options, cancellationToken);

    /// <inheritdoc/>
    public Task CallAsync(string name, RpcArguments arguments, RpcCallOptions? options, CancellationToken cancellationToken) => Peer.CallAsync(name, arguments, options, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<T> StreamAsync<T>(string name, RpcArguments arguments, RpcCallOptions? options, CancellationToken cancellationToken) => Peer.StreamAsync<T>(name, arguments, options, cancellationToken);

    /// <summary>Closes the session: what was sent before arrives.</summary>
    /// <param name="reason">Why, in words.</param>
    /// <returns>Completes when the session is over.</returns>
    public Task CloseAsync(string reason = "The server closes.") => Session.CloseAsync(CloseCode.Closed, reason);

    internal void Begin(EitSession session, RpcPeer peer)
    {
        (_session, _peer) = (session, peer);
        session.Items[typeof(RpcSession)] = this;
    }

    /// <summary>Notes that the session is in a group.</summary>
    /// <returns>False if it is over.</returns>
    internal bool TryEnter(GroupState group)
    {
        lock (_gate) { return _groups?.Add(group) ?? false; }
    }

    internal bool TryLeave(GroupState group)
    {
        lock (_gate) { return _groups?.Remove(group) ?? false; }
    }

    internal void LeaveAll()
    {
        HashSet<GroupState>? groups;
        lock (_gate) { (groups, _groups) = (_groups, null); }
        foreach (GroupState group in groups ?? []) { group.Leave(this); }
    }

    private static InvalidOperationException NotStarted() => new("The session has not started: its client has not opened it yet.");
}
