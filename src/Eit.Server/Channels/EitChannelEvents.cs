using Eit.Protocol.Wire;

namespace Eit.Server.Channels;

/// <summary>A channel handler that is put together from delegates, each set once. It serves all channels of its endpoint.</summary>
/// <remarks>What each is called for, and when, is said at <see cref="EitChannelHandler"/>. A delegate with <c>[Authorize]</c> or <c>[AllowAnonymous]</c> is refused
/// (<see cref="InvalidOperationException"/>): its members were admitted long before it is called.</remarks>
public sealed class EitChannelEvents : EitChannelHandler
{
    private Func<string, ValueTask>? _onChannelCreated;
    private Func<string, ValueTask>? _onChannelDeleted;
    private Func<EitSession, ValueTask>? _onConnect;
    private Func<EitSession, EitSessionEnd, ValueTask>? _onDisconnect;
    private Func<EitSession, string, ValueTask>? _onMessage;
    private Func<EitSession, ReadOnlyMemory<byte>, ValueTask>? _onBytes;
    private Func<EitSession, CloseCode, ValueTask>? _onOutage;
    private Func<EitSession, TimeSpan, ValueTask>? _onResumed;
    private Func<string, ValueTask>? _onTimeout;

    /// <summary>Sets what is done when a channel is created.</summary>
    /// <param name="handler">The handler; gets the path.</param>
    /// <exception cref="InvalidOperationException">It is set already.</exception>
    public void OnChannelCreated(Action<string> handler) => OnChannelCreated(ToTask(handler));

    /// <summary>Sets what is done when a channel is created.</summary>
    /// <param name="handler">The handler; gets the path.</param>
    /// <exception cref="InvalidOperationException">It is set already.</exception>
    public void OnChannelCreated(Func<string, ValueTask> handler) => Set(ref _onChannelCreated, handler);

    /// <summary>Sets what is done when a channel is deleted.</summary>
    /// <param name="handler">The handler; gets the path.</param>
    /// <exception cref="InvalidOperationException">It is set already.</exception>
    public void OnChannelDeleted(Action<string> handler) => OnChannelDeleted(ToTask(handler));

    /// <summary>Sets what is done when a channel is deleted.</summary>
    /// <param name="handler">The handler; gets the path.</param>
    /// <exception cref="InvalidOperationException">It is set already.</exception>
    public void OnChannelDeleted(Func<string, ValueTask> handler) => Set(ref _onChannelDeleted, handler);

    /// <summary>Sets what is done when a session has joined.</summary>
    /// <param name="handler">The handler; gets the session.</param>
    /// <exception cref="InvalidOperationException">It is set already.</exception>
    public void OnConnect(Action<EitSession> handler) => OnConnect(ToTask(handler));

    /// <summary>Sets what is done when a session has joined.</summary>
    /// <param name="handler">The handler; gets the session.</param>
    /// <exception cref="InvalidOperationException">It is set already.</exception>
    public void OnConnect(Func<EitSession, ValueTask> handler) => Set(ref _onConnect, handler);

    /// <summary>Sets what is done when a session is over.</summary>
    /// <param name="handler">The handler; gets the session.</param>
    /// <exception cref="InvalidOperationException">It is set already.</exception>
    public void OnDisconnect(Action<EitSession> handler)
    {
        Func<EitSession, ValueTask> task = ToTask(handler);
        OnDisconnect((connection, _) => task(connection));
    }

    /// <summary>Sets what is done when a session is over.</summary>
    /// <param name="handler">The handler; gets the session and its end.</param>
    /// <exception cref="InvalidOperationException">It is set already.</exception>
    public void OnDisconnect(Func<EitSession, EitSessionEnd, ValueTask> handler) => Set(ref _onDisconnect, handler);

    /// <summary>Sets what is done with a text.</summary>
    /// <param name="handler">The handler; gets the sender and the text.</param>
    /// <exception cref="InvalidOperationException">It is set already.</exception>
    public void OnMessage(Action<EitSession, string> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        HandlerAttributes.Refuse(handler);
        OnMessage((connection, message) =>
        {
            handler(connection, message);
            return default;
        });
    }

    /// <summary>Sets what is done with a text.</summary>
    /// <param name="handler">The handler; gets the sender and the text.</param>
    /// <exception cref="InvalidOperationException">It is set already.</exception>
    public void OnMessage(Func<EitSession, string, ValueTask> handler) => Set(ref _onMessage, handler);

    /// <summary>Sets what is done with bytes.</summary>
    /// <param name="handler">The handler; gets the sender and the bytes, which are lent until its task is complete and overwritten then: copy what is to be kept.</param>
    /// <exception cref="InvalidOperationException">It is set already.</exception>
    public void OnBytes(Func<EitSession, ReadOnlyMemory<byte>, ValueTask> handler) => Set(ref _onBytes, handler);

    /// <summary>Sets what is done when a member has lost its transport.</summary>
    /// <param name="handler">The handler; gets the session and why.</param>
    /// <exception cref="InvalidOperationException">It is set already.</exception>
    public void OnOutage(Func<EitSession, CloseCode, ValueTask> handler) => Set(ref _onOutage, handler);

    /// <summary>Sets what is done when a member is back.</summary>
    /// <param name="handler">The handler; gets the session and how long it was away.</param>
    /// <exception cref="InvalidOperationException">It is set already.</exception>
    public void OnResumed(Func<EitSession, TimeSpan, ValueTask> handler) => Set(ref _onResumed, handler);

    /// <summary>Sets what is done when a timeout of a channel has come.</summary>
    /// <param name="handler">The handler; gets the timeout's id.</param>
    /// <exception cref="InvalidOperationException">It is set already.</exception>
    public void OnTimeout(Func<string, ValueTask> handler) => Set(ref _onTimeout, handler);

    /// <inheritdoc/>
    public override ValueTask OnChannelCreatedAsync(string path) => _onChannelCreated?.Invoke(path) ?? default;

    /// <inheritdoc/>
    public override ValueTask OnChannelDeletedAsync(string path) => _onChannelDeleted?.Invoke(path) ?? default;

    /// <inheritdoc/>
    public override ValueTask OnConnectAsync(EitSession connection) => _onConnect?.Invoke(connection) ?? default;

    /// <inheritdoc/>
    public override ValueTask OnDisconnectAsync(EitSession connection, EitSessionEnd end) => _onDisconnect?.Invoke(connection, end) ?? default;

    /// <inheritdoc/>
    public override ValueTask OnMessageAsync(EitSession connection, string message) => _onMessage?.Invoke(connection, message) ?? base.OnMessageAsync(connection, message);

    /// <inheritdoc/>
    public override ValueTask OnBytesAsync(EitSession connection, ReadOnlyMemory<byte> message) => _onBytes?.Invoke(connection, message) ?? base.OnBytesAsync(connection, message);

    /// <inheritdoc/>
    public override ValueTask OnOutageAsync(EitSession connection, CloseCode code, string reason) => _onOutage?.Invoke(connection, code) ?? default;

    /// <inheritdoc/>
    public override ValueTask OnResumedAsync(EitSession connection, TimeSpan outage) => _onResumed?.Invoke(connection, outage) ?? default;

    /// <inheritdoc/>
    public override ValueTask OnTimeoutAsync(string id) => _onTimeout?.Invoke(id) ?? default;

    private static Func<T, ValueTask> ToTask<T>(Action<T> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        HandlerAttributes.Refuse(handler);
        return argument =>
        {
            handler(argument);
            return default;
        };
    }

    private static void Set<T>(ref T? place, T handler)
        where T : Delegate
    {
        ArgumentNullException.ThrowIfNull(handler);
        HandlerAttributes.Refuse(handler);
        if (place is not null) { throw new InvalidOperationException("This handler is set already."); }
        place = handler;
    }
}
