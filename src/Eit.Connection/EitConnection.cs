using System.Collections.Immutable;
using System.Net.NetworkInformation;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using Eit.Backoff;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Polly;
using Polly.Retry;

namespace Eit.Connection;

/// <summary>One ordered conversation with a server, over WebSocket connections that come and go.</summary>
/// <remarks>
/// <para>Messages and events reach the application one at a time, in order. A handler may wait, send, close and dispose this connection; while it runs, reading,
/// acknowledging and liveness go on. What a handler throws is logged, and the sender of its message is told <see cref="SendOutcome.Failed"/>.</para>
/// <para>All members are safe from any thread.</para>
/// </remarks>
public sealed partial class EitConnection : IAsyncDisposable
{
    private const string UnnamedAgent = "unnamed";
    private static readonly TimeSpan s_networkSettles = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_dialEnds = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_waitMax = TimeSpan.FromDays(40);   // A timer takes 49 days.
    private static readonly ResiliencePropertyKey<EitConnection> s_connection = new(nameof(EitConnection));
    private static readonly ResiliencePipeline s_builtInPipeline = BuiltInPipeline(TimeProvider.System);

    private readonly EitConnectionOptions _options;
    private readonly ClientHost _host;
    private readonly ClientMachine _machine;
    private readonly Dialler _dialler;
    private readonly ILogger _logger;
    private readonly ResiliencePipeline _pipeline;
    private readonly DeadlineEntry _dialDeadline;
    private readonly DeadlineEntry _networkSettled;
    private readonly List<SessionPump> _pumps = new(1);
    private readonly List<Task> _underWay = new(1);                // Dials, and the transports that came of them, each until it is over.

    private Func<SessionId?, SendTarget>? _findTarget;             // This one and the next seven are there once, or while, somebody needs them.
    private WaitingSends? _waitingSends;
    private TaskCompletionSource? _closed;
    private TaskCompletionSource? _disposed;
    private TaskCompletionSource? _changed;
    private TaskCompletionSource<DialFailure?>? _cycle;
    private CancellationTokenSource? _redialWait;
    private CancellationTokenSource? _dialsWanted;
    private TaskCompletionSource _dialDue = NewSource();
    private int _dials;
    private DialFailure? _lastFailure;
    private volatile SessionPump? _current;
    private Task? _running;
    private Func<string, ValueTask>? _onText;
    private Func<ReadOnlyMemory<byte>, ValueTask>? _onBytes;
    private IncomingMessages? _incoming;
    private bool _isClosing;
    private bool _isStopped;
    private ImmutableDictionary<byte, Func<SessionId, InboundMessage, ValueTask>> _onKind = ImmutableDictionary<byte, Func<SessionId, InboundMessage, ValueTask>>.Empty;

    /// <summary>Makes a connection that has not been started.</summary>
    /// <param name="options">How it reaches its server and behaves; copied.</param>
    /// <param name="loggerFactory">Where it logs; null for nowhere.</param>
    /// <exception cref="ArgumentException">An option is missing or out of range; the message names each.</exception>
    public EitConnection(EitConnectionOptions options, ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        string faults = string.Join(' ', options.Faults());
        if (faults.Length > 0) { throw new ArgumentException(faults, nameof(options)); }
        _options = options with
        {
            Headers = new Dictionary<string, string>(options.Headers, StringComparer.OrdinalIgnoreCase),
            ClientCertificates = new X509CertificateCollection(options.ClientCertificates),
            Session = options.Session with { },
            Redial = options.Redial with { },
            Cycle = options.Cycle with { },
        };
        _logger = (loggerFactory ?? NullLoggerFactory.Instance).CreateLogger<EitConnection>();
        DeadlineWheel wheel = ReferenceEquals(options.TimeProvider, TimeProvider.System) ? DeadlineWheel.Shared : new DeadlineWheel(options.TimeProvider);
        _host = new ClientHost(this, wheel, _logger);
        var settings = new ClientSettings { Session = _options.Session, Redial = _options.Redial, Cycle = _options.Cycle, RacesOnSuspicion = _options.RacesOnSuspicion, StopsWhenRefused = _options.StopsWhenRefused };
        _machine = new ClientMachine(settings, MintId, new SeededJitter(options.JitterSeed ?? BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8))));
        _dialler = new Dialler(_options);
        _pipeline = _options.RedialPipeline ?? (ReferenceEquals(options.TimeProvider, TimeProvider.System) ? s_builtInPipeline : BuiltInPipeline(options.TimeProvider));
        _dialDeadline = wheel.Register(static state => ((EitConnection)state!).DialIsDue(), this);
        _networkSettled = wheel.Register(static state => ((EitConnection)state!).CheckNow(), this);
        _options.World?.Made(this);
    }

    /// <summary>Raised when the state has changed: in order, one at a time, never together with a handler.</summary>
    public event EventHandler<EitStateChange>? StateChanged;

    /// <summary>Raised when a session has ended, after its last message has been handed over: what became of each message that is not known to be processed.</summary>
    public event EventHandler<EitSessionEnded>? SessionEnded;

    /// <summary>Raised when a planned cycle is complete.</summary>
    public event EventHandler? Cycled;

    /// <summary>Raised when the server asks the connection to move to a new transport: it drains, or the transport has become old. The connection does so by itself. Asked several times before the event, it is raised once, for the last.</summary>
    public event EventHandler<CycleRequest>? CycleAsked;

    /// <summary>Gets whether a transport carries the session now. A planned cycle does not turn it false.</summary>
    public bool IsConnected => State == EitConnectionState.Connected;

    /// <summary>Gets whether the connection accepts nothing more because it, or its peer, is closing.</summary>
    public bool IsClosing
    {
        get
        {
            lock (_host.Gate) { return _isClosing || _machine.State is ClientState.Closed || _machine.Session is { IsClosing: true }; }
        }
    }

    /// <summary>Gets where the connection stands.</summary>
    public EitConnectionState State
    {
        get
        {
            lock (_host.Gate) { return StateOf(_machine.State); }
        }
    }

    /// <summary>Gets what is held for the server, to be charged with what layers above the connection hold.</summary>
    internal HoldAccount Account => _host.Account;

    /// <summary>Gets the time since the peer was last heard; null without a transport.</summary>
    public TimeSpan? LastHeard
    {
        get
        {
            lock (_host.Gate) { return _machine.Session?.LastHeard is { } at ? _host.Now.Since(at) : null; }
        }
    }

    /// <summary>Gets the smoothed time to the peer and back; null before it has been measured.</summary>
    public TimeSpan? RoundTripTime
    {
        get
        {
            lock (_host.Gate) { return _machine.Session?.RoundTrip is { IsKnown: true } known ? known.Smoothed : null; }
        }
    }

    /// <summary>Gets how many messages of the current session the server's handler did not see, by why.</summary>
    public DropCounts Dropped
    {
        get
        {
            lock (_host.Gate) { return _machine.Session?.Dropped ?? default; }
        }
    }

    /// <summary>Gets how many messages wait to leave.</summary>
    public int OutboxMessages
    {
        get
        {
            lock (_host.Gate) { return _machine.Session?.OutboxMessages ?? 0; }
        }
    }

    /// <summary>Gets the id of the session; null before the first connection and between two sessions.</summary>
    public SessionId? SessionId
    {
        get
        {
            lock (_host.Gate) { return _machine.Session?.Id; }
        }
    }

    /// <summary>Gets what the server of the session calls itself (V1.10), a name and a version: at most 64 printable ASCII characters; null if it has not said, and without a session.</summary>
    public string? PeerAgent
    {
        get
        {
            lock (_host.Gate) { return _machine.Session?.PeerAgent; }
        }
    }

    /// <summary>Gets the epoch of the last transport; 0 before the first.</summary>
    public long Epoch
    {
        get
        {
            lock (_host.Gate) { return _machine.Session?.HighestEpoch ?? 0; }
        }
    }

    /// <summary>Gets the id of this client object; another after it has been superseded by a copy of itself.</summary>
    public InstanceId Instance
    {
        get
        {
            lock (_host.Gate) { return _machine.Instance; }
        }
    }

    /// <summary>Sets who handles text messages. Messages that come before wait, as far as the credit reaches.</summary>
    /// <param name="handler">The handler; called for one message at a time.</param>
    /// <exception cref="InvalidOperationException">There is one already.</exception>
    public void OnMessage(Action<string> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        OnMessage(text =>
        {
            handler(text);
            return default;
        });
    }

    /// <summary>Sets who handles text messages. Messages that come before wait, as far as the credit reaches.</summary>
    /// <param name="handler">The handler; the next message waits for its task.</param>
    /// <exception cref="InvalidOperationException">There is one already.</exception>
    public void OnMessage(Func<string, ValueTask> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        SetHandler(ref _onText, handler);
    }

    /// <summary>Sets who handles messages of bytes; without one they fail (<see cref="SendOutcome.Failed"/>). Set it before <see cref="OnMessage(Action{string})"/> or start.</summary>
    /// <param name="handler">The handler; the next message waits for its task. The memory is lent until that completes, and overwritten then: copy what is to be kept,
    /// and wait for a send of it (<see cref="Send(ReadOnlyMemory{byte})"/> copies at once).</param>
    /// <exception cref="InvalidOperationException">There is one already.</exception>
    public void OnBytes(Func<ReadOnlyMemory<byte>, ValueTask> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        SetHandler(ref _onBytes, handler);
    }

    /// <summary>Gets the messages to be read, in the place of handlers: the next one, text or bytes, counts as processed when it is read, and the reader ends with the connection.
    /// Who stops to read holds the peer up, as a handler that takes its time does.</summary>
    /// <exception cref="InvalidOperationException">There is a handler already.</exception>
    public ChannelReader<EitMessage> Incoming
    {
        get
        {
            lock (_host.Gate)
            {
                if (_incoming is not null) { return _incoming; }
                if (_onText is not null || _onBytes is not null) { throw new InvalidOperationException("The messages have a handler already."); }
                var incoming = new IncomingMessages();
                _onText = text => new ValueTask(incoming.HandAsync(text));
                _onBytes = bytes => new ValueTask(incoming.HandAsync(bytes));
                _incoming = incoming;
                if (_machine.State is ClientState.Closed) { incoming.End(); }
            }
            _host.DispatchSoon();
            return _incoming;
        }
    }

    /// <summary>Sets who handles the messages of a kind of their own (F2.2); without one they fail (<see cref="SendOutcome.Failed"/>). Set it before <see cref="OnMessage(Action{string})"/> or start.</summary>
    /// <param name="kind">1 to 15 are the protocol family's own, 16 to 255 are free for applications; 0 is <see cref="OnMessage(Action{string})"/> and <see cref="OnBytes"/>.</param>
    /// <param name="handler">The handler; is told the session too, and the next message waits for its task; bytes are lent until then. It runs where the message was read, whatever
    /// <see cref="EitConnectionOptions.CallbackContext"/> says.</param>
    /// <exception cref="ArgumentOutOfRangeException">The kind is 0.</exception>
    /// <exception cref="InvalidOperationException">There is one already.</exception>
    public void OnKind(byte kind, Func<SessionId, InboundMessage, ValueTask> handler)
    {
        ArgumentOutOfRangeException.ThrowIfZero(kind);
        ArgumentNullException.ThrowIfNull(handler);
        if (!ImmutableInterlocked.TryAdd(ref _onKind, kind, handler)) { throw new InvalidOperationException($"There is a handler already for messages of kind {kind}."); }
        _host.DispatchSoon();
    }

    /// <summary>Sends a text, if that is possible at once.</summary>
    /// <param name="message">The text; well-formed Unicode.</param>
    /// <returns>True when it is taken over: it will be handed to the peer's handler once, in order, or its outcome is told by <see cref="SessionEnded"/>.
    /// False when there is no connection, it is closing, the outbox is full, sends wait for room, or the other end takes no message as large.</returns>
    /// <exception cref="ArgumentException">The text is not well-formed Unicode.</exception>
    public bool Send(string message) => Send(message, out _);

    /// <summary>Sends a text, if that is possible at once.</summary>
    /// <param name="message">The text; well-formed Unicode.</param>
    /// <param name="id">The number of the message in its session, by which <see cref="SessionEnded"/> names it; 0 when it was not taken over.</param>
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
    /// <returns>What became of it. Never fails for what the peer or the network did.</returns>
    /// <exception cref="ArgumentException">The text is not well-formed Unicode.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled after the message had begun to leave.</exception>
    public ValueTask<SendOutcome> SendAsync(string message, SendOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        return SendAsync(new OutgoingMessage { Text = message }, options ?? SendOptions.Default, cancellationToken);
    }

    /// <summary>Sends bytes and waits for their outcome.</summary>
    /// <param name="message">The bytes; copied when the message is taken over.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="cancellationToken">Takes the message back: it is <see cref="SendOutcome.NotSent"/> if nothing of it has left, else only the wait ends.</param>
    /// <returns>What became of it.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled after the message had begun to leave.</exception>
    public ValueTask<SendOutcome> SendAsync(ReadOnlyMemory<byte> message, SendOptions? options = null, CancellationToken cancellationToken = default) =>
        SendAsync(new OutgoingMessage { Bytes = message }, options ?? SendOptions.Default, cancellationToken);

    /// <summary>Starts the connection and returns at once. Does nothing if it is started.</summary>
    /// <exception cref="ObjectDisposedException">It is disposed.</exception>
    public void Start()
    {
        lock (_host.Gate)
        {
            ObjectDisposedException.ThrowIf(_disposed is not null, this);
            if (_running is not null || _machine.State is not ClientState.Idle) { return; }
            Command(now => _machine.Start(now));
            using AsyncFlowControl? _ = ExecutionContext.IsFlowSuppressed() ? null : ExecutionContext.SuppressFlow();   // What is ambient where it is started is not where it dials.
            _running = RunAsync();
        }
        if (_options.WatchesNetwork && !OperatingSystem.IsBrowser()) { NetworkChange.NetworkAddressChanged += OnNetworkAddressChanged; }
        _host.DispatchSoon();
    }

    /// <summary>Starts the connection and waits for its first transport, at most for <see cref="EitConnectionOptions.StartLimit"/>.</summary>
    /// <param name="cancellationToken">Ends the wait; the connection goes on.</param>
    /// <exception cref="EitException">The server refused the client, or the connection is closed; or, with <see cref="EitException.IsTransient"/>, there was no connection within the limit, and it goes on trying.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        Start();
        using var limit = new CancellationTokenSource(_options.StartLimit, _options.TimeProvider);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try { await WaitAsync(static state => state is EitConnectionState.Connected or EitConnectionState.Refused or EitConnectionState.Closed, both.Token).ConfigureAwait(false); }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Unavailable($"There was no connection within {_options.StartLimit}; the connection goes on trying.", isTransient: true);
        }
        EitConnectionState state = State;
        if (state == EitConnectionState.Refused) { throw Unavailable("The server refuses this client; the connection asks again rarely.", isTransient: true); }
        if (state == EitConnectionState.Closed) { throw Unavailable("The connection is closed.", isTransient: false); }
    }

    /// <summary>Waits until a transport carries the session.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="EitException">The connection is closed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task WaitUntilConnectedAsync(CancellationToken cancellationToken = default)
    {
        await WaitAsync(static state => state is EitConnectionState.Connected or EitConnectionState.Closed, cancellationToken).ConfigureAwait(false);
        if (State == EitConnectionState.Closed) { throw Unavailable("The connection is closed.", isTransient: false); }
    }

    /// <summary>Moves the session to a new transport while the old one works: no message waits for it, and <see cref="IsConnected"/> stays true.</summary>
    /// <param name="cancellationToken">Ends the wait; the cycle goes on.</param>
    /// <exception cref="EitException">There is no connection, or the new transport failed, and nothing has changed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task CycleAsync(CancellationToken cancellationToken = default)
    {
        Task<DialFailure?> cycle;
        lock (_host.Gate)
        {
            if (!_machine.RequestCycle("request", _host.Now)) { throw Unavailable("There is no connection to cycle.", isTransient: true); }
            cycle = (_cycle ??= new TaskCompletionSource<DialFailure?>(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            Command(static _ => { });
        }
        DialFailure? failure = await cycle.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (failure is not null) { throw new EitException($"The cycle changed nothing: {failure.Reason}") { IsTransient = true, HttpStatus = failure.HttpStatus, Code = failure.Code ?? CloseCode.Lost }; }
    }

    /// <summary>Asks to know now: a wait for a redial ends at once, a live connection is moved to a new transport.</summary>
    public void CheckNow()
    {
        Log.NetworkChanged(_logger);
        Act(now => _machine.NetworkChanged(now));
    }

    /// <summary>Puts the connection to sleep, for a phone in a pocket or a closed lid: no transport, no timer; the session waits at the server for its window.</summary>
    /// <param name="cancellationToken">Ends the wait for the transport's close.</param>
    public async Task PauseAsync(CancellationToken cancellationToken = default)
    {
        bool isPaused = false;
        CancellationTokenSource? unwanted = null;
        Act(now =>
        {
            _machine.Pause(now);
            isPaused = _machine.State is ClientState.Paused;
            if (isPaused) { (unwanted, _dialsWanted) = (_dialsWanted, null); }
        });
        if (!isPaused) { return; }
        if (unwanted is not null) { await unwanted.CancelAsync().ConfigureAwait(false); }
        Task[] underWay;
        lock (_host.Gate) { underWay = [.. _underWay]; }
        await Task.WhenAll(underWay).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Wakes the connection up; it dials at once.</summary>
    public void Resume()
    {
        Act(now => _machine.Wake(now));
    }

    /// <summary>Gets whether the caller runs inside a handler of messages, for which every message behind it waits.</summary>
    internal bool IsInsideMessageHandler => _host.IsInsideMessageHandler;

    /// <summary>Ends a session at once, if it is still there: what came in it can't be. The connection goes on with a new one if the code lets it.</summary>
    internal void Abort(SessionId session, CloseCode code, string reason)
    {
        SessionPump? pump;
        lock (_host.Gate) { pump = _pumps.Find(pump => pump.Machine.Id == session); }
        pump?.Do((machine, _) => machine.Abandon(code, reason));
    }

    /// <summary>Closes the connection: accepts nothing more, sends what was accepted, lets the peer do the same, and ends when both know every outcome.</summary>
    /// <param name="cancellationToken">Ends the wait; the close goes on.</param>
    /// <returns>Completes when the connection is closed, at most after <see cref="EitConnectionOptions.CloseLimit"/>. Called from inside a handler, it does not wait
    /// for that handler, and no further message is handed over.</returns>
    public async Task CloseAsync(CancellationToken cancellationToken = default)
    {
        bool isInside = _host.IsInsideHandler;
        if (isInside) { _host.DropTaken(); }
        Act(now =>
        {
            _isClosing = true;
            _machine.BeginClose(new CloseNotice(CloseCode.Closed, "The client closes."), takesInbound: !isInside, _options.CloseLimit, now);
        });
        Task closed;
        lock (_host.Gate) { closed = _machine.State is ClientState.Closed ? Task.CompletedTask : (_closed ??= NewSource()).Task; }
        try { await closed.WaitAsync(_options.CloseLimit, _options.TimeProvider, cancellationToken).ConfigureAwait(false); }
        catch (TimeoutException)
        {
            Act(_ => _machine.Abandon(CloseCode.Closed, "The close took too long."));
        }
        if (!isInside) { await _host.DrainedAsync(_options.CloseLimit, _options.TimeProvider, cancellationToken).ConfigureAwait(false); }
    }

    /// <summary>Sends bytes, as the connection objects of other libraries do.</summary>
    /// <param name="message">The bytes; copied when the message is taken over.</param>
    /// <param name="cancellationToken">As for <see cref="SendAsync(ReadOnlyMemory{byte}, SendOptions?, CancellationToken)"/>.</param>
    /// <returns>What became of it.</returns>
    /// <exception cref="InvalidOperationException">The connection is closing.</exception>
    public ValueTask<SendOutcome> SendBlobAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken = default)
    {
        if (IsClosing) { throw new InvalidOperationException("The connection is closing: it sends nothing more."); }
        return SendAsync(message, options: null, cancellationToken);
    }

    /// <summary>Begins to close as <see cref="CloseAsync"/> and does not wait: the close is said after what was accepted, repeated after <see cref="SessionSettings.CloseRetry"/> and on a new
    /// transport, and given up after <see cref="SessionSettings.CloseGiveUp"/>. <see cref="IsClosing"/> is true at once.</summary>
    public void InitiateClose() => Act(now =>
    {
        _isClosing = true;
        _machine.BeginClose(new CloseNotice(CloseCode.Closed, "The client closes."), takesInbound: true, _options.Session.CloseGiveUp, now);
    });

    /// <summary>Closes as <see cref="CloseAsync"/>, then waits for everything that the connection has started. Idempotent; may be called from inside a handler.
    /// Whoever calls it while it is under way waits for it too, but not from inside a handler.</summary>
    public async ValueTask DisposeAsync()
    {
        TaskCompletionSource? before;
        TaskCompletionSource disposed = NewSource();
        lock (_host.Gate)
        {
            before = _disposed;
            _disposed ??= disposed;
        }
        if (before is not null)
        {
            if (!_host.IsInsideHandler) { await before.Task.ConfigureAwait(false); }
            return;
        }
        try
        {
            Task ending = DisposeOnceAsync();
            await (_options.World?.EndAsync(this, ending, _options.CloseLimit) ?? ending).ConfigureAwait(false);
        }
        finally { disposed.TrySetResult(); }
    }

    private async Task DisposeOnceAsync()
    {
        if (!OperatingSystem.IsBrowser()) { NetworkChange.NetworkAddressChanged -= OnNetworkAddressChanged; }
        await CloseAsync().ConfigureAwait(false);
        SessionPump[] pumps;
        CancellationTokenSource? unwanted;
        lock (_host.Gate)
        {
            _isStopped = true;
            unwanted = _dialsWanted;
            _dialDue.TrySetResult();
            pumps = [.. _pumps];
        }
        if (unwanted is not null) { await unwanted.CancelAsync().ConfigureAwait(false); }
        if (_running is not null) { await _running.ConfigureAwait(false); }
        foreach (SessionPump pump in pumps) { await pump.Ended.ConfigureAwait(false); }
        _dialDeadline.Dispose();
        _networkSettled.Dispose();
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static UInt128 MintId() => BitConverter.ToUInt128(RandomNumberGenerator.GetBytes(16));

    private static EitConnectionState StateOf(ClientState state) => state switch
    {
        ClientState.Idle => EitConnectionState.Idle,
        ClientState.Dialing => EitConnectionState.Dialing,
        ClientState.Connected => EitConnectionState.Connected,
        ClientState.Waiting => EitConnectionState.Waiting,
        ClientState.Refused => EitConnectionState.Refused,
        ClientState.Paused => EitConnectionState.Paused,
        _ => EitConnectionState.Closed,
    };

    private void SetHandler<T>(ref Func<T, ValueTask>? slot, Func<T, ValueTask> handler)
    {
        lock (_host.Gate)
        {
            if (slot is not null) { throw new InvalidOperationException("There is a handler already; a connection has one."); }
            slot = handler;
        }
        _host.DispatchSoon();
    }

    // ---- Sending

    private bool Accept(in OutgoingMessage message, out long id)
    {
        id = 0;
        bool mustWait = Volatile.Read(ref _waitingSends) is { } waiting && waiting.IsAnyIn(message.Lane);
        if (mustWait || _current is not { } pump) { return false; }
        AcceptResult result = pump.Accept(in message, out id);
        return result == AcceptResult.Accepted;
    }

    private ValueTask<SendOutcome> SendAsync(in OutgoingMessage message, SendOptions options, CancellationToken cancellationToken) =>
        PatientSend.SendAsync(LazyInitializer.EnsureInitialized(ref _waitingSends), _current, in message, options, _findTarget ??= FindTarget, _options.TimeProvider, cancellationToken);

    private SendTarget FindTarget(SessionId? only)
    {
        lock (_host.Gate)
        {
            SessionPump? pump = _current;
            bool isAnother = only is not null && only != pump?.Machine.Id;
            bool isOver = _isClosing || isAnother || _machine.State is ClientState.Closed or ClientState.Idle;
            return new SendTarget(pump, pump?.WhenRoomOrState() ?? (_changed ??= NewSource()).Task, isOver);
        }
    }

    // ---- Waiting

    private async Task WaitAsync(Func<EitConnectionState, bool> isThere, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task change;
            lock (_host.Gate)
            {
                if (isThere(StateOf(_machine.State))) { return; }
                change = (_changed ??= NewSource()).Task;
            }
            await change.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private EitException Unavailable(string message, bool isTransient)
    {
        lock (_host.Gate)
        {
            CloseCode code = _machine.State is ClientState.Closed closed ? closed.Code : _lastFailure?.Code ?? CloseCode.Lost;
            return new EitException(_lastFailure is { } failure ? $"{message} The last dial: {failure.Reason}" : message) { Code = code, IsTransient = isTransient, HttpStatus = _lastFailure?.HttpStatus };
        }
    }

    // ---- The machine

    /// <summary>Commands the machine, and does what follows.</summary>
    /// <param name="act">The command; no I/O, no user code.</param>
    /// <param name="endsWait">Whether a wait for a redial ends, because the machine may now want another time.</param>
    private void Act(Action<Instant> act, bool endsWait = true)
    {
        SessionPump[] pumps;
        lock (_host.Gate)
        {
            Command(act);
            if (endsWait) { EndRedialWait(); }
            pumps = [.. _pumps];
        }
        foreach (SessionPump pump in pumps) { pump.AfterStep(); }
        _host.DispatchSoon();
    }

    /// <summary>Commands the machine and takes what follows. Called under the gate.</summary>
    private void Command(Action<Instant> act)
    {
        Instant now = _host.Now;
        act(now);
        foreach (SessionPump pump in _pumps.ToArray()) { pump.TakeOutputs(now); }
        TakeOutputs(now);
    }

    /// <summary>Takes what the machine has put out. Called under the gate.</summary>
    private void TakeOutputs(Instant now)
    {
        while (_machine.TryTake(out ClientOutput? output))
        {
            if (output is ClientOutput.CycleEnded ended) { CycleEnded(ended); }
            else if (output is ClientOutput.StateChanged changed) { Changed(changed, now); }
        }
        SetCurrent();
        _dialDeadline.Set(_machine.NextDeadline);
    }

    /// <summary>Under one lock with the state, so that whoever sees it connected can send. Called under the gate.</summary>
    private void SetCurrent() => _current = _machine.Session is { } session ? PumpOf(session) : null;

    private SessionPump? PumpOf(SessionMachine session)
    {
        foreach (SessionPump pump in _pumps)
        {
            if (pump.Machine == session) { return pump; }
        }
        return null;
    }

    private void Changed(ClientOutput.StateChanged changed, Instant now)
    {
        Instant? next = changed.Current switch { ClientState.Waiting waiting => waiting.RedialAt, ClientState.Refused refused => refused.RetryAt, _ => null };
        var change = new EitStateChange(StateOf(changed.Previous), StateOf(changed.Current), changed.Reason)
        {
            Code = changed.Code,
            HttpStatus = changed.Failure?.HttpStatus,
            NextAttemptIn = next is { } at ? at.Since(now) : null,
            Attempt = changed.Current switch { ClientState.Waiting waiting => waiting.Attempt, ClientState.Refused refused => refused.Attempt, ClientState.Dialing dialing => dialing.Attempt, _ => 0 },
            IsResumed = changed.IsResumed,
        };
        if (changed.Failure is not null) { _lastFailure = changed.Failure; }
        if (changed.Current is ClientState.Connected) { _lastFailure = null; }
        else { _cycle?.TrySetResult(new DialFailure(DialFailureKind.Network, "The connection was lost meanwhile.")); _cycle = null; }
        Log.StateChanged(_logger, change.Previous, change.Current, change.Reason);
        _host.Raise(change, after: null);
        TaskCompletionSource? waiters = _changed;
        _changed = null;
        waiters?.TrySetResult();
        if (changed.Current is ClientState.Closed)
        {
            _closed?.TrySetResult();
            _incoming?.End();
        }
        _dialDue.TrySetResult();
    }

    private void CycleEnded(ClientOutput.CycleEnded ended)
    {
        if (ended.Failure is { } failure) { Log.CycleFailed(_logger, failure.Reason); }
        else { _host.Raise(CycledEvent.Instance, after: null); }
        _cycle?.TrySetResult(ended.Failure);
        _cycle = null;
    }

    private void DialIsDue()
    {
        lock (_host.Gate) { _dialDue.TrySetResult(); }
    }

    private void EndRedialWait()
    {
        CancellationTokenSource? wait = _redialWait;
        _redialWait = null;
        _ = wait?.CancelAsync();
    }

    private void OnNetworkAddressChanged(object? sender, EventArgs e) => _networkSettled.Set(_host.Now + s_networkSettles);

    // ---- Dialling

    /// <summary>Dials when the machine wants to, until the connection is closed.</summary>
    private async Task RunAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);   // Who starts it holds the gate.
        while (true)
        {
            Task due;
            DialRequest? request;
            CancellationToken wake = default;
            lock (_host.Gate)
            {
                if (_isStopped) { break; }
                if (_dialDue.Task.IsCompleted) { _dialDue = NewSource(); }
                due = _dialDue.Task;
                Instant now = _host.Now;
                _machine.TryBeginDial(now, out request);
                TakeOutputs(now);
                if (_machine.State is ClientState.Closed) { break; }
                if (request is { Hello.Want: not HelloWant.Cycle }) { wake = (_redialWait ??= new CancellationTokenSource()).Token; }
            }
            _host.DispatchSoon();
            if (request is null) { await due.ConfigureAwait(false); }
            else if (request.Hello.Want == HelloWant.Cycle) { Track(DialAsync(request, CancellationToken.None)); }
            else { await RedialAsync(request, wake).ConfigureAwait(false); }
        }
        Task[] underWay;
        lock (_host.Gate) { underWay = [.. _underWay]; }
        await Task.WhenAll(underWay).ConfigureAwait(false);
    }

    private void Track(Task work)
    {
        lock (_host.Gate) { _underWay.Add(work); }
        _ = work.ContinueWith(
            static (done, connection) => ((EitConnection)connection!).IsOver(done),
            this,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private void IsOver(Task work)
    {
        lock (_host.Gate) { _underWay.Remove(work); }
    }

    /// <summary>Runs the dials of one outage in the pipeline.</summary>
    private async Task RedialAsync(DialRequest first, CancellationToken wake)
    {
        DialRequest? request = first;
        ResilienceContext context = ResilienceContextPool.Shared.Get(wake);
        context.Properties.Set(s_connection, this);
        try
        {
            await _pipeline.ExecuteAsync(
                async running =>
                {
                    DialRequest? next = request ?? BeginNext();
                    request = null;
                    if (next is null) { return; }                  // Nobody wants it any more: paused, closed.
                    using var givenUp = new CancellationTokenSource();
                    using CancellationTokenRegistration _ = running.CancellationToken.UnsafeRegister(
                        source =>
                        {
                            if (!wake.IsCancellationRequested) { ((CancellationTokenSource)source!).Cancel(); }   // What ends a wait does not end a dial.
                        },
                        givenUp);
                    Task<DialFailure?> dial = DialAsync(next, givenUp.Token);
                    Track(dial);
                    if (await dial.ConfigureAwait(false) is { } failure && !wake.IsCancellationRequested) { throw new EitException(failure.Reason) { IsTransient = true, HttpStatus = failure.HttpStatus, Code = failure.Code ?? CloseCode.Lost }; }
                },
                context).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (wake.IsCancellationRequested)
        {
            // Something has changed: the machine says when the next dial is due.
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            Log.RedialGivenUp(_logger, failure);
            Act(_ => _machine.Abandon(CloseCode.Lost, "The redial pipeline has given up."));
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
            lock (_host.Gate)
            {
                if (_redialWait?.Token == wake) { _redialWait = null; }
            }
        }

        // The pipeline has not even begun because something had changed already: but the machine has, and waits to hear of its dial.
        if (request is { } begun && wake.IsCancellationRequested)
        {
            Task<DialFailure?> dial = DialAsync(begun, CancellationToken.None);
            Track(dial);
            await dial.ConfigureAwait(false);
        }
    }

    private DialRequest? BeginNext()
    {
        lock (_host.Gate)
        {
            Instant now = _host.Now;
            _machine.TryBeginDial(now, out DialRequest? request, isDue: true);
            TakeOutputs(now);
            return request;
        }
    }

    /// <summary>Dials, and tells the machine what came of it, whatever that is (R1.20).</summary>
    private async Task<DialFailure?> DialAsync(DialRequest request, CancellationToken givenUp)
    {
        Task<DialResult> dialling = DialWantedAsync(request, givenUp);
        DialResult result;
        try { result = await dialling.WaitAsync(_options.TokenLimit + _options.DialLimit + s_dialEnds, _options.TimeProvider, CancellationToken.None).ConfigureAwait(false); }
        catch (TimeoutException)
        {
            _ = ReleaseLateAsync(dialling);
            result = DialResult.Failed(new DialFailure(DialFailureKind.Timeout, "The dial did not end within its limits."));
        }
        if (result.Failure is { } failure)
        {
            Log.DialFailed(_logger, failure.Kind, failure.Reason);
            Act(now => _machine.DialFailed(request.Epoch, failure, now), endsWait: false);
            return failure;
        }

        TransportLine line = result.Line!;
        SessionPump? pump = null;
        bool isNew;
        bool isKept;
        lock (_host.Gate)
        {
            Instant now = _host.Now;
            SessionMachine? session = _machine.Welcomed(request.Epoch, result.Welcome!, result.RoundTrip, now);
            pump = session is null ? null : PumpOf(session);
            isNew = session is not null && pump is null;
            if (isNew) { _pumps.Add(pump = _host.AddPump(session!)); }
            isKept = _machine.Session?.Id == result.Welcome!.Session;
            SetCurrent();
        }
        Act(static _ => { }, endsWait: false);
        if (pump is null)
        {
            (CloseCode code, string why) = isKept ? (CloseCode.Detached, "The transport is no longer wanted.") : (CloseCode.SessionLost, "The session is no longer wanted.");
            await line.RefuseAsync(code, why, TimeSpan.FromSeconds(1)).ConfigureAwait(false);
            return null;
        }
        if (isNew) { Log.SessionBegan(_logger, pump.Machine.Id, result.Welcome!.Agent ?? UnnamedAgent); }
        Track(line.Finished);
        pump.Attach(line, framesRead: 1);
        return null;
    }

    /// <summary>Lets go of what comes of a dial that was given up.</summary>
    private static async Task ReleaseLateAsync(Task<DialResult> dialling)
    {
        DialResult late = await dialling.ConfigureAwait(false);
        if (late.Line is { } line) { await line.RefuseAsync(CloseCode.Detached, "The transport is no longer wanted.", s_dialEnds).ConfigureAwait(false); }
    }

    /// <summary>Dials until that is given up, or the connection pauses or stops.</summary>
    private async Task<DialResult> DialWantedAsync(DialRequest request, CancellationToken givenUp)
    {
        CancellationToken wanted;
        lock (_host.Gate)
        {
            wanted = _isStopped ? new CancellationToken(canceled: true) : (_dialsWanted ??= new CancellationTokenSource()).Token;
            _dials++;
        }
        try
        {
            using var both = CancellationTokenSource.CreateLinkedTokenSource(wanted, givenUp);
            return await _dialler.DialAsync(request, both.Token).ConfigureAwait(false);
        }
        finally
        {
            lock (_host.Gate)
            {
                if (--_dials == 0) { _dialsWanted = null; }
            }
        }
    }

    private static ResiliencePipeline BuiltInPipeline(TimeProvider time) => new ResiliencePipelineBuilder { TimeProvider = time }
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<EitException>(),
            MaxRetryAttempts = int.MaxValue,
            MaxDelay = null,
            DelayGenerator = static arguments => ValueTask.FromResult<TimeSpan?>(arguments.Context.Properties.GetValue(s_connection, null!).WaitOfMachine()),
        })
        .Build();

    private TimeSpan WaitOfMachine()
    {
        lock (_host.Gate)
        {
            Instant now = _host.Now;
            Instant due = _machine.NextDeadline;
            TimeSpan wait = due == Instant.Never ? TimeSpan.Zero : due.Since(now);   // A negative delay would be Polly's own, 2 s.
            return wait < s_waitMax ? wait : s_waitMax;
        }
    }

    // ---- What reaches the application

    private ValueTask HandleKindAsync(SessionId session, InboundMessage message) =>
        _onKind.TryGetValue(message.Kind, out Func<SessionId, InboundMessage, ValueTask>? onKind) ? onKind(session, message) : _host.NobodyHandles("a kind of its own");

    private ValueTask HandleAsync(InboundMessage message)
    {
        if (message.Text is { } text) { return _onText is { } onText ? onText(text) : _host.NobodyHandles("text"); }
        return _onBytes is { } onBytes ? onBytes(message.Bytes) : _host.NobodyHandles("bytes");
    }

    private void RaiseNow(object value)
    {
        switch (value)
        {
            case EitStateChange change:
                StateChanged?.Invoke(this, change);
                break;
            case EitSessionEnded ended:
                SessionEnded?.Invoke(this, ended);
                break;
            case ClientHost:
                CycleAsked?.Invoke(this, _host.TakeCycleAsked());
                break;
            default:
                Cycled?.Invoke(this, EventArgs.Empty);
                break;
        }
    }

    private sealed class CycledEvent
    {
        internal static CycledEvent Instance { get; } = new();
    }

    /// <summary>The link's view of this connection.</summary>
    private sealed class ClientHost(EitConnection connection, DeadlineWheel wheel, ILogger logger) : PumpHost(wheel, logger)
    {
        private CycleRequest? _cycleAsked;

        protected override bool CanHandle => connection._onText is not null || connection._onBytes is not null || !connection._onKind.IsEmpty;

        internal void Raise(object value, SessionPump? after) => Post(value, after);

        internal ValueTask NobodyHandles(string what)
        {
            MarkUnhandled(what);
            return default;
        }

        internal CycleRequest TakeCycleAsked()
        {
            lock (Gate)
            {
                (CycleRequest taken, _cycleAsked) = (_cycleAsked!, null);
                return taken;
            }
        }

        protected override void Said(SessionPump pump, SessionOutput output, Instant now)
        {
            connection._machine.SessionSaid(pump.Machine, output, now);
            if (output is SessionOutput.Ended ended)
            {
                connection._pumps.Remove(pump);
                Post(new EitSessionEnded(pump.Machine.Id, ended.Code, ended.Reason, ended.Unfinished), after: pump);
            }
            if (output is SessionOutput.CycleAsked asked)
            {
                if (_cycleAsked is null) { Post(this); }           // Asked again before the event, the last request counts: a server can't fill the queue.
                _cycleAsked = asked.Request;
            }
            connection.TakeOutputs(now);
        }

        protected override ValueTask OnMessageAsync(SessionPump pump, InboundMessage message)
        {
            if (message.Kind != 0) { return connection.HandleKindAsync(pump.Machine.Id, message); }
            return connection._options.CallbackContext.Context is { } context ? HandleOnAsync(context, message) : connection.HandleAsync(message);
        }

        protected override ValueTask OnEventAsync(object value)
        {
            if (connection._options.CallbackContext.Context is { } context)
            {
                return RunOnAsync(context, () =>
                {
                    connection.RaiseNow(value);
                    return default;
                });
            }
            connection.RaiseNow(value);
            return default;
        }

        /// <summary>Apart, so that only who has a context pays for the closure.</summary>
        private ValueTask HandleOnAsync(SynchronizationContext context, InboundMessage message) => RunOnAsync(context, () => connection.HandleAsync(message));

        private static async ValueTask RunOnAsync(SynchronizationContext context, Func<ValueTask> act)
        {
            var done = new TaskCompletionSource<ValueTask>(TaskCreationOptions.RunContinuationsAsynchronously);
            context.Post(
                _ =>
                {
                    try { done.SetResult(act()); }
                    catch (Exception failure) { done.SetException(failure); }
                },
                state: null);
            ValueTask running = await done.Task.ConfigureAwait(false);
            await running.ConfigureAwait(false);
        }
    }
}
