using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Security.Claims;
using System.Threading.Channels;
using Eit.Backoff;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server.Channels;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace Eit.Server;

/// <summary>One client's conversation with this server, over however many transports.</summary>
/// <remarks>All members are safe from any thread.</remarks>
public sealed class EitSession
{
    private static readonly string[] s_headersNotKept = ["Authorization", "Proxy-Authorization", "Cookie", "Connection", "Upgrade", WireLimits.HelloHeader];

    private readonly SessionHost _host;
    private readonly SessionPump _pump;
    private readonly EitSessions _sessions;
    private readonly KeyValuePair<string, StringValues>[] _headers;
    private Func<SessionId?, SendTarget>? _findTarget;
    private WaitingSends? _waitingSends;
    private ConcurrentDictionary<object, object?>? _items;
    private ImmutableDictionary<byte, Func<InboundMessage, ValueTask>> _onKind = ImmutableDictionary<byte, Func<InboundMessage, ValueTask>>.Empty;

    internal EitSession(EitSessions sessions, SessionMachine machine, InstanceId instance, HttpContext context, string? principalKey, string owner, Func<IServiceProvider, MadeHandler> makeHandler, ILogger logger)
    {
        (_sessions, Id, Instance, Principal, PrincipalKey) = (sessions, machine.Id, instance, context.User, principalKey);
        IsPlain = context.Features.Get<PlainBridge>() is not null;
        (Path, Query) = (context.Request.PathBase.Add(context.Request.Path).Value ?? string.Empty, context.Request.QueryString.Value ?? string.Empty);
        User = sessions.Options.PrincipalClaims.Select(claim => context.User.FindFirst(claim)?.Value).FirstOrDefault(static value => value is { Length: > 0 });
        RouteValues = context.Request.RouteValues.Count == 0 ? ImmutableDictionary<string, object?>.Empty : new RouteValueDictionary(context.Request.RouteValues);
        _headers = KeptOf(context.Request.Headers);
        _host = new SessionHost(this, makeHandler, sessions, logger);
        lock (_host.Gate) { _pump = _host.AddPump(machine); }
        Account.Charge(2 * (Query.Length + Path.Length + _headers.Sum(static header => header.Key.Length + header.Value.Sum(static value => value?.Length ?? 0))));
        Account.Join(sessions.Held.Open(this, owner));
        context.Features.Get<PlainBridge>()?.Account.Join(sessions.Held.Open(this, owner));
    }

    /// <summary>Gets the id of the session.</summary>
    public SessionId Id { get; }

    /// <summary>Gets the client object that it belongs to: a tab, a process.</summary>
    public InstanceId Instance { get; }

    /// <summary>Gets who has shown a credential last: at each resume and cycle it becomes the principal of the new request, of the same key (R1.13).</summary>
    public ClaimsPrincipal Principal { get; private set; }

    /// <summary>Gets the key of the principal; null if it has none, and the session can't be resumed.</summary>
    public string? PrincipalKey { get; }

    /// <summary>Gets the user's name: the first of <see cref="EitServerOptions.PrincipalClaims"/> that the principal has, without the claim's own name; null if it has none.</summary>
    public string? User { get; }

    /// <summary>Gets the path of the channel that it connected to; empty at an endpoint without channels.</summary>
    public string Channel { get; internal set; } = string.Empty;

    /// <summary>Gets the path of the request that opened it, the part included that the application has branched on (<see cref="HttpRequest.PathBase"/>).</summary>
    public string Path { get; }

    /// <summary>Gets the query of the request that opened it, with its question mark; empty if it had none.</summary>
    public string Query { get; }

    /// <summary>Gets what the client calls itself (V1.10), a name and a version: at most 64 printable ASCII characters; null if it has not said. Nobody has checked it.</summary>
    public string? Agent => Read(static machine => machine.PeerAgent);

    /// <summary>Gets whether the client is a WebSocket client that does not speak Eit: it can't resume, and a message to it counts as processed when its WebSocket has taken it.</summary>
    public bool IsPlain { get; }

    /// <summary>Gets the parameters in the query of the request that opened it.</summary>
    public IQueryCollection Parameters => field ??= new QueryCollection(QueryHelpers.ParseQuery(Query));

    /// <summary>Gets what the route's pattern has found in the path: <c>id</c> for <c>/tables/{id}</c>.</summary>
    public IReadOnlyDictionary<string, object?> RouteValues { get; }

    /// <summary>Gets the headers of the request that opened it, without those that carry credentials or belong to the upgrade.</summary>
    public IReadOnlyDictionary<string, StringValues> Headers => field ??= new Dictionary<string, StringValues>(_headers, StringComparer.OrdinalIgnoreCase);

    /// <summary>Gets a place for the application's own things.</summary>
    public IDictionary<object, object?> Items => LazyInitializer.EnsureInitialized(ref _items, static () => new ConcurrentDictionary<object, object?>());

    /// <summary>Gets whether a transport is there now.</summary>
    public bool IsConnected => Read(static machine => machine.IsConnected);

    /// <summary>Gets whether nothing more is accepted.</summary>
    public bool IsClosing => Read(static machine => machine.IsClosing);

    /// <summary>Gets the time since the client was last heard; null without a transport.</summary>
    public TimeSpan? LastHeard => Read(machine => machine.LastHeard is { } at ? _host.Now.Since(at) : (TimeSpan?)null);

    /// <summary>Gets the smoothed time to the client and back; null before it has been measured.</summary>
    public TimeSpan? RoundTripTime => Read(static machine => machine.RoundTrip is { IsKnown: true } known ? known.Smoothed : (TimeSpan?)null);

    /// <summary>Gets how many of the messages to the client its handler did not see, by why.</summary>
    public DropCounts Dropped => Read(static machine => machine.Dropped);

    /// <summary>Gets how many messages wait to leave.</summary>
    public int OutboxMessages => Read(static machine => machine.OutboxMessages);

    /// <summary>Gets a task that ends when the session is over and its transports are released; it never fails.</summary>
    public Task Ended => _pump.Ended;

    /// <summary>Gets whether the caller runs inside a handler for which this session's messages have to wait.</summary>
    internal bool IsInsideHandler => _host.IsInsideHandler;

    /// <summary>Gets what is held for the client, to be charged with what layers above the session hold.</summary>
    internal HoldAccount Account => _host.Account;

    /// <summary>Gets the highest epoch that the session has seen; without its gate, for who holds that of all sessions.</summary>
    internal long HighestEpoch => _pump.Machine.HighestEpoch;

    internal bool IsConfirmed => Read(static machine => machine.IsConfirmed);

    /// <summary>Why it has ended; null before.</summary>
    internal CloseCode? EndCode => Read(static machine => (machine.State as SessionState.Ended)?.Code);

    internal bool IsOver => Read(static machine => machine.State is SessionState.Ended);

    /// <summary>Gets the messages to be read, of a session that was opened by <see cref="HttpContextExtensions.UpgradeEitAsync"/>: the next one, text or bytes, counts as processed when it is
    /// read, and the reader ends with the session. Who stops to read holds the client up, and a close too: it waits for what is unread as for a handler, for at most
    /// <see cref="SessionSettings.CloseGiveUp"/>.</summary>
    /// <exception cref="InvalidOperationException">The session has a handler.</exception>
    public ChannelReader<EitMessage> Incoming => IncomingMessages ?? throw new InvalidOperationException("The messages of this session go to its handler.");

    internal IncomingMessages? IncomingMessages { get; set; }

    /// <summary>Waits until a transport is there.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="InvalidOperationException">The session is over.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task WaitUntilConnectedAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            Task changed;
            lock (_host.Gate)
            {
                if (_pump.Machine.IsConnected) { return; }
                if (_pump.Machine.State is SessionState.Ended) { throw new InvalidOperationException("The session is over."); }
                changed = _pump.WhenRoomOrState();
            }
            await changed.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Sends bytes, as the connection objects of other libraries do.</summary>
    /// <param name="message">The bytes; copied when the message is taken over.</param>
    /// <param name="cancellationToken">As for <see cref="SendAsync(ReadOnlyMemory{byte}, SendOptions?, CancellationToken)"/>.</param>
    /// <returns>What became of it.</returns>
    /// <exception cref="InvalidOperationException">The session is closing.</exception>
    public ValueTask<SendOutcome> SendBlobAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken = default)
    {
        if (IsClosing) { throw new InvalidOperationException("The session is closing: it sends nothing more."); }
        return SendAsync(message, options: null, cancellationToken);
    }

    /// <summary>Begins to close as <see cref="CloseAsync"/> and does not wait: the close is said after what was accepted, repeated after <see cref="SessionSettings.CloseRetry"/> and on a new
    /// transport, and given up after <see cref="SessionSettings.CloseGiveUp"/>. <see cref="IsClosing"/> is true at once. (To a plain client the WebSocket close is said once, and given up
    /// after at most 2 s.)</summary>
    public void InitiateClose() => InitiateClose(takesInbound: true);

    /// <summary>Sets who handles the messages of a kind of their own (F2.2); without one they fail (<see cref="SendOutcome.Failed"/>). The handler is called like the members of
    /// <see cref="EitHandler"/>; to miss none, set it in <see cref="EitHandler.OnConnectedAsync"/>.</summary>
    /// <param name="kind">1 to 15 are the protocol family's own, 16 to 255 are free for applications; 0 is <see cref="EitHandler.OnMessageAsync"/>.</param>
    /// <param name="handler">The handler; the next message waits for its task. Bytes are lent until then.</param>
    /// <exception cref="ArgumentOutOfRangeException">The kind is 0.</exception>
    /// <exception cref="InvalidOperationException">There is one already.</exception>
    public void OnKind(byte kind, Func<InboundMessage, ValueTask> handler)
    {
        ArgumentOutOfRangeException.ThrowIfZero(kind);
        ArgumentNullException.ThrowIfNull(handler);
        if (!ImmutableInterlocked.TryAdd(ref _onKind, kind, handler)) { throw new InvalidOperationException($"There is a handler already for messages of kind {kind}."); }
    }

    /// <summary>Sends a text, if that is possible at once.</summary>
    /// <param name="message">The text; well-formed Unicode.</param>
    /// <returns>True when it is taken over; false when there is no transport, the session is closing, the outbox is full, sends wait for room, or the other end takes no message as large.</returns>
    /// <exception cref="ArgumentException">The text is not well-formed Unicode.</exception>
    public bool Send(string message) => Send(message, out _);

    /// <summary>Sends a text, if that is possible at once.</summary>
    /// <param name="message">The text; well-formed Unicode.</param>
    /// <param name="id">The number of the message in this session, by which <see cref="EitSessionEnd.Unfinished"/> names it; 0 when it was not taken over.</param>
    /// <returns>As <see cref="Send(string)"/>.</returns>
    /// <exception cref="ArgumentException">The text is not well-formed Unicode.</exception>
    public bool Send(string message, out long id)
    {
        ArgumentNullException.ThrowIfNull(message);
        return Accept(new OutgoingMessage { Text = message, Lane = Lane.Normal }, out id);
    }

    /// <summary>Sends bytes, if that is possible at once.</summary>
    /// <param name="message">The bytes; copied.</param>
    /// <returns>As <see cref="Send(string)"/>.</returns>
    public bool Send(ReadOnlyMemory<byte> message) => Accept(new OutgoingMessage { Bytes = message, Lane = Lane.Normal }, out _);

    /// <summary>Sends a text and waits for its outcome.</summary>
    /// <param name="message">The text; well-formed Unicode.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="cancellationToken">Takes the message back: it is <see cref="SendOutcome.NotSent"/> if nothing of it has left, else only the wait ends.</param>
    /// <returns>What became of it. Never fails for what the client or the network did.</returns>
    /// <exception cref="ArgumentException">The text is not well-formed Unicode.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled after the message had begun to leave.</exception>
    public ValueTask<SendOutcome> SendAsync(string message, SendOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        return SendAsync(new OutgoingMessage { Text = message }, options, cancellationToken);
    }

    /// <summary>Sends bytes and waits for their outcome.</summary>
    /// <param name="message">The bytes; copied when the message is taken over.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="cancellationToken">Takes the message back: it is <see cref="SendOutcome.NotSent"/> if nothing of it has left, else only the wait ends.</param>
    /// <returns>What became of it.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled after the message had begun to leave.</exception>
    public ValueTask<SendOutcome> SendAsync(ReadOnlyMemory<byte> message, SendOptions? options = null, CancellationToken cancellationToken = default) =>
        SendAsync(new OutgoingMessage { Bytes = message }, options, cancellationToken);

    /// <summary>Asks the client to move to a new transport (H1.1). Does nothing without a transport.</summary>
    /// <param name="within">The time within which; 0 to 24 h.</param>
    /// <param name="why">A word: <c>request</c>, <c>age</c>, <c>drain</c>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The time is out of range.</exception>
    public void RequestCycle(TimeSpan within, string why = "request")
    {
        if (within < TimeSpan.Zero || within > PeerBounds.WithinMax) { throw new ArgumentOutOfRangeException(nameof(within), within, "It must be 0 to 24 h."); }
        _pump.Do((machine, _) => machine.AskToCycle(new CycleRequest(why, within)));
    }

    /// <summary>Closes the session: accepts nothing more, sends what was accepted, lets the client do the same, and ends when both know every outcome.</summary>
    /// <param name="code">What the client is told; its range says whether it comes back.</param>
    /// <param name="reason">In words.</param>
    /// <param name="limit">How long it may take; null for <see cref="SessionSettings.CloseGiveUp"/>. Not negative, but for <see cref="Timeout.InfiniteTimeSpan"/>: as long as the session lives.</param>
    /// <param name="cancellationToken">Ends the wait; the close goes on.</param>
    /// <returns>Completes when the session is over. Called from inside a handler of this session or of a channel that it could have to wait for, it does not wait for handlers, and no further message is taken from the client.</returns>
    /// <exception cref="ArgumentException">The session would live by the code (C1.1, C2.8).</exception>
    /// <exception cref="ArgumentOutOfRangeException">The limit is negative; nothing is closed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task CloseAsync(CloseCode code = CloseCode.Closed, string reason = "The server closes.", TimeSpan? limit = null, CancellationToken cancellationToken = default)
    {
        if (limit == Timeout.InfiniteTimeSpan) { limit = TimeSpan.MaxValue; }
        if (limit < TimeSpan.Zero) { throw new ArgumentOutOfRangeException(nameof(limit), limit, "It must be 0 or more, or Timeout.InfiniteTimeSpan."); }
        if (CloseCodes.SessionLives(code)) { throw new ArgumentException($"A session that is closed with {(int)code} would live (C2.8).", nameof(code)); }
        bool isInside = _host.IsInsideHandler;
        if (isInside) { _host.DropTaken(); }
        _pump.Do((machine, now) => machine.BeginClose(new CloseNotice(code, reason), takesInbound: !isInside, limit, now));
        return _pump.Ended.WaitAsync(cancellationToken);
    }

    /// <summary>Ends the session at once, without the client's consent.</summary>
    /// <param name="code">What the client is told.</param>
    /// <param name="reason">In words.</param>
    public void Abort(CloseCode code, string reason) => _pump.Do((machine, _) => machine.Abandon(code, reason));

    /// <summary>Ends the session because more is held than may be (N6.3).</summary>
    internal void GiveUp(string reason) => _pump.Do((machine, now) => machine.GiveUp(CloseCode.Full, reason, now));

    /// <param name="takesInbound">Whether the close waits for what the client still sends; else what is not handed over is dropped, and does not count as processed.</param>
    internal void InitiateClose(bool takesInbound) =>
        _pump.Do((machine, now) => machine.BeginClose(new CloseNotice(CloseCode.Closed, "The server closes."), takesInbound, giveUpAfter: null, now));

    internal Violation? Admit(TransportLine line, Hello hello, TransportTerms terms, ClaimsPrincipal principal)
    {
        Violation? violation = null;
        bool isEnded = false;
        _pump.Do((machine, now) =>
        {
            isEnded = machine.State is SessionState.Ended;
            if (isEnded) { return; }
            violation = machine.Admit(hello, terms, now);
            if (violation is null) { Principal = principal; }      // Before anything that comes on the new transport.
        });
        if (isEnded) { return new Violation(CloseCode.SessionLost, "R1.6", "The session is over."); }
        if (violation is null) { _pump.Attach(line, framesRead: line.Frames.Count > 0 ? 1 : 0); }
        return violation;
    }

    /// <summary>Whether a hello comes from the session's client, and is not one that came before.</summary>
    internal bool IsProvenBy(Hello hello) => Read(machine => machine.IsProvenBy(hello));

    internal void Attach(TransportLine line) => _pump.Attach(line, framesRead: line.Frames.Count > 0 ? 1 : 0);

    /// <summary>Gets whether the client may believe that the server is overloaded.</summary>
    internal bool WasToldOverloaded { get; private set; }

    internal void Announce(TimeSpan spread, bool isOverloaded)
    {
        _pump.Do((machine, now) =>
        {
            WasToldOverloaded |= isOverloaded;
            machine.Announce(new Terms(spread, Expires: null, isOverloaded), now);
        });
    }

    /// <summary>Tells, from inside a handler of a message of this session, that it has failed.</summary>
    internal void MessageFailed() => _host.Failed();

    /// <summary>Tells, from inside a handler of a message of this session, that nobody handles such messages.</summary>
    internal ValueTask NobodyHandles(string what) => _host.NobodyHandles(what);

    internal Task DrainedAsync(TimeSpan limit) => _host.DrainedAsync(limit, _sessions.Time, CancellationToken.None);

    private ValueTask<SendOutcome> SendAsync(OutgoingMessage message, SendOptions? options, CancellationToken cancellationToken)
    {
        WaitingSends waiting = LazyInitializer.EnsureInitialized(ref _waitingSends);
        return PatientSend.SendAsync(waiting, _pump, message, options ?? SendOptions.Default, _findTarget ??= FindTarget, _sessions.Time, cancellationToken);
    }

    private SendTarget FindTarget(SessionId? only)
    {
        bool isAnother = only is not null && only != Id;
        lock (_host.Gate) { return new SendTarget(_pump, _pump.WhenRoomOrState(), isAnother || _pump.Machine.IsClosing); }
    }

    /// <summary>Takes over a message that many sessions send.</summary>
    internal AcceptResult AcceptShared(in OutgoingMessage message, Instant now) => _pump.Accept(in message, out _, now);

    private bool Accept(in OutgoingMessage message, out long id)
    {
        id = 0;
        if (Volatile.Read(ref _waitingSends) is { } waiting && waiting.IsAnyIn(message.Lane)) { return false; }
        AcceptResult result = _pump.Accept(in message, out id);
        return result == AcceptResult.Accepted;
    }

    /// <summary>Copies what is kept of the headers: for as long as the session lives, so that nothing but them is held.</summary>
    private static KeyValuePair<string, StringValues>[] KeptOf(IHeaderDictionary headers)
    {
        var all = new KeyValuePair<string, StringValues>[headers.Count];
        headers.CopyTo(all, 0);                                    // Kestrel keeps an enumerator for each request whose headers are enumerated.
        return Array.FindAll(all, static header => !s_headersNotKept.Contains(header.Key, StringComparer.OrdinalIgnoreCase) && !header.Key.StartsWith("Sec-WebSocket-", StringComparison.OrdinalIgnoreCase));
    }

    private T Read<T>(Func<SessionMachine, T> read)
    {
        lock (_host.Gate) { return read(_pump.Machine); }
    }

    private abstract record HostedEvent
    {
        internal sealed record Confirmed : HostedEvent;

        internal sealed record Outage(CloseCode Code, string Reason) : HostedEvent;

        internal sealed record Resumed(TimeSpan Took) : HostedEvent;

        internal sealed record Slow(EitSlowConsumer Backlog) : HostedEvent;

        internal sealed record Ended(EitSessionEnd End) : HostedEvent;
    }

    /// <summary>The link's view of this session: its handler, made when the client has confirmed the session.</summary>
    private sealed class SessionHost(EitSession session, Func<IServiceProvider, MadeHandler> makeHandler, EitSessions sessions, ILogger logger) : PumpHost(sessions.Wheel, logger)
    {
        private AsyncServiceScope? _scope;
        private EitHandler? _handler;
        private EitHandler? _owned;
        private bool _isAnnounced;

        /// <summary>Inside a handler of a channel all sessions of channels count: the turns that their handlers wait for may be those that the caller holds.</summary>
        public override bool IsInsideHandler => base.IsInsideHandler || (session.Channel.Length > 0 && ChannelTurn.Current is not null);

        protected override bool CanHandle => _handler is not null;

        protected override void Said(SessionPump pump, SessionOutput output, Instant now)
        {
            switch (output)
            {
                case SessionOutput.Confirmed:
                    _isAnnounced = true;
                    Post(new HostedEvent.Confirmed());
                    break;
                case SessionOutput.OutageBegan outage:
                    sessions.Detached(session);
                    if (_isAnnounced) { Post(new HostedEvent.Outage(outage.Code, outage.Reason)); }
                    break;
                case SessionOutput.Resumed resumed:
                    sessions.Attached(session);
                    if (_isAnnounced) { Post(new HostedEvent.Resumed(resumed.Outage)); }
                    break;
                case SessionOutput.ConsumerSlow slow:
                    sessions.FoundSlow();
                    if (_isAnnounced) { Post(new HostedEvent.Slow(new EitSlowConsumer(slow.Messages, slow.Bytes, slow.Oldest))); }
                    break;
                case SessionOutput.StateChanged { Previous: SessionState.Detached, Current: SessionState.Proving }:
                    sessions.Attached(session);
                    break;
                case SessionOutput.Ended ended:
                    sessions.Ended(session);
                    session.IncomingMessages?.End();
                    if (_isAnnounced) { Post(new HostedEvent.Ended(new EitSessionEnd(ended.Code, ended.Reason, ended.Unfinished)), after: pump); }
                    break;
                default:
                    break;
            }
        }

        protected override ValueTask OnMessageAsync(SessionPump pump, InboundMessage message)
        {
            if (sessions.Death is { } death) { return new ValueTask(death); }
            if (message.Kind != 0) { return session._onKind.TryGetValue(message.Kind, out Func<InboundMessage, ValueTask>? onKind) ? onKind(message) : NobodyHandles("a kind of its own"); }
            return message.Text is { } text ? _handler!.OnMessageAsync(session, text) : _handler!.OnBytesAsync(session, message.Bytes);
        }

        internal void Failed() => MarkFailed();

        internal ValueTask NobodyHandles(string what)
        {
            MarkUnhandled(what);
            return default;
        }

        protected override ValueTask OnEventAsync(object value) => value switch
        {
            _ when sessions.Death is { } death => new ValueTask(death),
            HostedEvent.Confirmed => BeginAsync(),
            HostedEvent.Outage outage => _handler?.OnOutageAsync(session, outage.Code, outage.Reason) ?? default,
            HostedEvent.Resumed resumed => _handler?.OnResumedAsync(session, resumed.Took) ?? default,
            HostedEvent.Slow slow => _handler?.OnSlowConsumerAsync(session, slow.Backlog) ?? default,
            HostedEvent.Ended ended => EndAsync(ended.End),
            _ => throw new System.Diagnostics.UnreachableException(),
        };

        protected override void HandlerThrew(SessionPump? pump, Exception failure)
        {
            if (pump is not null && sessions.Options.ClosesOnHandlerFailure) { session.Abort(CloseCode.HandlerFailed, "A handler failed."); }
        }

        private async ValueTask BeginAsync()
        {
            _scope = sessions.Services.CreateAsyncScope();
            MadeHandler made;
            try { made = makeHandler(_scope.Value.ServiceProvider); }
            catch (Exception)
            {
                session.Abort(CloseCode.HandlerFailed, "A handler failed.");
                throw;
            }
            if (made.IsOwned) { _owned = made.Handler; }
            try { await made.Handler.OnConnectedAsync(session).ConfigureAwait(false); }
            catch (Exception)
            {
                session.Abort(CloseCode.HandlerFailed, "A handler failed.");   // What has not begun is not served: it may have been about to refuse.
                throw;
            }
            lock (Gate) { _handler = made.Handler; }
        }

        private async ValueTask EndAsync(EitSessionEnd end)
        {
            try
            {
                if (_handler is { } handler) { await handler.OnClosedAsync(session, end).ConfigureAwait(false); }
            }
            finally
            {
                lock (Gate) { StopDispatch(); }
                if (_owned is IAsyncDisposable owned) { await owned.DisposeAsync().ConfigureAwait(false); }
                else { (_owned as IDisposable)?.Dispose(); }
                if (_scope is { } scope) { await scope.DisposeAsync().ConfigureAwait(false); }
            }
        }
    }
}
