using System.Diagnostics;
using Eit.Backoff;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>
/// The client's side of everything that outlives a session: its instance, its epochs, when it dials, redials, cycles, sleeps, and which session is its own.
/// </summary>
/// <remarks>Pure like <see cref="SessionMachine"/>, guarded by the same lock as the sessions that it opens, and with the same four kinds of member.</remarks>
public sealed class ClientMachine
{
    private static readonly TimeSpan s_nearlyExpired = TimeSpan.FromSeconds(5);

    private readonly ClientSettings _settings;
    private readonly IJitter _jitter;
    private readonly Func<UInt128> _mintId;
    private readonly RedialSchedule _redial;
    private readonly CycleSchedule _cycle;
    private readonly SuspicionWatch _suspicion;
    private readonly Queue<ClientOutput> _outputs = new();

    private long _epoch;
    private Hello? _cycleHello;
    private Hello? _redialHello;
    private string _cycleWhy = "age";
    private Instant? _cycleAgainBy;
    private bool _wantsCycleAgain;
    private bool _drains;
    private bool _isServerOverloaded;
    private Instant _lookAt = Instant.Never;
    private bool _tokenRejected;
    private bool _askedAgain;
    private readonly HelloPlace _helloPlace = new();
    private bool _isPausing;
    private bool _isClosing;
    private TimeSpan? _expires;
    private bool _everConnected;

    /// <summary>Makes a client that has not been started.</summary>
    /// <param name="settings">Its bounds and times; nobody changes them any more.</param>
    /// <param name="mintId">Makes unguessable 128-bit ids.</param>
    /// <param name="jitter">The chance for this client; not shared with another thread.</param>
    public ClientMachine(ClientSettings settings, Func<UInt128> mintId, IJitter jitter)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(mintId);
        _settings = settings;
        (_mintId, _jitter) = (mintId, jitter);
        _redial = new RedialSchedule(settings.Redial, jitter);
        _cycle = new CycleSchedule(settings.Cycle, settings.Redial.StableAfter, jitter);
        _suspicion = new SuspicionWatch(jitter);
        Instance = new InstanceId(mintId());
    }

    /// <summary>Gets the id of this client object; a new one after it has been superseded (S2.5).</summary>
    public InstanceId Instance { get; private set; }

    /// <summary>Gets where the client stands.</summary>
    public ClientState State { get; private set; } = new ClientState.Idle();

    /// <summary>Gets its session; null before the first welcome and after the session's end.</summary>
    public SessionMachine? Session { get; private set; }

    /// <summary>Gets the session that takes over when the old one is closed (S3.5); null as a rule.</summary>
    public SessionMachine? Standby { get; private set; }

    /// <summary>Gets the failures in a row, the wait of which a redial is drawn from.</summary>
    public int Failures => _redial.Failures;

    /// <summary>Gets whether a planned cycle is under way.</summary>
    public bool IsCycling => _cycleHello is not null || Session is { IsHandingOver: true } || Standby is not null;

    /// <summary>Gets the moment at or after which <see cref="TryBeginDial"/> may have a dial.</summary>
    public Instant NextDeadline => State switch
    {
        ClientState.Waiting waiting => waiting.RedialAt,
        ClientState.Refused refused => refused.RetryAt,
        ClientState.Connected when _cycleHello is null && Session is { CanHandOver: true } => Instant.Earlier(_cycle.NextDeadline, _lookAt),
        _ => Instant.Never,
    };

    /// <summary>Gets when to race a new transport against the one that is silent.</summary>
    private Instant RaceAt => !_isServerOverloaded && Session is { LastHeard: { } heardAt } session
        ? Later(_suspicion.RaceAt(heardAt, session.Timeout, session.RoundTrip.Smoothed, _redial.Spread), _cycle.NotBefore)
        : Instant.Never;

    /// <summary>Tells that a dial has been welcomed.</summary>
    /// <param name="epoch">The epoch of the dial.</param>
    /// <param name="welcome">What the server said.</param>
    /// <param name="roundTrip">The round trip of the upgrade request.</param>
    /// <param name="now">The time.</param>
    /// <returns>The session that the transport now belongs to; null if nobody wants it any more, or the welcome is for something else and the dial has failed: then it is to be closed.</returns>
    public SessionMachine? Welcomed(long epoch, Welcome welcome, TimeSpan roundTrip, Instant now)
    {
        welcome = PeerBounds.Clamp(welcome);
        bool isCycle = _cycleHello?.Epoch == epoch;
        if (!isCycle && _redialHello?.Epoch != epoch) { return null; }
        Hello hello = (isCycle ? _cycleHello : _redialHello)!;
        (_cycleHello, _redialHello) = (isCycle ? null : _cycleHello, isCycle && State is not ClientState.Dialing ? _redialHello : null);
        if (welcome.Epoch != epoch) { return RefuseWelcome(isCycle, "The welcome is for another epoch.", now); }
        if (!welcome.IsResumed && ClosesForGood) { return RefuseSession(isCycle); }
        bool isForeign = welcome.IsResumed && (Session is null || Session.Id != welcome.Session || Session.State is SessionState.Ended);
        if (isForeign) { return RefuseWelcome(isCycle, "The session that was welcomed is no longer wanted.", now); }
        (_tokenRejected, _askedAgain) = (welcome.Expires < s_nearlyExpired, false);
        _helloPlace.Welcomed();

        Learn(welcome, isHandOver: isCycle && welcome.IsResumed, now);
        SessionMachine session = welcome.IsResumed ? Session! : Begin(hello, welcome, now);
        if (welcome.IsResumed) { session.Welcomed(welcome, hello.Want, now); }
        session.RoundTripMeasured(roundTrip);
        if (session == Standby || session.State is SessionState.Ended) { return session; }
        MoveTo(new ClientState.Connected(), code: null, welcome.IsResumed ? "resumed" : "connected", failure: null, welcome.IsResumed);
        return session;
    }

    /// <summary>Tells that a dial has failed; its epoch is burnt (R1.9).</summary>
    /// <param name="epoch">The epoch of the dial.</param>
    /// <param name="failure">Why.</param>
    /// <param name="now">The time.</param>
    public void DialFailed(long epoch, DialFailure failure, Instant now)
    {
        ArgumentNullException.ThrowIfNull(failure);
        if (_cycleHello?.Epoch == epoch)
        {
            _cycleHello = null;
            if (State is not ClientState.Dialing)
            {
                CycleFailed(failure, now);
                return;
            }
        }
        else if (_redialHello?.Epoch != epoch) { return; }
        _redialHello = null;
        if (State is not ClientState.Dialing dialing) { return; }
        if (failure.Code is { } code && !CloseCodes.SessionLives(code)) { LeaveSession(code, failure.Reason); }
        Redial(failure, dialing.Attempt + 1, now);
    }

    /// <summary>Tells what a session of this client has said. What another than <see cref="Session"/> or <see cref="Standby"/> says means nothing.</summary>
    /// <param name="session">The session.</param>
    /// <param name="output">What it said.</param>
    /// <param name="now">The time.</param>
    public void SessionSaid(SessionMachine session, SessionOutput output, Instant now)
    {
        if (session == Standby && output is SessionOutput.Ended) { Standby = null; }
        if (session != Session) { return; }
        switch (output)
        {
            case SessionOutput.OutageBegan outage:
                TransportsLost(outage, now);
                break;
            case SessionOutput.HandedOver:
                _cycle.Connected(_expires, now);
                _redial.Connected(now);
                _drains = _drains && _cycleAgainBy is not null;
                CycleAgain(now);
                _outputs.Enqueue(new ClientOutput.CycleEnded(Failure: null));
                break;
            case SessionOutput.TakenBack:
                CycleFailed(new DialFailure(DialFailureKind.Network, "The new transport was lost during the hand-over."), now);
                break;
            case SessionOutput.CycleAsked asked:
                _drains |= string.Equals(asked.Request.Why, "drain", StringComparison.Ordinal);
                _cycleWhy = asked.Request.Why is "drain" or "age" ? asked.Request.Why : "request";
                AskCycle(asked.Request.Within, now);
                break;
            case SessionOutput.TermsChanged changed:
                _redial.Spread = changed.Terms.Spread;
                _isServerOverloaded = changed.Terms.IsOverloaded;
                _cycle.LimitKnown(changed.Terms.Expires, now);
                break;
            case SessionOutput.Ended ended:
                SessionEnded(ended, now);
                break;
            default:
                break;                                             // The rest is between the session and its driver.
        }
    }

    /// <summary>Tells that the network has changed, or the application wants to know now: a wait ends, a live connection is moved to a new transport.</summary>
    /// <param name="now">The time.</param>
    public void NetworkChanged(Instant now)
    {
        _redial.Reset();
        switch (State)
        {
            case ClientState.Waiting waiting:
                MoveTo(waiting with { RedialAt = now }, code: null, "network", failure: null, isResumed: false);
                break;
            case ClientState.Refused refused:
                MoveTo(refused with { RetryAt = now }, code: null, "network", failure: null, isResumed: false);
                break;
            case ClientState.Connected:
                RequestCycle("network", now);
                break;
            default:
                break;                                             // Nobody waits, or a dial is under way already.
        }
    }

    /// <summary>Starts the client; does nothing if it is started.</summary>
    /// <param name="now">The time.</param>
    public void Start(Instant now)
    {
        if (State is ClientState.Idle) { MoveTo(new ClientState.Waiting(Attempt: 0, now), code: null, "started", failure: null, isResumed: false); }
    }

    /// <summary>Asks for a cycle as soon as one is possible.</summary>
    /// <param name="why">A word for the log.</param>
    /// <param name="now">The time.</param>
    /// <returns>False if the client is not connected.</returns>
    public bool RequestCycle(string why, Instant now)
    {
        if (State is not ClientState.Connected) { return false; }
        _cycleWhy = why;
        WantCycle(now);
        return true;
    }

    /// <summary>Puts the client to sleep (L1.5): no transport, no timer, the session waits at the server for its window.</summary>
    /// <param name="now">The time.</param>
    public void Pause(Instant now)
    {
        if (State is ClientState.Closed or ClientState.Idle or ClientState.Paused) { return; }
        (_cycleHello, _redialHello, _isPausing) = (null, null, true);
        _cycle.Stop();
        Standby?.Abandon(CloseCode.SessionLost, "The client pauses.");
        Session?.Detach(CloseCode.Detached, "The client pauses.", now);
        MoveTo(new ClientState.Paused(), CloseCode.Detached, "paused", failure: null, isResumed: false);
    }

    /// <summary>Wakes the client up; it dials at once.</summary>
    /// <param name="now">The time.</param>
    public void Wake(Instant now)
    {
        if (State is not ClientState.Paused) { return; }
        _isPausing = false;
        _redial.Reset();
        MoveTo(new ClientState.Waiting(Attempt: 0, now), code: null, "woken", failure: null, isResumed: false);
    }

    /// <summary>Begins to close: the session patiently (C2), or at once if there is no transport to do it on.</summary>
    /// <param name="notice">What is said.</param>
    /// <param name="takesInbound">See <see cref="SessionMachine.BeginClose"/>.</param>
    /// <param name="giveUpAfter">When it is given up.</param>
    /// <param name="now">The time.</param>
    public void BeginClose(CloseNotice notice, bool takesInbound, TimeSpan giveUpAfter, Instant now)
    {
        ArgumentNullException.ThrowIfNull(notice);
        if (State is ClientState.Closed) { return; }
        _isClosing = true;
        _cycle.Stop();
        Standby?.Abandon(notice.Code, notice.Reason);
        bool isSleeping = State is ClientState.Paused or ClientState.Refused;
        if (Session is { State: not SessionState.Ended } session && !isSleeping) { session.BeginClose(notice, takesInbound, giveUpAfter, now); }
        else { Abandon(notice.Code, notice.Reason); }
    }

    /// <summary>Ends the client at once.</summary>
    /// <param name="code">Why.</param>
    /// <param name="reason">In words.</param>
    public void Abandon(CloseCode code, string reason)
    {
        if (State is ClientState.Closed) { return; }
        _isClosing = true;
        Session?.Abandon(code, reason);
        Standby?.Abandon(code, reason);
        Finish(code, reason, failure: null);
    }

    /// <summary>Takes the dial that is due: after a loss, or for a cycle.</summary>
    /// <param name="now">The time.</param>
    /// <param name="request">The dial; the driver answers with <see cref="Welcomed"/> or <see cref="DialFailed"/>.</param>
    /// <param name="isDue">Whether a redial is due whatever the schedule says: the application has its own.</param>
    public bool TryBeginDial(Instant now, out DialRequest? request, bool isDue = false)
    {
        request = null;
        bool isForced = isDue && State is ClientState.Waiting or ClientState.Refused;
        if (!isForced && (now < NextDeadline || NextDeadline == Instant.Never)) { return false; }
        int attempt = State switch { ClientState.Waiting waiting => waiting.Attempt, ClientState.Refused refused => refused.Attempt, _ => -1 };
        if (attempt < 0)
        {
            bool isRace = Suspects(now);
            if (!isRace && now < _cycle.NextDeadline) { return false; }
            bool isExpiry = !isRace && _cycle.IsForLimit;
            _cycle.Began(now);
            _cycleHello = MakeHello(HelloWant.Cycle, isRace ? "suspicion" : isExpiry ? "expiry" : _cycleWhy);
            _cycleWhy = isRace || isExpiry ? _cycleWhy : "age";
            TokenReason why = _tokenRejected ? TokenReason.Rejected : isExpiry ? TokenReason.Expiring : TokenReason.Cycle;
            request = new DialRequest(_cycleHello.Epoch, _cycleHello, why) { IsHelloFrame = _helloPlace.IsFrame };
            return true;
        }

        bool canResume = Session is { State: not SessionState.Ended };
        _redialHello = MakeHello(canResume ? HelloWant.Resume : HelloWant.New, _everConnected ? "loss" : "first");
        TokenReason reason = _tokenRejected ? TokenReason.Rejected : _everConnected ? TokenReason.Redial : TokenReason.First;
        request = new DialRequest(_redialHello.Epoch, _redialHello, reason) { IsHelloFrame = _helloPlace.IsFrame };
        MoveTo(new ClientState.Dialing(attempt, _epoch), code: null, "dialing", failure: null, isResumed: false);
        return true;
    }

    /// <summary>Takes the next output.</summary>
    /// <param name="output">The output.</param>
    public bool TryTake(out ClientOutput? output) => _outputs.TryDequeue(out output);

    internal void AppendTo(StateDigest digest)
    {
        (long kind, long attempt, Instant at) = State switch
        {
            ClientState.Idle => (0, 0, Instant.Never),
            ClientState.Dialing dialing => (1, dialing.Attempt, Instant.Never),
            ClientState.Connected => (2, 0, Instant.Never),
            ClientState.Waiting waiting => (3, waiting.Attempt, waiting.RedialAt),
            ClientState.Refused refused => (4, refused.Attempt, refused.RetryAt),
            ClientState.Paused => (5, 0, Instant.Never),
            ClientState.Closed closed => (6, (long)closed.Code, Instant.Never),
            _ => throw new UnreachableException(),
        };
        digest.Add(kind, attempt, _epoch, Failures, _outputs.Count);
        digest.Add(at);
        digest.Add(_cycle.NextDeadline);
        digest.Add((long?)_cycleHello?.Want ?? 0, _cycleHello?.Epoch ?? 0, (long?)_redialHello?.Want ?? 0, _redialHello?.Epoch ?? 0);
        digest.Add(_drains, _tokenRejected, _askedAgain, _isPausing);
        digest.Add(_helloPlace.IsFrame, _helloPlace.HasMoved);
        digest.Add(_isClosing, _everConnected, _isServerOverloaded);
        digest.Add(_lookAt);
        digest.Add(_redial.Spread.Ticks, _expires?.Ticks ?? -1);
        digest.Add(_cycleWhy);
        digest.Add(_cycleAgainBy);
        digest.Add(_wantsCycleAgain, _cycle.IsForLimit);
        digest.AddAhead(_cycle.NotBefore);
        digest.Add(Instance.Value);
        digest.Add(Session?.Id.Value ?? UInt128.Zero);
        digest.Add(Standby?.Id.Value ?? UInt128.Zero);
        Session?.AppendTo(digest);
        Standby?.AppendTo(digest);
    }

    /// <summary>Looks whether the peer is suspiciously silent; else plans the next look, so that nobody has to be told each time that the peer is heard.</summary>
    private bool Suspects(Instant now)
    {
        if (now < _lookAt) { return false; }
        SessionMachine session = Session!;
        Instant raceAt = RaceAt;
        bool isRace = now >= raceAt;
        if (isRace) { _suspicion.Raced(session.LastHeard!.Value); }
        _lookAt = isRace || raceAt == Instant.Never ? now + (session.Timeout / 2) : raceAt;
        return isRace;
    }

    private Hello MakeHello(HelloWant want, string why)
    {
        SessionMachine? session = want == HelloWant.New ? null : Session;
        long epoch = ++_epoch;
        return new Hello
        {
            Instance = Instance,
            Epoch = epoch,
            Want = want,
            Why = why,
            Session = session?.Id,
            Proof = session?.Prove(epoch),
            Received = session?.Received ?? 0,
            Processed = session?.Processed ?? default,
            Timeout = _settings.Session.Timeout,
            MessageBytesMax = _settings.Session.MessageBytesMax,
            Credit = session?.Credit ?? _settings.Session.Window,
            Features = _settings.Session.Features,
            Agent = _settings.Session.Agent,
        };
    }

    /// <summary>What counts for the new transport counts from its hand-over on: until then the old one may be taken back (H1.7).</summary>
    private void Learn(Welcome welcome, bool isHandOver, Instant now)
    {
        _everConnected = true;
        _redial.Spread = welcome.Spread;
        _redial.Connected(now);
        _expires = welcome.Expires;
        _isServerOverloaded &= welcome.IsResumed;                  // Of the same session the last terms go on to count (L2.1).
        if (_settings.RacesOnSuspicion) { _lookAt = now + (welcome.ClientTimeout / 2); }
        if (!isHandOver) { _cycle.Connected(_expires, now); }
    }

    private SessionMachine Begin(Hello hello, Welcome welcome, Instant now)
    {
        SessionMachine session = SessionMachine.Open(welcome, welcome.DecodeSecret(), _settings.Session, _jitter, now, isStandby: welcome.IsStandby && Session is { IsConnected: true });
        bool isMove = session.IsStandby && hello.Want == HelloWant.Cycle;
        if (isMove)
        {
            Standby = session;
            Session!.BeginClose(new CloseNotice(CloseCode.Moved, "The client has moved to another server."), takesInbound: true, giveUpAfter: null, now);
            return session;
        }
        SessionMachine? old = Session;
        Session = session;
        Standby?.Abandon(CloseCode.SessionLost, "The client has gone on with another session.");
        old?.Forsake($"The server does not have the session: {welcome.Why ?? "unknown"}.");
        return session;
    }

    /// <summary>Whether no session follows the one that there is.</summary>
    private bool ClosesForGood => _isClosing || (Session?.Closing is { } notice && !CloseCodes.MayRedial(notice.Code));

    /// <summary>The session that is closing can't go on on the new transport: it does on the old one, or it is over.</summary>
    private SessionMachine? RefuseSession(bool isCycle)
    {
        if (isCycle) { _outputs.Enqueue(new ClientOutput.CycleEnded(new DialFailure(DialFailureKind.Protocol, "The session is closing."))); }
        if (Session is { IsConnected: false } session) { session.Forsake("The server does not have the session."); }
        return null;
    }

    private SessionMachine? RefuseWelcome(bool isCycle, string reason, Instant now)
    {
        var failure = new DialFailure(DialFailureKind.Protocol, reason);
        if (State is ClientState.Dialing dialing) { Redial(failure, dialing.Attempt + 1, now); }
        else if (isCycle) { CycleFailed(failure, now); }
        return null;
    }

    /// <summary>The server asks: while a cycle is under way this one counts after it, because that one may lead to where the client has to leave.</summary>
    private void AskCycle(TimeSpan within, Instant now)
    {
        if (IsCycling) { _cycleAgainBy = now + within; }
        else { _cycle.Asked(within, now); }
    }

    private void WantCycle(Instant now)
    {
        if (IsCycling) { _wantsCycleAgain = true; }
        else { _cycle.Wanted(now); }
    }

    /// <summary>Plans the cycle that was asked for during the one that has ended.</summary>
    private void CycleAgain(Instant now)
    {
        if (_cycleAgainBy is { } until) { _cycle.Asked(until.Since(now), now); }
        if (_wantsCycleAgain) { _cycle.Wanted(now); }
        (_cycleAgainBy, _wantsCycleAgain) = (null, false);
    }

    private void CycleFailed(DialFailure failure, Instant now)
    {
        _outputs.Enqueue(new ClientOutput.CycleEnded(failure));
        _tokenRejected |= IsRejected(failure);
        bool isHelloMoved = _helloPlace.Failed(failure);
        bool nobodyElse = _drains && failure is { HttpStatus: 503 } or { Code: CloseCode.Unavailable or CloseCode.Full or CloseCode.Draining };
        if (nobodyElse) { Session?.BeginClose(new CloseNotice(CloseCode.Draining, "No other server takes the session."), takesInbound: true, giveUpAfter: null, now); }
        else { _cycle.Failed(now); }
        _wantsCycleAgain |= isHelloMoved && !nobodyElse;
        CycleAgain(now);
    }

    private void TransportsLost(SessionOutput.OutageBegan outage, Instant now)
    {
        _cycle.Stop();
        (_cycleAgainBy, _wantsCycleAgain) = (null, false);
        _tokenRejected |= outage.Code == CloseCode.Expired;
        if (_isPausing || State is not ClientState.Connected) { return; }
        if (_cycleHello is { } dialled)
        {
            MoveTo(new ClientState.Dialing(Attempt: 0, dialled.Epoch), outage.Code, outage.Reason, failure: null, isResumed: false);
            return;
        }
        TimeSpan wait = _redial.NextWait(CloseCodes.RedialCauseOf(outage.Code), hint: null, now);
        MoveTo(new ClientState.Waiting(Attempt: 0, now + wait), outage.Code, outage.Reason, failure: null, isResumed: false);
    }

    private void SessionEnded(SessionOutput.Ended ended, Instant now)
    {
        Session = null;
        (_drains, _cycleAgainBy, _wantsCycleAgain) = (false, null, false);
        if (CloseCodes.NeedsNewInstance(ended.Code)) { Instance = new InstanceId(_mintId()); }
        if (_isClosing || !CloseCodes.MayRedial(ended.Code))
        {
            Finish(ended.Code, ended.Reason, failure: null);
            return;
        }
        if (Standby is { State: not SessionState.Ended } standby)
        {
            (Session, Standby) = (standby, null);
            standby.ConfirmNow(now);
            if (standby.IsConnected)
            {
                _outputs.Enqueue(new ClientOutput.CycleEnded(Failure: null));
                MoveTo(new ClientState.Connected(), ended.Code, ended.Reason, failure: null, isResumed: false);
                return;
            }
        }
        if (State is not ClientState.Connected) { return; }        // A redial is under way or planned; it will open a new session.
        if (_cycleHello is { } dialled)
        {
            (_cycleHello, _redialHello) = (null, null);
            Debug.Assert(dialled.Want == HelloWant.Cycle, "A cycle of a session that is over has no meaning.");
        }
        RedialCause cause = CloseCodes.RedialCauseOf(ended.Code);
        TimeSpan wait = _redial.NextWait(cause, hint: null, now);
        Wait(cause, attempt: 0, now + wait, ended.Code, ended.Reason, failure: null);
    }

    /// <summary>The server has shut a session out before it welcomed: it never presents that session again.</summary>
    private void LeaveSession(CloseCode code, string reason)
    {
        SessionMachine? old = Session;
        Session = null;
        old?.Abandon(code, reason);
        if (CloseCodes.NeedsNewInstance(code)) { Instance = new InstanceId(_mintId()); }
    }

    private void Redial(DialFailure failure, int attempt, Instant now)
    {
        RedialCause cause = CauseOf(failure);
        bool isFinal = (cause == RedialCause.Refused && _settings.StopsWhenRefused) || (failure.Code is { } code && !CloseCodes.MayRedial(code));
        bool isClosed = _isClosing && Session is not { IsSettled: false };   // Else it is worth another dial until the close is given up (C2.6).
        if (isFinal || isClosed)
        {
            CloseCode why = failure.Code ?? (cause == RedialCause.Refused ? CloseCode.Forbidden : CloseCode.Lost);
            SessionMachine? old = Session;
            Session = null;
            old?.Abandon(why, failure.Reason);
            Finish(why, failure.Reason, failure);
            return;
        }
        bool isRejected = IsRejected(failure);
        bool asksAgain = isRejected && !_askedAgain;
        _tokenRejected = isRejected || (_tokenRejected && failure is { HttpStatus: null, Code: null });   // Who was not reached has not judged the fresh one.
        _askedAgain |= isRejected;
        bool isHelloMoved = _helloPlace.Failed(failure);
        TimeSpan wait = asksAgain || isHelloMoved ? TimeSpan.Zero : _redial.NextWait(cause, PeerBounds.ClampRetryAfter(failure.RetryAfter), now);
        Wait(cause, attempt, now + wait, failure.Code, failure.Reason, failure);
    }

    private void Wait(RedialCause cause, int attempt, Instant at, CloseCode? code, string reason, DialFailure? failure)
    {
        ClientState next = cause == RedialCause.Refused ? new ClientState.Refused(attempt, at) : new ClientState.Waiting(attempt, at);
        MoveTo(next, code, reason, failure, isResumed: false);
    }

    private static bool IsRejected(DialFailure failure) =>
        failure is { HttpStatus: 401 } or { Code: CloseCode.Unauthorized or CloseCode.Expired } || SignInPage.IsAt(failure.Location);   // A1.21

    private static Instant Later(Instant one, Instant other) => one >= other ? one : other;

    /// <summary>A1.4.</summary>
    private static RedialCause CauseOf(DialFailure failure) => failure switch
    {
        { HttpStatus: 403 } => RedialCause.Refused,
        { HttpStatus: 429 or 503 } => RedialCause.Spread,
        { Code: { } code } when (int)code >= 4000 => CloseCodes.RedialCauseOf(code) is RedialCause.Local or RedialCause.Expired ? RedialCause.Failure : CloseCodes.RedialCauseOf(code),
        _ => RedialCause.Failure,
    };

    private void Finish(CloseCode code, string reason, DialFailure? failure)
    {
        (_cycleHello, _redialHello) = (null, null);
        _cycle.Stop();
        Standby?.Abandon(code, reason);
        MoveTo(new ClientState.Closed(code, reason), code, reason, failure, isResumed: false);
    }

    private void MoveTo(ClientState next, CloseCode? code, string reason, DialFailure? failure, bool isResumed)
    {
        if (next == State || State is ClientState.Closed) { return; }
        _outputs.Enqueue(new ClientOutput.StateChanged(State, next, code, reason, failure, isResumed));
        State = next;
    }
}
