using System.Runtime.CompilerServices;
using System.Text.Json;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Microsoft.Extensions.Logging;

namespace Eit.Rpc;

/// <summary>The calls of a client's connection, both ways, beside the application's own messages. Made by <see cref="EitConnectionExtensions.UseRpc"/>.</summary>
/// <remarks>
/// <para>A call that is under way when the connection is lost goes on: its method runs once, and its result comes after the resume. Where the session is lost it ends with
/// <see cref="RpcCallLostException"/>.</para>
/// <para>Methods and handlers run on pool threads. A handler of the connection's own messages can't call, because the answer would wait for the handler: it hands the call over with
/// <see cref="Post"/>.</para>
/// <para>All members are safe from any thread.</para>
/// </remarks>
public sealed class RpcConnection : IRpcCaller, IAsyncDisposable
{
    private const byte Kind = 1;

    private readonly RpcOptions _options;
    private readonly RpcHandlers _handlers = new();
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly Dictionary<SessionId, RpcPeer> _peers = [];
    private readonly HashSet<Task> _stopping = [];
    private SessionId? _ended;
    private bool _isDisposed;

    internal RpcConnection(EitConnection connection, RpcOptions options, ILogger logger)
    {
        (Connection, _options, _logger, Json) = (connection, options, logger, new RpcJson(options.Json));
        connection.OnKind(Kind, (session, message) =>
        {
            PeerOf(session).Receive(message.Text, message.PayloadBytes);
            return default;
        });
        connection.StateChanged += OnStateChanged;
        connection.SessionEnded += OnSessionEnded;
    }

    /// <summary>Gets the connection.</summary>
    public EitConnection Connection { get; }

    /// <summary>Gets or sets what the server can call; null for nothing. Set it before start.</summary>
    public RpcApi? Api
    {
        get => _handlers.Api;
        set => _handlers.Api = value;
    }

    /// <inheritdoc/>
    public RpcJson Json { get; }

    /// <summary>Sets what is done at the beginning of each session, the first one and each that follows one that was lost: before any of its events and actions, which wait for it. It may call. Here a
    /// client asks for what it has missed. Set it before start.</summary>
    /// <param name="handler">What is done. What it throws is logged.</param>
    public void OnSession(Func<ValueTask> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        _handlers.Session = handler;
    }

    /// <summary>Runs work in its place among the handlers of events, and does not wait for it. It may call.</summary>
    /// <param name="work">The work. What it throws is logged.</param>
    /// <returns>False when there is no session, or <see cref="RpcOptions.EventsWaitingMax"/> pieces wait already: then the work is not done.</returns>
    public bool Post(Func<ValueTask> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return Connection.SessionId is { } session && PeerOf(session).Post(work);
    }

    /// <summary>Sets who handles an event; events and actions are handled one at a time, in order. Set it before start, or events may be missed.</summary>
    /// <typeparam name="T">The event's data.</typeparam>
    /// <param name="name">The event.</param>
    /// <param name="handler">The handler; the next event waits for its task. What it throws is logged.</param>
    public void On<T>(string name, Func<T?, ValueTask> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        _handlers.Events[name] = data => handler(Json.Read<T>(data));
    }

    /// <summary>Sets who handles an event. Set it before start, or events may be missed.</summary>
    /// <typeparam name="T">The event's data.</typeparam>
    /// <param name="name">The event.</param>
    /// <param name="handler">The handler. What it throws is logged.</param>
    public void On<T>(string name, Action<T?> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        On<T>(name, data =>
        {
            handler(data);
            return default;
        });
    }

    /// <summary>Sets who handles the actions that the server dispatches. Set it before start, or actions may be missed.</summary>
    /// <typeparam name="T">An action.</typeparam>
    /// <param name="handler">The handler; the next action waits for its task. What it throws is logged.</param>
    public void OnDispatch<T>(Func<T?, ValueTask> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        OnDispatch<T>((action, _) => handler(action));
    }

    /// <summary>Sets who handles the actions that the server dispatches, and is told where they are in their group's log. Set it before start, or actions may be missed.</summary>
    /// <typeparam name="T">An action.</typeparam>
    /// <param name="handler">The handler; the next action waits for its task. The position is null for an action that was dispatched to no group. What it throws is logged.</param>
    public void OnDispatch<T>(Func<T?, RpcPosition?, ValueTask> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        _handlers.Dispatch = (action, position) => handler(Json.Read<T>(action), position);
    }

    /// <summary>Sets who handles the actions that the server dispatches, in JSON. Set it before start, or actions may be missed.</summary>
    /// <param name="handler">The handler. What it throws is logged.</param>
    public void OnDispatch(Action<JsonElement> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        _handlers.Dispatch = (action, _) =>
        {
            handler(action);
            return default;
        };
    }

    /// <inheritdoc/>
    /// <remarks>Waits for the first session, or the next one, as part of its time.</remarks>
    public async Task<T> CallAsync<T>(string name, RpcArguments arguments, RpcCallOptions? options, CancellationToken cancellationToken)
    {
        (RpcPeer peer, RpcCallOptions left) = await FindPeerAsync(options, _options.CallTimeout, cancellationToken).ConfigureAwait(false);
        return await peer.CallAsync<T>(name, arguments, left, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task CallAsync(string name, RpcArguments arguments, RpcCallOptions? options, CancellationToken cancellationToken)
    {
        (RpcPeer peer, RpcCallOptions left) = await FindPeerAsync(options, _options.CallTimeout, cancellationToken).ConfigureAwait(false);
        await peer.CallAsync(name, arguments, left, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<T> StreamAsync<T>(string name, RpcArguments arguments, RpcCallOptions? options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        (RpcPeer peer, RpcCallOptions left) = await FindPeerAsync(options, Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(false);
        await foreach (T item in peer.StreamAsync<T>(name, arguments, left, cancellationToken).ConfigureAwait(false)) { yield return item; }
    }

    /// <summary>Ends every call that is under way, and waits for what it has started. The connection goes on, without calls.</summary>
    public async ValueTask DisposeAsync()
    {
        Connection.StateChanged -= OnStateChanged;
        Connection.SessionEnded -= OnSessionEnded;
        Task[] stopping;
        lock (_gate)
        {
            _isDisposed = true;
            foreach (RpcPeer peer in _peers.Values) { _stopping.Add(peer.StopAsync()); }
            _peers.Clear();
            stopping = [.. _stopping];
        }
        await Task.WhenAll(stopping).ConfigureAwait(false);
    }

    private RpcPeer PeerOf(SessionId session)
    {
        lock (_gate)
        {
            if (_peers.TryGetValue(session, out RpcPeer? known)) { return known; }
            var peer = new RpcPeer(new SessionLink(Connection, session), EitRpcWire.Instance, _options, Json, _handlers, guard: null, _logger);
            if (_isDisposed || session == _ended) { _stopping.Add(peer.StopAsync()); }
            else
            {
                Task[] before = [.. _stopping, .. _peers.Values.Select(static other => other.Ended)];
                _peers.Add(session, peer);
                peer.Post(() => BeginAsync(before));
            }
            return peer;
        }
    }

    private async ValueTask<(RpcPeer Peer, RpcCallOptions Left)> FindPeerAsync(RpcCallOptions? options, TimeSpan defaultTimeout, CancellationToken cancellationToken)
    {
        TimeSpan timeout = options?.Timeout ?? defaultTimeout;
        RpcCallOptions asked = (options ?? new RpcCallOptions()) with { Timeout = timeout };
        if (Connection.SessionId is { } session) { return (PeerOf(session), asked); }
        long began = _options.TimeProvider.GetTimestamp();
        using CancellationTokenSource limit = timeout == Timeout.InfiniteTimeSpan ? new CancellationTokenSource() : new CancellationTokenSource(timeout, _options.TimeProvider);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            while (true)
            {
                await Connection.WaitUntilConnectedAsync(both.Token).ConfigureAwait(false);
                if (Connection.SessionId is not { } begun) { continue; }
                TimeSpan left = timeout == Timeout.InfiniteTimeSpan ? timeout : timeout - _options.TimeProvider.GetElapsedTime(began);
                return (PeerOf(begun), asked with { Timeout = left > TimeSpan.Zero || timeout == Timeout.InfiniteTimeSpan ? left : TimeSpan.Zero });
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new RpcCallLostException(SendOutcome.NotSent, isTimeout: true, "There was no connection within the time for the call: its method has not run.");
        }
        catch (EitException closed)
        {
            throw new RpcCallLostException(SendOutcome.NotSent, isTimeout: false, $"{closed.Message} The call's method has not run.");
        }
    }

    /// <summary>Events and actions of the session before are handled first: so who asks what it has missed knows how far it has come.</summary>
    private async ValueTask BeginAsync(Task[] before)
    {
        await Task.WhenAll(before).ConfigureAwait(false);
        if (_handlers.Session is { } onSession) { await onSession().ConfigureAwait(false); }
    }

    /// <summary>A session that nobody has called in has its beginning too.</summary>
    private void OnStateChanged(object? sender, EitStateChange change)
    {
        if (change.Current == EitConnectionState.Connected && Connection.SessionId is { } session) { PeerOf(session); }
    }

    private void OnSessionEnded(object? sender, EitSessionEnded ended)
    {
        lock (_gate)
        {
            _ended = ended.SessionId;
            _stopping.RemoveWhere(static stopping => stopping.IsCompleted);
            if (_peers.Remove(ended.SessionId, out RpcPeer? peer)) { _stopping.Add(peer.StopAsync()); }
        }
        if (Connection.IsConnected && Connection.SessionId is { } next && next != ended.SessionId) { PeerOf(next); }   // It was moved to another server, without an outage.
    }

    /// <summary>One session of the connection.</summary>
    private sealed class SessionLink(EitConnection connection, SessionId session) : IRpcLink
    {
        public bool IsInsideHandler => connection.IsInsideMessageHandler;

        public HoldAccount Account => connection.Account;

        public ValueTask<SendOutcome> SendAsync(string text, SendOptions options, CancellationToken cancellationToken) =>
            connection.SendAsync(text, options with { Session = session }, cancellationToken);

        public void Abort(CloseCode code, string reason) => connection.Abort(session, code, reason);
    }
}
