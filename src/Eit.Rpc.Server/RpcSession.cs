using Eit.Protocol.Wire;
using Eit.Server;

namespace Eit.Rpc;

/// <summary>One client's session with calls. An application makes one for each client, and may derive from it for what it wants to keep there.</summary>
/// <remarks>All members are safe from any thread. Before <see cref="OnStart"/> the session is not there yet: nothing can be sent.</remarks>
public class RpcSession : IRpcCaller
{
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

    /// <summary>Gets the session that carries the calls.</summary>
    /// <exception cref="InvalidOperationException">The session has not started.</exception>
    public EitSession Session => _session ?? throw NotStarted();

    /// <inheritdoc/>
    public RpcJson Json => Peer.Json;

    internal RpcHandlers Handlers { get; } = new();

    private RpcPeer Peer => _peer ?? throw NotStarted();

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
        return peer.Emit(peer.EventText(name, data));
    }

    /// <summary>Dispatches an action at the client: once and in order, over outages.</summary>
    /// <typeparam name="T">The action.</typeparam>
    /// <param name="action">The action.</param>
    /// <returns>As <see cref="Emit{T}"/>.</returns>
    /// <exception cref="InvalidOperationException">The session has not started, or the JSON of the type is not known.</exception>
    /// <exception cref="ArgumentException">The action is too large.</exception>
    public bool Dispatch<T>(T action)
    {
        RpcPeer peer = Peer;
        return peer.Emit(peer.DispatchText(action));
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

    internal void Begin(EitSession session, RpcPeer peer) => (_session, _peer) = (session, peer);

    private static InvalidOperationException NotStarted() => new("The session has not started: its client has not opened it yet.");
}
