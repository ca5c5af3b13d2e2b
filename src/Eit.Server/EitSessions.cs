using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using Eit.Backoff;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Eit.Server;

/// <summary>The sessions of this server. All members are safe from any thread.</summary>
public sealed partial class EitSessions
{
    private const string UnnamedAgent = "unnamed";
    private static readonly TimeSpan s_spreadMin = TimeSpan.FromMilliseconds(20);   // Less is not worth telling.
    private static readonly Meter s_meter = new("Eit.Server");
    private static readonly Counter<long> s_slowConsumerCount = s_meter.CreateCounter<long>("eit.server.slow_consumers", unit: null, "How often a client was found to be a slow consumer.");

    private readonly Lock _gate = new();
    private readonly SessionDirectory<EitSession> _directory;
    private readonly ILogger _logger;
    private readonly SessionSettings _settings;
    private readonly SessionSettings _settingsWithoutResume;
    private TimeSpan _announcedSpread;
    private ulong _begun;
    private long _slowConsumers;
    private volatile Task? _death;
    private volatile bool _isDraining;
    private volatile bool _isOverloaded;

    /// <summary>Makes an empty registry; the container does.</summary>
    /// <param name="options">The server's options.</param>
    /// <param name="services">The application's services, from which handlers are made.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggerFactory">Where it logs.</param>
    public EitSessions(IOptions<EitServerOptions> options, IServiceProvider services, TimeProvider time, ILoggerFactory loggerFactory)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        (Options, Services, Time) = (options.Value, services, time);
        _logger = loggerFactory.CreateLogger<EitSessions>();
        SessionLogger = loggerFactory.CreateLogger<EitSession>();
        Wheel = ReferenceEquals(time, TimeProvider.System) ? DeadlineWheel.Shared : new DeadlineWheel(time);
        _directory = new SessionDirectory<EitSession>(Options.Limits, static session => session.HighestEpoch);
        Held = new HeldBytes(Options.Limits, Wheel, _logger);
        _announcedSpread = Options.SpreadMin;
        _settings = Options.Session with { };
        _settingsWithoutResume = _settings with { ResumeWindow = TimeSpan.Zero };
    }

    /// <summary>Gets how many sessions there are, those that wait for their client included.</summary>
    public int Count
    {
        get
        {
            lock (_gate) { return _directory.Count; }
        }
    }

    /// <summary>Gets how many sessions wait for their client.</summary>
    public int DetachedCount
    {
        get
        {
            lock (_gate) { return _directory.DetachedCount; }
        }
    }

    /// <summary>Gets how many bytes the server holds for its clients, connected or away, in queues, ledgers and unfinished messages (N6); <see cref="DirectoryLimits.HeldBytesMax"/> bounds it.</summary>
    public long HeldBytes => Held.Now;

    /// <summary>Gets whether the server is about to stop and takes no new sessions.</summary>
    public bool IsDraining => _isDraining;

    internal EitServerOptions Options { get; }

    internal HeldBytes Held { get; }

    internal IServiceProvider Services { get; }

    internal TimeProvider Time { get; }

    internal DeadlineWheel Wheel { get; }

    internal ILogger SessionLogger { get; }

    /// <summary>Gets what handlers are to wait for in the place of being called, once the process counts as dead: it never ends. Null while it lives.</summary>
    internal Task? Death => _death;

    /// <summary>Gets how often a client was found to be a slow consumer; also the counter <c>eit.server.slow_consumers</c> of the meter <c>Eit.Server</c>.</summary>
    public long SlowConsumers => Interlocked.Read(ref _slowConsumers);

    /// <summary>Gets or sets whether the server has too much to do: its clients are told, and do not race a new transport against one that is merely slow to answer.</summary>
    public bool IsOverloaded
    {
        get => _isOverloaded;
        set
        {
            lock (_gate)
            {
                if (_isOverloaded == value) { return; }
                _isOverloaded = value;
            }
            TellTerms(Spread());
        }
    }

    /// <summary>Calls no handler any more, as if the process had died: for a simulated one.</summary>
    internal void Die() => _death = new TaskCompletionSource().Task;

    /// <summary>Lists the sessions as they are now.</summary>
    public IReadOnlyList<EitSession> List()
    {
        lock (_gate) { return [.. _directory.All]; }
    }

    /// <summary>Finds a session; null if there is none with this id.</summary>
    /// <param name="id">The id.</param>
    public EitSession? Find(SessionId id)
    {
        lock (_gate) { return _directory.Find(id); }
    }

    /// <summary>Lists the sessions of a principal.</summary>
    /// <param name="principalKey">The key: <see cref="EitSession.PrincipalKey"/>.</param>
    public IReadOnlyList<EitSession> OfPrincipal(string principalKey)
    {
        lock (_gate) { return [.. _directory.Of(principalKey)]; }
    }

    /// <summary>Sends a text to many sessions. It is encoded and held once; nobody waits for a slow or silent client.</summary>
    /// <param name="message">The text; well-formed Unicode.</param>
    /// <param name="to">To which sessions; null: to all.</param>
    /// <param name="options">The lane, kind, key and life of the message; <see cref="SendOptions.CompleteWhen"/> and the times to wait do not count. Null for the defaults.</param>
    /// <returns>How many have taken it over, and which have not.</returns>
    /// <exception cref="ArgumentException">The text is not well-formed Unicode.</exception>
    public BroadcastResult Broadcast(string message, IEnumerable<EitSession>? to = null, SendOptions? options = null)
    {
        return Broadcast(new SharedPayload(message), to, options);
    }

    /// <summary>Sends bytes to many sessions. They are held once; nobody waits for a slow or silent client.</summary>
    /// <param name="message">The bytes; copied.</param>
    /// <param name="to">To which sessions; null: to all.</param>
    /// <param name="options">As for <see cref="Broadcast(string, IEnumerable{EitSession}?, SendOptions?)"/>.</param>
    /// <returns>How many have taken it over, and which have not.</returns>
    public BroadcastResult Broadcast(ReadOnlyMemory<byte> message, IEnumerable<EitSession>? to = null, SendOptions? options = null)
    {
        return Broadcast(new SharedPayload(message.Span), to, options);
    }

    /// <summary>Says before the upgrade that a hello asks for a session for which there is no room (A1.2).</summary>
    internal bool IsFullFor(Hello hello, HttpContext context, string? principalKey, SessionPlace place)
    {
        string owner = OwnerOf(context, principalKey);
        AdmissionVerdict<EitSession> verdict;
        lock (_gate) { verdict = Judge(hello, principalKey, owner, place); }
        if (verdict is not AdmissionVerdict<EitSession>.Refuse { Violation: { Code: CloseCode.Full } full }) { return false; }
        if (Wheel.LimitedLog.MayWrite(_logger, LogLevel.Warning, nameof(Log.ServerFull), owner)) { Log.ServerFull(_logger, PeerText.Harmless(owner), full.Reason); }
        return true;
    }

    /// <summary>Finds the session that a hello wants to go on with; null if there is none that it may name.</summary>
    internal EitSession? FindNamed(Hello hello, string? principalKey, SessionPlace place)
    {
        lock (_gate) { return _directory.Judge(hello, principalKey, place: place) is AdmissionVerdict<EitSession>.GoOn goOn ? goOn.Session : null; }
    }

    /// <summary>Gives a transport to the session that its hello is for, or begins one.</summary>
    /// <returns>Null, or why the transport is refused.</returns>
    internal Violation? Admit(TransportLine line, Hello hello, HttpContext context, string? principalKey, SessionPlace place, TimeSpan? expires, Func<IServiceProvider, MadeHandler> makeHandler)
    {
        TimeSpan timeout = TimeSpan.FromTicks(Math.Clamp(hello.Timeout.Ticks, Options.ClientTimeoutMin.Ticks, Options.ClientTimeoutMax.Ticks));
        var terms = new TransportTerms(timeout, Spread(), expires);
        string owner = OwnerOf(context, principalKey);
        while (true)
        {
            AdmissionVerdict<EitSession> verdict;
            EitSession? begun = null;
            lock (_gate)
            {
                verdict = Judge(hello, principalKey, owner, place);
                if (verdict is AdmissionVerdict<EitSession>.Begin begin)
                {
                    if (_isDraining) { return new Violation(CloseCode.Draining, "A1.2", "The server is about to stop."); }
                    if (begin.Superseded is { } replaced) { _directory.Remove(replaced.Id); }
                    begun = Begin(hello, context, principalKey, owner, terms, begin.Refusal, makeHandler);
                    _directory.Add(begun, begun.Id, hello.Instance, principalKey, owner, place);
                }
            }
            switch (verdict)
            {
                case AdmissionVerdict<EitSession>.GoOn goOn:
                    Violation? violation = goOn.Session.Admit(line, hello, terms, context.User);
                    bool mayBelieveAnother = violation is null && (_isOverloaded || goOn.Session.WasToldOverloaded);
                    if (mayBelieveAnother) { goOn.Session.Announce(Spread(), _isOverloaded); }   // It may have changed while there was no transport.
                    if (violation is not { Code: CloseCode.SessionLost }) { return violation; }
                    Ended(goOn.Session);                            // It has ended meanwhile: judge again without it.
                    break;
                case AdmissionVerdict<EitSession>.Begin { Superseded: var older }:
                    older?.Abort(CloseCode.Superseded, "Another client has presented the same instance.");
                    if (_logger.IsEnabled(LogLevel.Debug)) { Log.SessionBegan(_logger, begun!.Id, hello.Instance, PeerText.Harmless(begun!.Path), hello.Agent ?? UnnamedAgent); }
                    begun!.Attach(line);
                    if (_isOverloaded) { begun.Announce(Spread(), isOverloaded: true); }
                    AnnounceSpread();
                    return null;
                case AdmissionVerdict<EitSession>.Refuse refuse:
                    return refuse.Violation;
                default:
                    throw new System.Diagnostics.UnreachableException();
            }
        }
    }

    internal void Attached(EitSession session)
    {
        lock (_gate) { _directory.Attached(session.Id); }
    }

    /// <summary>Notes that a session waits for its client. Called under the session's gate.</summary>
    internal void Detached(EitSession session)
    {
        IReadOnlyList<Eviction<EitSession>> evicted;
        lock (_gate) { evicted = _directory.Detached(session.Id); }
        Evict(evicted);
    }

    internal void Ended(EitSession session)
    {
        lock (_gate) { _directory.Remove(session.Id); }
    }

    internal void FoundSlow()
    {
        Interlocked.Increment(ref _slowConsumers);
        s_slowConsumerCount.Add(1);
    }

    /// <summary>Takes no new sessions any more.</summary>
    internal void BeginDrain() => _isDraining = true;

    /// <summary>The time over which the clients of a server of this size should spread their redials.</summary>
    internal TimeSpan Spread()
    {
        double seconds = Count / (double)Options.AcceptsPerSecond;
        return TimeSpan.FromSeconds(Math.Clamp(seconds, Options.SpreadMin.TotalSeconds, Options.SpreadMax.TotalSeconds));
    }

    private BroadcastResult Broadcast(SharedPayload payload, IEnumerable<EitSession>? to, SendOptions? options)
    {
        PayloadHolders holders = Held.Share(payload);
        payload.Holders = holders;
        OutgoingMessage message = PatientSend.Prepare(new OutgoingMessage { Shared = payload, MayWait = true }, options ?? SendOptions.Default) with { CompleteWhen = CompleteWhen.Accepted };
        Instant now = Wheel.Now;
        int accepted = 0;
        List<EitSession>? refused = null;
        List<EitSession>? tooLarge = null;
        try
        {
            foreach (EitSession session in to ?? List())
            {
                AcceptResult result = session.AcceptShared(in message, now);
                if (result == AcceptResult.Accepted) { accepted++; }
                else if (result != AcceptResult.Closing) { (refused ??= []).Add(session); }
                if (result == AcceptResult.TooLarge) { (tooLarge ??= []).Add(session); }
            }
        }
        finally
        {
            holders.TakenBy(accepted);
        }
        return new BroadcastResult(accepted, (IReadOnlyList<EitSession>?)refused ?? []) { TooLarge = (IReadOnlyList<EitSession>?)tooLarge ?? [] };
    }

    /// <summary>Whose the session of a request is; all whose principal has no name are one owner.</summary>
    private string OwnerOf(HttpContext context, string? principalKey) => Options.OwnerOf?.Invoke(context) ?? principalKey ?? string.Empty;

    /// <summary>Says what a hello leads to; there is no new session beyond the budget (N6.4), but for one that takes the place of another. Called under the gate.</summary>
    private AdmissionVerdict<EitSession> Judge(Hello hello, string? principalKey, string owner, SessionPlace place)
    {
        AdmissionVerdict<EitSession> verdict = _directory.Judge(hello, principalKey, owner, place);
        return verdict is AdmissionVerdict<EitSession>.Begin { Superseded: null } && Held.Fullness(owner) is { } full ? new AdmissionVerdict<EitSession>.Refuse(full) : verdict;
    }

    private EitSession Begin(Hello hello, HttpContext context, string? principalKey, string owner, TransportTerms terms, ResumeRefusal? refusal, Func<IServiceProvider, MadeHandler> makeHandler)
    {
        SessionSettings settings = principalKey is null ? _settingsWithoutResume : _settings;
        if (context.Features.Get<PlainBridge>() is not null) { settings = PlainBridge.ServerSettings(settings); }
        if (context.GetEndpoint()?.Metadata.GetMetadata<SlowConsumerPolicy>() is { } policy)
        {
            settings = settings with { SlowConsumers = policy.SlowConsumers, SlowConsumerAfter = policy.After ?? settings.SlowConsumerAfter };
        }
        var jitter = new SeededJitter(Options.JitterSeed + _begun++ ?? BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)));
        var id = new SessionId(BitConverter.ToUInt128(RandomNumberGenerator.GetBytes(16)));
        var machine = SessionMachine.Accept(id, RandomNumberGenerator.GetBytes(ResumeProof.SecretBytes), hello, terms, refusal, settings, jitter, Wheel.Now);
        return new EitSession(this, machine, hello.Instance, context, principalKey, owner, makeHandler, SessionLogger);
    }

    /// <summary>Ends sessions on another thread: the caller holds the gate of one, perhaps of the same.</summary>
    private void Evict(IReadOnlyList<Eviction<EitSession>> evicted)
    {
        foreach (Eviction<EitSession> one in evicted)
        {
            if (Wheel.LimitedLog.MayWrite(_logger, LogLevel.Warning, nameof(Log.SessionEvicted), one.Owner)) { Log.SessionEvicted(_logger, one.Session.Id, PeerText.Harmless(one.Owner), one.Limit, one.Value); }
            ThreadPool.UnsafeQueueUserWorkItem(static session => session.Abort(CloseCode.SessionLost, "Too many sessions wait for their client."), one.Session, preferLocal: false);
        }
    }

    /// <summary>Tells all clients when the spread has doubled or halved since it was last told (S3.2), unless it is next to nothing.</summary>
    private void AnnounceSpread()
    {
        TimeSpan spread = Spread();
        lock (_gate)
        {
            if ((spread <= _announcedSpread * 2 || spread < s_spreadMin) && spread >= _announcedSpread / 2) { return; }
            _announcedSpread = spread;
        }
        TellTerms(spread);
    }

    private void TellTerms(TimeSpan spread)
    {
        foreach (EitSession session in List()) { session.Announce(spread, _isOverloaded); }
    }
}
