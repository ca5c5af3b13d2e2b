using System.Diagnostics;
using Eit.Backoff;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>
/// One end of a session: what it holds, what it owes, which of its transports may do what. Both ends run this class.
/// </summary>
/// <remarks>
/// Does no I/O, reads no clock, draws no number; its driver holds one lock over each call. Four kinds of member, in this order: <b>ask</b> (how things stand),
/// <b>tell</b> (what has happened; never throws for what the peer did), <b>command</b> (what the application wants), <b>take</b> (what the driver has to do:
/// after every tell and command, until there is nothing more).
/// </remarks>
public sealed class SessionMachine
{
    private static readonly TimeSpan s_gapWaitMin = TimeSpan.FromMilliseconds(250);

    private readonly EitEnd _end;
    private readonly byte[] _secret;
    private readonly SessionSettings _settings;
    private readonly IJitter _jitter;
    private readonly MessageSender _sender;
    private readonly MessageReceiver _receiver;
    private readonly RoundTripEstimate _roundTrip = new();
    private readonly SlowConsumerWatch _slow;

    private RingBuffer<SessionOutput> _outputs;
    private SessionTransport? _active;
    private SessionTransport? _candidate;
    private long _activeEpoch;                                     // Also after that transport is lost.
    private HandOver? _handOver;
    private bool _mayBeSentResend;
    private bool _isConfirmed;
    private TimeSpan _timeout;
    private TimeSpan _peerTimeout;
    private TimeSpan _window;
    private FeatureSet _featuresOfBoth = FeatureSet.None;
    private ClosePlan? _close;
    private CloseNotice? _peerClose;
    private long _peerCloseLast;

    private SessionMachine(EitEnd end, SessionId id, byte[] secret, SessionSettings settings, IJitter jitter, Instant now)
    {
        (_end, Id, _secret, _settings, _jitter) = (end, id, secret, settings, jitter);
        _sender = new MessageSender(_settings);
        _receiver = new MessageReceiver(_settings, _roundTrip);
        _slow = new SlowConsumerWatch(_settings.SlowConsumerAfter);
        (_timeout, _window) = (settings.Timeout, settings.ResumeWindow);
        State = new SessionState.Detached(now, now);
    }

    /// <summary>Begins a session at the server, on the transport of a hello for a new one.</summary>
    /// <param name="id">A fresh id from a good source of chance.</param>
    /// <param name="secret">A fresh secret, <see cref="ResumeProof.SecretBytes"/> long.</param>
    /// <param name="hello">What the client said.</param>
    /// <param name="terms">What the server knows of the transport.</param>
    /// <param name="refusal">Why the session that the client asked for does not go on, and whether this one is on standby.</param>
    /// <param name="settings">The server's bounds and times; many sessions may share them, and nobody changes them any more.</param>
    /// <param name="jitter">The chance for this session; not shared with another thread.</param>
    /// <param name="now">The time.</param>
    public static SessionMachine Accept(SessionId id, byte[] secret, Hello hello, TransportTerms terms, ResumeRefusal? refusal, SessionSettings settings, IJitter jitter, Instant now)
    {
        ArgumentNullException.ThrowIfNull(hello);
        ArgumentNullException.ThrowIfNull(terms);
        ArgumentNullException.ThrowIfNull(settings);
        var session = new SessionMachine(EitEnd.Server, id, secret, settings, jitter, now);
        session.PeerGivesUpAfter(terms.ClientTimeout);
        session._sender.PeerMessageBytesMax = hello.MessageBytesMax;
        session.LearnOf(hello.Features, hello.Agent);
        if (refusal is null) { session._sender.CreditAnnounced(hello.Credit); }   // N3.7: else it was meant for another session.
        SessionTransport transport = session.Attach(hello.Epoch, TransportRole.Active, terms.Expires, now);
        transport.Expected = 1;
        transport.Control.TryAdd(new Frame { Type = FrameType.Welcome, Body = session.MakeWelcome(hello.Epoch, terms, isResumed: false, refusal) });
        session.State = new SessionState.Online(hello.Epoch);
        return session;
    }

    /// <summary>Begins a session at the client, on the transport on which the server has welcomed it.</summary>
    /// <param name="welcome">What the server said.</param>
    /// <param name="secret">The secret out of it.</param>
    /// <param name="settings">The client's bounds and times; nobody changes them any more.</param>
    /// <param name="jitter">The chance for this session; not shared with another thread.</param>
    /// <param name="now">The time.</param>
    /// <param name="isStandby">Whether it is confirmed only by <see cref="ConfirmNow"/> (S3.5).</param>
    public static SessionMachine Open(Welcome welcome, byte[] secret, SessionSettings settings, IJitter jitter, Instant now, bool isStandby = false)
    {
        ArgumentNullException.ThrowIfNull(welcome);
        ArgumentNullException.ThrowIfNull(settings);
        var session = new SessionMachine(EitEnd.Client, welcome.Session, secret, settings, jitter, now);
        session.Learn(welcome);
        session._isConfirmed = true;
        SessionTransport transport = session.Attach(welcome.Epoch, TransportRole.Active, expires: null, now);
        transport.Expected = 1;
        session.IsStandby = isStandby;
        if (!isStandby) { session.ConfirmNow(now); }
        session.State = new SessionState.Online(welcome.Epoch);
        return session;
    }

    /// <summary>Gets the id of the session.</summary>
    public SessionId Id { get; }

    /// <summary>Gets where the session stands.</summary>
    public SessionState State { get; private set; }

    /// <summary>Gets the highest epoch that the session has seen.</summary>
    public long HighestEpoch { get; private set; }

    /// <summary>Gets whether new data can leave now: a transport is there.</summary>
    public bool IsConnected => _active is not null;

    /// <summary>Gets whether the session takes nothing more from its application.</summary>
    public bool IsClosing => _close is not null || _peerClose is not null || State is SessionState.Ended;

    /// <summary>Gets what the session closes with; null while neither end closes it.</summary>
    public CloseNotice? Closing => _close?.Notice;

    /// <summary>Gets whether the client has shown that it knows of the session (S2.2).</summary>
    public bool IsConfirmed => _isConfirmed;

    /// <summary>Gets whether the session waits, unconfirmed, for another to be closed (S3.5).</summary>
    public bool IsStandby { get; private set; }

    /// <summary>Gets whether a hand-over is under way, or is being taken back.</summary>
    public bool IsHandingOver => State is SessionState.Crossing || _active is { HoldsData: true };

    /// <summary>Gets whether a hand-over could begin now.</summary>
    public bool CanHandOver => State is SessionState.Online && _active is { ResendSent: false } && !IsClosing;

    /// <summary>Gets what is known of the time to the peer and back.</summary>
    public RoundTripEstimate RoundTrip => _roundTrip;

    /// <summary>Gets the silence after which this end gives a transport up.</summary>
    public TimeSpan Timeout => _timeout;

    /// <summary>Gets when the peer was last heard; null without a transport.</summary>
    public Instant? LastHeard => _active?.Idle.HeardAt ?? _candidate?.Idle.HeardAt;

    /// <summary>Gets how much of a WebSocket message may leave at a time: what is longer leaves in fragments (L1.7).</summary>
    public int FragmentBytes => _sender.FragmentBytes;

    /// <summary>Gets how long the session waits in an outage.</summary>
    public TimeSpan ResumeWindow => _window;

    /// <summary>Gets what the peer calls itself (V1.10): at most <see cref="AgentName.CharsMax"/> printable ASCII characters; null if it has not said.</summary>
    public string? PeerAgent { get; private set; }

    /// <summary>Gets the bytes that the session holds (N6.1): to be sent, to be sent again, to be put together, to be handed to the application; payload as it is in memory, and
    /// <see cref="HoldSizes.Entry"/> for each message and piece.</summary>
    public long BytesHeld => _sender.BytesHeld + _receiver.BytesHeld;

    /// <summary>Gets the bytes of payloads that the session holds together with others; not in <see cref="BytesHeld"/>.</summary>
    public long SharedBytesHeld => _sender.SharedBytesHeld;

    /// <summary>Gets what is held of messages that wait to leave, roughly and at once: what grows when the application sends.</summary>
    public long OutboxBytesHeldAtMost => _sender.OutboxBytesHeldAtMost;

    /// <summary>Gets or sets whether the windows may grow (N6.2): not while much of what all sessions may hold is held.</summary>
    public bool MayGrow
    {
        get => _receiver.MayGrow;
        set => _receiver.MayGrow = value;
    }

    /// <summary>Gets the highest number that this end has sent.</summary>
    public long Sent => _sender.Sent;

    /// <summary>Gets the highest number up to which every piece has come.</summary>
    public long Received => _receiver.Received;

    /// <summary>Gets what this end's application has finished with, up to the first message whose expiry the peer may not know of.</summary>
    public LaneMarks Processed => _receiver.ProcessedAtLeast;

    /// <summary>Gets the highest number that the peer is known to have.</summary>
    public long PeerReceived => _sender.PeerReceived;

    /// <summary>Gets how many messages wait to be numbered.</summary>
    public int OutboxMessages => _sender.OutboxMessages;

    /// <summary>Gets how many of this end's messages the peer's handler did not see, by why.</summary>
    public DropCounts Dropped => _sender.Dropped;

    /// <summary>Gets whether a lane's outbox that was full is at most half full: who waits for room is woken then, not for each message.</summary>
    public bool HasRoom => _sender.HasRoom;

    /// <summary>Gets how many messages wait for the application.</summary>
    public int InboxMessages => _receiver.Waiting;

    /// <summary>Gets how many of the peer's messages were not handed over because their life had ended (D2.4).</summary>
    public long Expired => _receiver.Expired;

    /// <summary>Gets how many pieces came a second time and were dropped (N1.4).</summary>
    public long Duplicates => _receiver.Duplicates;

    /// <summary>Gets whether everything that this end has accepted is processed by the peer.</summary>
    public bool IsSettled => _sender.IsSettled;

    /// <summary>Gets the credit that the peer has been given in all.</summary>
    public Credit Credit => _receiver.Credit;

    /// <summary>Gets the moment at or after which <see cref="Tick"/> has something to do, or <see cref="WantsToWrite"/> may turn true.</summary>
    public Instant NextDeadline
    {
        get
        {
            if (State is SessionState.Ended) { return Instant.Never; }
            Instant at = State is SessionState.Detached detached ? Instant.Earlier(detached.Until, _sender.NextDrop) : _sender.NextDrop;
            if (_handOver is { } handOver) { at = Instant.Earlier(at, handOver.GapDeadline); }
            if (_close is { } close) { at = Instant.Earlier(at, close.GiveUpAt); }
            if (_candidate is { } candidate) { at = Earliest(at, candidate.Idle.NextDeadline, candidate.ExpiresAt); }
            if (_active is not { } active) { return at; }
            at = Earliest(at, active.Idle.NextDeadline, active.ExpiresAt);
            at = Earliest(at, active.KeepAlive.NextDeadline, _receiver.Acks.NextDeadline);
            at = Earliest(at, _receiver.NextLook, _slow.DueAt(_sender.WaitingSince));
            return IsCloseUnanswered && active is { HoldsData: false, CloseSentAt: { } sentAt } ? Instant.Earlier(at, sentAt + _settings.CloseRetry) : at;
        }
    }

    /// <summary>The time-out of which a third is the keepalive: the peer's, or what makes the own setting of it.</summary>
    private TimeSpan KeepAliveTimeout => _settings.KeepAlive is { } every && every * 3 < _peerTimeout ? every * 3 : _peerTimeout;

    private bool IsCloseUnanswered => _close is not null && _peerClose is null;

    /// <summary>Tells whether both ends have named a feature, and what it names may be used (V1.8). Another hello or welcome may change it.</summary>
    /// <param name="feature">One of <see cref="Features"/>.</param>
    public bool PeerHas(string feature) => _featuresOfBoth.Has(feature);

    /// <summary>Tells what a transport is to the session; null for one that is superseded or was never known.</summary>
    /// <param name="epoch">The epoch of the transport.</param>
    public TransportRole? RoleOf(long epoch) => Find(epoch)?.Role;

    /// <summary>Tells whether <see cref="Fill"/> has something for a transport.</summary>
    /// <param name="epoch">The epoch of the transport.</param>
    /// <param name="now">The time.</param>
    public bool WantsToWrite(long epoch, Instant now)
    {
        if (Find(epoch) is not { } transport) { return false; }
        if (transport.Control.Count > 0) { return true; }
        return transport == _active
            && ((!transport.HoldsData && _sender.HasNext(now)) || _receiver.Acks.IsDue(now) || IsCloseDue(transport, now) || now >= transport.KeepAlive.NextDeadline);
    }

    /// <summary>Tells whether a hello comes from the client of this session, and is not one that came before (R1.2, R1.3). Changes nothing.</summary>
    /// <param name="hello">What was said.</param>
    public bool IsProvenBy(Hello hello)
    {
        ArgumentNullException.ThrowIfNull(hello);
        return State is not SessionState.Ended && hello.Epoch > HighestEpoch && ResumeProof.IsValid(_secret, Id, hello.Epoch, hello.Proof ?? string.Empty);
    }

    /// <summary>Tells that a client has presented this session on a new transport, with a credential of its principal.</summary>
    /// <param name="hello">What the client said; it wants to resume or to cycle.</param>
    /// <param name="terms">What the server knows of the transport.</param>
    /// <param name="now">The time.</param>
    /// <returns>Null if the transport now belongs to the session; else why it is refused, which does the session no harm.</returns>
    public Violation? Admit(Hello hello, TransportTerms terms, Instant now)
    {
        ArgumentNullException.ThrowIfNull(hello);
        ArgumentNullException.ThrowIfNull(terms);
        if (State is SessionState.Ended) { return new Violation(CloseCode.SessionLost, "R1.6", "The session is over."); }
        if (!ResumeProof.IsValid(_secret, Id, hello.Epoch, hello.Proof ?? string.Empty)) { return new Violation(CloseCode.BadProof, "R1.4", "The proof is not the session's."); }
        if (hello.Epoch <= HighestEpoch) { return new Violation(CloseCode.StaleEpoch, "R1.3", $"Epoch {hello.Epoch} is not above {HighestEpoch}."); }

        bool isResume = hello.Want == HelloWant.Resume;
        if (!isResume && _active is { ResendSent: true })
        {
            HighestEpoch = hello.Epoch;
            return new Violation(CloseCode.Overloaded, "H1.8", "The last hand-over is not complete.");
        }
        PeerGivesUpAfter(terms.ClientTimeout);
        LearnOf(hello.Features, hello.Agent);
        bool positionsFit = isResume
            ? hello.Received >= _sender.PeerReceived && _sender.TryAcknowledge(hello.Received, hello.Processed, now)
            : _sender.TryAcknowledge(hello.Received, hello.Processed, now);
        if (!positionsFit)
        {
            HighestEpoch = hello.Epoch;
            var violation = new Violation(CloseCode.BadAck, "R1.8", "The positions of the hello contradict what is known.");
            Fail(violation);
            return violation;
        }
        _sender.CreditAnnounced(hello.Credit);
        SessionTransport transport = isResume ? Resume(hello.Epoch, hello.Received, terms.Expires, now) : AddCandidate(hello.Epoch, terms.Expires, now);
        transport.Control.TryAdd(new Frame { Type = FrameType.Welcome, Body = MakeWelcome(hello.Epoch, terms, isResumed: true, refusal: null) });
        if (_receiver.HasUnhandled) { _receiver.Acks.OweNow(now); }
        else if (isResume) { _receiver.Acks.Paid(); }              // The welcome of a cycle may be lost, and nobody would ask again.
        return null;
    }

    /// <summary>Tells that the server has welcomed a transport that was to resume or cycle this session.</summary>
    /// <param name="welcome">What it said; <see cref="Welcome.IsResumed"/> is true.</param>
    /// <param name="want">What was asked for.</param>
    /// <param name="now">The time.</param>
    public void Welcomed(Welcome welcome, HelloWant want, Instant now)
    {
        ArgumentNullException.ThrowIfNull(welcome);
        if (State is SessionState.Ended) { return; }
        Learn(welcome);
        bool isResume = want == HelloWant.Resume;
        bool positionsFit = _sender.TryAcknowledge(welcome.Received, welcome.Processed, now) && (!isResume || welcome.Received >= _sender.PeerReceived);
        if (!positionsFit)
        {
            Attach(welcome.Epoch, TransportRole.Candidate, expires: null, now);
            Fail(new Violation(CloseCode.BadAck, "R1.8", "The positions of the welcome contradict what is known."));
            return;
        }
        if (isResume)
        {
            Resume(welcome.Epoch, welcome.Received, expires: null, now);
            _receiver.Acks.OweNow(now);
            return;
        }
        EndOutage(welcome.Epoch, now);
        SessionTransport transport = Attach(welcome.Epoch, TransportRole.Candidate, expires: null, now);
        BeginHandOver(transport, now);
    }

    /// <summary>Tells that bytes have come in, perhaps in the middle of a message (L1.3).</summary>
    /// <param name="epoch">The epoch of the transport.</param>
    /// <param name="now">The time.</param>
    public void BytesReceived(long epoch, Instant now) => Find(epoch)?.Idle.PeerHeard(now);

    /// <summary>Tells that a frame has come in.</summary>
    /// <param name="epoch">The epoch of the transport.</param>
    /// <param name="frame">The frame; not kept.</param>
    /// <param name="now">The time.</param>
    public void FrameReceived(long epoch, in Frame frame, Instant now)
    {
        SessionTransport? transport = Find(epoch);
        FrameRule rule = FrameRules.For(_end, transport?.Role, frame.Type);
        if (rule == FrameRule.Ignore || transport is null) { return; }
        if (rule == FrameRule.BadState)
        {
            Fail(new Violation(CloseCode.BadState, "X1.2", $"A {frame.Type} frame has no place on a transport that is {transport.Role}."));
            return;
        }
        transport.Idle.PeerHeard(now);
        if (transport.WelcomedAt is { } welcomedAt)
        {
            _sender.Measured(now.Since(welcomedAt));               // A client answers welcome at once (S2.2, H1.3, R1.11).
            transport.WelcomedAt = null;
        }
        if (!_isConfirmed && frame.Type is not FrameType.Ping and not FrameType.Pong)
        {
            _isConfirmed = true;
            _outputs.Add(new SessionOutput.Confirmed());
        }

        Violation? violation = Act(transport, in frame, now);
        if (violation is not null) { Fail(violation); }
    }

    /// <summary>Tells that a message on a transport could not be read.</summary>
    /// <param name="epoch">The epoch of the transport.</param>
    /// <param name="violation">What is wrong with it.</param>
    public void Violated(long epoch, Violation violation)
    {
        ArgumentNullException.ThrowIfNull(violation);
        if (Find(epoch) is not null) { Fail(violation); }
    }

    /// <summary>Tells that a transport has ended. For one that is superseded it means nothing.</summary>
    /// <param name="epoch">The epoch of the transport.</param>
    /// <param name="code">The code of its close; <see cref="CloseCode.Lost"/> without one.</param>
    /// <param name="reason">In words.</param>
    /// <param name="now">The time.</param>
    public void TransportLost(long epoch, CloseCode code, string reason, Instant now)
    {
        if (Find(epoch) is not { } transport) { return; }
        if (!CloseCodes.SessionLives(code))
        {
            Remove(transport);
            End(code, reason, violation: null);
            return;
        }
        Lose(transport, code, reason, now);
    }

    /// <summary>Tells that time has passed.</summary>
    /// <param name="now">The time.</param>
    public void Tick(Instant now)
    {
        if (State is SessionState.Detached detached && now >= detached.Until)
        {
            Forsake("No transport came within the window.");
            return;
        }
        if (now >= _sender.NextDrop)
        {
            _sender.DropDue(now);
            if (_sender.OutboxMessages == 0) { _slow.Drained(); }
            EndIfClosed(now);
        }
        if (_close is { } close && now >= close.GiveUpAt)
        {
            End(close.Notice.Code, "The close was not answered in time.", violation: null);
            return;
        }
        if (_handOver is { } handOver && now >= handOver.GapDeadline)
        {
            AskResend(handOver.New, now);
        }
        if (_candidate is { } candidate) { Judge(candidate, now); }
        if (_active is not { } active) { return; }
        if (now >= _receiver.NextLook && _receiver.FindUnfinished(now) is { } violation)
        {
            Fail(violation);
            return;
        }
        Judge(active, now);
        if (_active == active && now >= _slow.DueAt(_sender.WaitingSince)) { ActOnSlowness(active, now); }
    }

    /// <summary>Tells that the application has finished with a message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="now">The time.</param>
    /// <param name="hasFailed">Whether its handler has thrown, or there is none for it (D5.1).</param>
    public void Finished(in InboundMessage message, Instant now, bool hasFailed = false)
    {
        _receiver.Finished(in message, hasFailed, now);
        EndIfClosed(now);
    }

    /// <summary>Adds a measured round trip: that of the upgrade request.</summary>
    /// <param name="sample">The time.</param>
    public void RoundTripMeasured(TimeSpan sample)
    {
        _roundTrip.Add(sample);
        _sender.Measured(sample);
    }

    /// <summary>Takes a message over from the application.</summary>
    /// <param name="message">The message.</param>
    /// <param name="now">The time, from which its life counts.</param>
    /// <param name="id">The number that it has got: 1, 2, 3 … in this session.</param>
    /// <exception cref="ArgumentException">The text is not well-formed Unicode (F1.5).</exception>
    public AcceptResult Accept(in OutgoingMessage message, Instant now, out long id)
    {
        id = 0;
        if (IsClosing) { return AcceptResult.Closing; }
        return (_active is null && !message.MayWait) || IsStandby ? AcceptResult.NotConnected : _sender.Accept(in message, now, out id);
    }

    /// <summary>Takes a message back of which nothing has left; whoever waits for it is told <see cref="SendOutcome.NotSent"/>.</summary>
    /// <param name="id">What <see cref="Accept(in OutgoingMessage, Instant, out long)"/> has called it.</param>
    /// <param name="now">The time.</param>
    /// <returns>False if it has begun to leave, or has its outcome.</returns>
    public bool TryWithdraw(long id, Instant now)
    {
        bool isWithdrawn = _sender.TryWithdraw(id);
        if (isWithdrawn) { EndIfClosed(now); }
        return isWithdrawn;
    }

    /// <summary>Makes a proof that this end owns the session (R1.2).</summary>
    /// <param name="epoch">The epoch of the transport that presents it.</param>
    public string Prove(long epoch) => ResumeProof.Make(_secret, Id, epoch);

    /// <summary>Confirms the session to the server: the client's first ack (S2.2).</summary>
    /// <param name="now">The time.</param>
    public void ConfirmNow(Instant now)
    {
        IsStandby = false;
        _receiver.Acks.OweNow(now);
    }

    /// <summary>Begins to close the session (C2): accepts nothing more, sends what is accepted, says so, and ends when both sides know every outcome.</summary>
    /// <param name="notice">What is said.</param>
    /// <param name="takesInbound">Whether what the peer still sends is handed over and waited for; else what is not yet handed over is dropped.</param>
    /// <param name="giveUpAfter">When it is given up; null for <see cref="SessionSettings.CloseGiveUp"/>.</param>
    /// <param name="now">The time.</param>
    public void BeginClose(CloseNotice notice, bool takesInbound, TimeSpan? giveUpAfter, Instant now)
    {
        ArgumentNullException.ThrowIfNull(notice);
        if (CloseCodes.SessionLives(notice.Code)) { throw new ArgumentException($"A session that is closed with {(int)notice.Code} would live (C2.8).", nameof(notice)); }
        if (State is SessionState.Ended || _close is { IsFirst: true }) { return; }
        _close = new ClosePlan(notice with { Reason = CloseCodes.ToReason(notice.Reason) }, IsFirst: true, takesInbound, now + (giveUpAfter ?? _settings.CloseGiveUp));
        _sender.Stop();
        if (!takesInbound) { _receiver.Discard(now); }
        EndIfClosed(now);
    }

    /// <summary>Ends the session at once, without the peer's consent.</summary>
    /// <param name="code">Why.</param>
    /// <param name="reason">In words.</param>
    public void Abandon(CloseCode code, string reason) => End(code, reason, violation: null);

    /// <summary>Ends the session at once so that what it holds is let go (N6.3): what the application has not been handed is dropped.</summary>
    /// <param name="code">Why.</param>
    /// <param name="reason">In words.</param>
    /// <param name="now">The time.</param>
    public void GiveUp(CloseCode code, string reason, Instant now)
    {
        _receiver.Discard(now);
        Abandon(code, reason);
    }

    /// <summary>Ends the session because no transport will come for it; one that was closing ends with what it closes with.</summary>
    /// <param name="reason">In words.</param>
    public void Forsake(string reason)
    {
        if (_close is { } close) { End(close.Notice.Code, close.Notice.Reason, violation: null); }
        else { End(CloseCode.SessionLost, reason, violation: null); }
    }

    /// <summary>Gives every transport up and waits for another (L1.5).</summary>
    /// <param name="code">Why.</param>
    /// <param name="reason">In words.</param>
    /// <param name="now">The time.</param>
    public void Detach(CloseCode code, string reason, Instant now)
    {
        if (State is SessionState.Ended or SessionState.Detached) { return; }
        long epoch = _active?.Epoch ?? _candidate?.Epoch ?? 0;
        Drop(_candidate, code, reason);
        Drop(_handOver?.Old, code, reason);
        Drop(_active, code, reason);
        BeginOutage(epoch, code, reason, now);
    }

    /// <summary>Asks the client for a cycle (H1.1). Does nothing without a transport.</summary>
    /// <param name="request">What is said.</param>
    public void AskToCycle(CycleRequest request) => _active?.Control.TryAdd(new Frame { Type = FrameType.Cycle, Body = request });

    /// <summary>Tells the client other terms (S3.2). Does nothing without a transport.</summary>
    /// <param name="terms">What is said; an expiry counts for the transport at this end too (S3.3).</param>
    /// <param name="now">The time.</param>
    public void Announce(Terms terms, Instant now)
    {
        ArgumentNullException.ThrowIfNull(terms);
        if (_active is not { } active) { return; }
        if (terms.Expires is { } remaining) { active.ExpiresAt = now + remaining; }
        active.Control.TryAdd(new Frame { Type = FrameType.Terms, Body = terms });
    }

    /// <summary>Gets whether there are outputs that nobody has taken.</summary>
    public bool HasOutputs => _outputs.Count > 0;

    /// <summary>Takes the next output.</summary>
    /// <param name="output">The output.</param>
    public bool TryTake(out SessionOutput? output) => _outputs.TryTake(out output);

    /// <summary>Takes the next outcome of a message that somebody waits for. Taken before the outputs, so that <see cref="SessionOutput.Ended"/> comes last.</summary>
    /// <param name="outcome">The outcome.</param>
    public bool TryTakeOutcome(out MessageOutcome outcome) => _sender.TryTakeOutcome(out outcome);

    /// <summary>Takes the next message for the application; the driver says <see cref="Finished"/> when that is done with it. One at a time keeps the order.</summary>
    /// <param name="now">The time: what has expired is not handed over.</param>
    /// <param name="message">The message.</param>
    public bool TryTakeMessage(Instant now, out InboundMessage message)
    {
        long expired = _receiver.Expired;
        bool isTaken = _receiver.TryTake(now, out message);
        if (_receiver.Expired != expired) { EndIfClosed(now); }
        return isTaken;
    }

    /// <summary>Writes what has to leave on a transport: one WebSocket message of about <see cref="WireLimits.BatchBytes"/>.</summary>
    /// <param name="epoch">The epoch of the transport.</param>
    /// <param name="writer">The writer; it is begun here and has to be ended by the driver.</param>
    /// <param name="now">The time.</param>
    /// <returns>False if there is nothing to write.</returns>
    public bool Fill(long epoch, FrameWriter writer, Instant now)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (Find(epoch) is not { } transport) { return false; }
        writer.Begin();
        FrameType? first = transport.Control.First;
        bool isQuiet = true;
        while (writer.Length < WireLimits.BatchBytes && transport.Control.TryTake(out Frame control))
        {
            isQuiet &= control.Type == FrameType.Pong;
            WriteControl(writer, in control);
        }
        int controls = writer.FrameCount;
        if (transport == _active && transport.Control.Count == 0) { WriteSession(transport, writer, now); }
        if (writer.FrameCount == 0) { return false; }
        isQuiet &= writer.FrameCount == controls || transport.PingedAt == now;
        if (isQuiet) { Trim(transport); }
        if (first == FrameType.Welcome) { transport.WelcomedAt = now; }
        if (first is not (FrameType.Welcome or FrameType.Terms)) { transport.KeepAlive.Sent(now); }   // What all clients are told at once leaves the phases that were drawn for their pings.
        return true;
    }

    /// <summary>Gets how many control frames wait to leave on all transports.</summary>
    internal int ControlFrames => (_active?.Control.Count ?? 0) + (_candidate?.Control.Count ?? 0) + (_handOver?.Old?.Control.Count ?? 0);

    /// <summary>Gets how many outputs nobody has taken.</summary>
    internal int OutputsWaiting => _outputs.Count;

    internal void AppendTo(StateDigest digest)
    {
        digest.Add(Id.Value);
        digest.Add(HighestEpoch, (int)_end, State switch { SessionState.Online => 1, SessionState.Proving => 2, SessionState.Crossing => 3, SessionState.Detached => 4, _ => 5 });
        digest.Add(State is SessionState.Detached detached ? detached.Until : Instant.Never);
        digest.Add(State is SessionState.Ended ended ? (long)ended.Code : 0, _peerTimeout.Ticks, _timeout.Ticks, _window.Ticks, _outputs.Count);
        digest.Add(_isConfirmed, _mayBeSentResend, IsStandby, _roundTrip.IsKnown);
        digest.Add(_roundTrip.Smoothed);
        digest.Add((long?)_close?.Notice.Code ?? 0, (long?)_peerClose?.Code ?? 0, _peerCloseLast);
        digest.Add(_close is { IsFirst: true }, _close is { TakesInbound: true });
        digest.Add(_close?.GiveUpAt);
        digest.Add(_handOver?.OwnLast ?? -1, _handOver?.PeerLast ?? -1, _handOver?.New.Epoch ?? 0, _handOver?.OldEpoch ?? 0, _activeEpoch);
        digest.Add(_handOver?.GapDeadline);
        (Instant connectedAt, bool isTold, long processedAtStrike, int strikes) = _slow.State;
        digest.Add(isTold);
        digest.Add(processedAtStrike, strikes);
        _active?.AppendTo(digest);
        _candidate?.AppendTo(digest);
        _handOver?.Old?.AppendTo(digest);
        _sender.AppendTo(digest, connectedAt);
        _receiver.AppendTo(digest);
    }

    /// <summary>Nothing but keepalive goes over a transport: lets the memory go that only traffic needs.</summary>
    private void Trim(SessionTransport transport)
    {
        _sender.Trim();
        _receiver.Trim();
        _outputs.Trim();
        transport.Control.Trim();
    }

    private static Instant Earliest(Instant one, Instant two, Instant three) => Instant.Earlier(one, Instant.Earlier(two, three));

    private SessionTransport? Find(long epoch)
    {
        if (_active?.Epoch == epoch) { return _active; }
        if (_candidate?.Epoch == epoch) { return _candidate; }
        return _handOver?.Old?.Epoch == epoch ? _handOver.Old : null;
    }

    private void MoveTo(SessionState next)
    {
        if (next == State) { return; }
        Debug.Assert(SessionMoves.Allow(State, next), $"{State} may not become {next}.");
        _outputs.Add(new SessionOutput.StateChanged(State, next));
        State = next;
    }

    /// <summary>The state that follows from the transports that are there.</summary>
    private void Settle()
    {
        if (_handOver is { } handOver) { MoveTo(new SessionState.Crossing(handOver.Old?.Epoch, handOver.New.Epoch)); }
        else if (_candidate is { } candidate) { MoveTo(new SessionState.Proving(_active?.Epoch, candidate.Epoch)); }
        else if (_active is { } active) { MoveTo(new SessionState.Online(active.Epoch)); }
    }

    // ---- Opening

    private Welcome MakeWelcome(long epoch, TransportTerms terms, bool isResumed, ResumeRefusal? refusal) => new()
    {
        Session = Id,
        Secret = isResumed ? null : System.Buffers.Text.Base64Url.EncodeToString(_secret),
        Epoch = epoch,
        IsResumed = isResumed,
        Why = refusal?.Why,
        IsStandby = refusal is { IsStandby: true },
        Received = _receiver.Received,
        Processed = _receiver.ProcessedAtLeast,
        Timeout = _timeout,
        ClientTimeout = terms.ClientTimeout,
        MessageBytesMax = _settings.MessageBytesMax,
        Credit = _receiver.Credit,
        Window = _settings.ResumeWindow,
        Spread = terms.Spread,
        Expires = terms.Expires,
        Features = _settings.Features,
        Agent = _settings.Agent,
    };

    private void Learn(Welcome welcome)
    {
        welcome = PeerBounds.Clamp(welcome);
        (_timeout, _window) = (welcome.ClientTimeout, welcome.Window);
        PeerGivesUpAfter(welcome.Timeout);
        _sender.PeerMessageBytesMax = welcome.MessageBytesMax;
        _sender.CreditAnnounced(welcome.Credit);
        LearnOf(welcome.Features, welcome.Agent);
    }

    /// <summary>What the peer has named last counts: the session may have come to another program, a newer or an older one (V1.9).</summary>
    private void LearnOf(FeatureSet features, string? agent)
    {
        _featuresOfBoth = _settings.Features.InCommonWith(features);
        _receiver.TellsFailures = PeerHas(Features.Failed);
        PeerAgent = agent == _settings.Agent ? _settings.Agent : agent;   // Peers of the same build share one text.
    }

    private void PeerGivesUpAfter(TimeSpan timeout)
    {
        _peerTimeout = timeout;
        _sender.PeerGivesUpAfter(timeout);
    }

    private SessionTransport Attach(long epoch, TransportRole role, TimeSpan? expires, Instant now)
    {
        HighestEpoch = epoch;
        double firstPhase = _end == EitEnd.Server ? _jitter.Next() : 1;
        var transport = new SessionTransport(epoch, role, new IdleWatch(_timeout, now), new KeepAlive(KeepAliveTimeout, firstPhase, now))
        {
            ExpiresAt = expires is { } remaining ? now + remaining : Instant.Never,
        };
        if (role == TransportRole.Active)
        {
            (_active, _activeEpoch) = (transport, epoch);
            _slow.Connected(now);
        }
        else { _candidate = transport; }
        return transport;
    }

    private SessionTransport Resume(long epoch, long peerReceived, TimeSpan? expires, Instant now)
    {
        TimeSpan outage = State is SessionState.Detached detached ? now.Since(detached.Since) : TimeSpan.Zero;
        Drop(_candidate, CloseCode.Superseded, "A newer transport has resumed the session.");
        Drop(_handOver?.Old, CloseCode.Superseded, "A newer transport has resumed the session.");
        Drop(_active, CloseCode.Superseded, "A newer transport has resumed the session.");
        (_handOver, _mayBeSentResend) = (null, false);
        bool canRewind = _sender.TryRewind(peerReceived, now);
        Debug.Assert(canRewind, "The positions were checked.");
        SessionTransport transport = Attach(epoch, TransportRole.Active, expires, now);
        transport.Expected = _receiver.Received + 1;
        _receiver.Resumed(now);
        _outputs.Add(new SessionOutput.Resumed(epoch, outage, _sender.Sent - peerReceived));
        Settle();
        return transport;
    }

    private SessionTransport AddCandidate(long epoch, TimeSpan? expires, Instant now)
    {
        Drop(_candidate, CloseCode.Cycled, "A newer transport has come.");
        if (_handOver is not null) { FinishHandOver(now); }        // The client begins another only when the last one is complete at its end.
        EndOutage(epoch, now);
        SessionTransport transport = Attach(epoch, TransportRole.Candidate, expires, now);
        _mayBeSentResend = true;
        Settle();
        return transport;
    }

    /// <summary>A cycle whose old transport was lost before the new one came ends the outage as a resume does.</summary>
    private void EndOutage(long epoch, Instant now)
    {
        _slow.Connected(now);
        if (State is SessionState.Detached detached) { _outputs.Add(new SessionOutput.Resumed(epoch, now.Since(detached.Since), Replayed: 0)); }
    }

    // ---- What frames do

    private Violation? Act(SessionTransport transport, in Frame frame, Instant now)
    {
        switch (frame.Type)
        {
            case FrameType.Data:
                return ActOnData(transport, in frame, now);
            case FrameType.Ack:
                return ActOnAck((Ack)frame.Body!, now);
            case FrameType.Ping:
                return Answer(transport, new Frame { Type = FrameType.Pong, Number = frame.Number });
            case FrameType.Pong:
                ActOnPong(transport, frame.Number, now);
                return null;
            case FrameType.Switch:
                return ActOnSwitch(transport, frame.Number, now);
            case FrameType.Resend:
                return ActOnResend(transport, frame.Number, (Resend)frame.Body!, now);
            case FrameType.Close:
                return ActOnClose((CloseNotice)frame.Body!, frame.Number, now);
            case FrameType.Cycle:
                PutLatest(new SessionOutput.CycleAsked(PeerBounds.Clamp((CycleRequest)frame.Body!)), static (later, _) => later);
                return null;
            case FrameType.Terms:
                PutLatest(new SessionOutput.TermsChanged(PeerBounds.Clamp((Terms)frame.Body!)), static (later, earlier) => new(later.Terms.After(earlier.Terms)));
                return null;
            case FrameType.Hello or FrameType.Welcome:
            default:
                throw new UnreachableException("The table lets no other frame in.");
        }
    }

    private Violation? ActOnData(SessionTransport transport, in Frame frame, Instant now)
    {
        long number = frame.Number;
        if (transport.Expected == 0) { return new Violation(CloseCode.BadState, "H1.5", "Data came before switch."); }
        bool isAboveLast = _handOver is { PeerLast: { } last } && transport == _handOver.Old && number > last;
        if (isAboveLast || !transport.TryFollow(number, _receiver.Received)) { return new Violation(CloseCode.BadNumber, "N1.2", $"The number {number} is out of place."); }
        if (_peerClose is not null && number > _peerCloseLast) { return new Violation(CloseCode.BadState, "C2.7", "Data came after close."); }

        Instant expiresAt = Instant.Never;
        if (frame.Life is { } life) { expiresAt = now + (frame.WrittenAt == 0 ? life : life - transport.HeldUp(frame.WrittenAt, now)); }
        Violation? violation = _receiver.Accept(in frame, expiresAt, now);
        if (violation is null && _handOver is not null) { CheckCrossed(now); }
        return violation;
    }

    private Violation? ActOnAck(Ack ack, Instant now)
    {
        IReadOnlyList<long> failed = PeerHas(Features.Failed) ? ack.Failed : [];
        if (!_sender.TryAcknowledge(ack.Received, ack.Processed, ack.Expired, failed, now)) { return new Violation(CloseCode.BadAck, "N2.4", "What was never sent has been acknowledged."); }
        if (ack.Known is { } known && !_receiver.TryKnow(known)) { return new Violation(CloseCode.BadAck, "D2.6", "More was said to be known than has expired or failed."); }
        if (ack.Expired.Count + failed.Count > 0) { _receiver.Acks.Owe(0, 0, now); }
        _sender.CreditAnnounced(ack.Credit);
        if (_handOver is not null) { CheckCrossed(now); }
        EndIfClosed(now);
        return null;
    }

    private static Violation? Answer(SessionTransport transport, in Frame frame) =>
        transport.Control.TryAdd(in frame) ? null : new Violation(CloseCode.BadState, "L1.2", "The peer asks and does not read the answers.");

    /// <summary>Puts an output in the place of the one of its type that nobody has taken: one WebSocket message may hold thousands of such frames.</summary>
    private void PutLatest<T>(T output, Func<T, T, T> merge)
        where T : SessionOutput
    {
        for (int i = 0; i < _outputs.Count; i++)
        {
            if (_outputs[i] is not T earlier) { continue; }
            _outputs[i] = merge(output, earlier);
            return;
        }
        _outputs.Add(output);
    }

    private void ActOnPong(SessionTransport transport, long id, Instant now)
    {
        if (transport.PingedAt is not { } pingedAt || id != transport.PingId) { return; }
        RoundTripMeasured(now.Since(pingedAt));
        transport.PingedAt = null;
    }

    private Violation? ActOnSwitch(SessionTransport transport, long last, Instant now)
    {
        if (transport.Role == TransportRole.Candidate) { BeginHandOver(transport, now); }
        if (_handOver is not { PeerLast: null } handOver || handOver.New != transport) { return new Violation(CloseCode.BadState, "H1.11", "A switch came that nobody waits for."); }
        bool isBelowSeen = handOver.Old is { RewindFrom: null } old && last < old.Expected - 1;
        if (isBelowSeen) { return new Violation(CloseCode.BadNumber, "H1.11", $"More than {last} has come on the old transport."); }
        handOver.PeerLast = last;
        transport.Expected = last + 1;
        bool isOldUseless = handOver.Old is not { } silent || now.Since(silent.Idle.HeardAt) > _timeout * 0.4;   // A keepalive is overdue: nobody waits for what is on it.
        if (_receiver.Received < last && isOldUseless) { AskResend(transport, now); }
        else { handOver.GapDeadline = now + GapWait; }
        CheckCrossed(now);
        return null;
    }

    private Violation? ActOnResend(SessionTransport transport, long received, Resend resend, Instant now)
    {
        if (!_mayBeSentResend || IsResendOutOfPlace(transport, resend)) { return new Violation(CloseCode.BadState, "H1.11", "A resend came without a hand-over."); }
        bool isStale = transport.Role == TransportRole.Retiring && _handOver?.New.Epoch != resend.Lost;
        if (isStale) { return null; }                              // It belongs to an earlier hand-over, which this one has made good.
        if (!_sender.TryRewind(received, now)) { return new Violation(CloseCode.BadAck, "H1.6", "A resend of what was never sent, or is received, was asked for."); }

        bool isAnswer = transport.ResendSent;
        bool isTakenBack = transport.HoldsData || (_handOver is { } handOver && handOver.New != transport);
        Keep(transport, resend.Lost, now);
        transport.ResendSent = false;
        transport.HoldsData = false;
        _mayBeSentResend = false;
        if (isAnswer) { _outputs.Add(new SessionOutput.ResendAnswered(transport.Epoch)); }
        else
        {
            transport.AskRewind(_receiver.Received + 1);
            transport.Control.TryAdd(new Frame { Type = FrameType.Resend, Number = _receiver.Received, Body = resend });
        }
        if (isTakenBack) { _outputs.Add(new SessionOutput.TakenBack(transport.Epoch)); }
        Settle();
        return null;
    }

    /// <summary>On the new transport it comes behind <c>switch</c>; on the old one, while the new one has not been switched to, it gives that one up.</summary>
    private bool IsResendOutOfPlace(SessionTransport transport, Resend resend) =>
        (_handOver is { PeerLast: null } handOver && handOver.New == transport) || (_candidate is { } candidate && candidate.Epoch != resend.Lost);

    private Violation? ActOnClose(CloseNotice notice, long last, Instant now)
    {
        if (CloseCodes.SessionLives(notice.Code)) { return new Violation(CloseCode.BadState, "C2.8", $"The session is closed with {(int)notice.Code}, of which it lives."); }
        if (last < _receiver.Received) { return new Violation(CloseCode.BadNumber, "C2.7", $"More than {last} has come."); }
        if (_peerClose is not null) { return null; }               // C2.3: a repetition.
        (_peerClose, _peerCloseLast) = (notice, last);
        _sender.Stop();
        if (_close is null)
        {
            _close = new ClosePlan(notice, IsFirst: false, TakesInbound: true, now + _settings.CloseGiveUp);
            _outputs.Add(new SessionOutput.PeerCloses(notice));
        }
        EndIfClosed(now);
        return null;
    }

    // ---- Hand-over

    private TimeSpan GapWait
    {
        get
        {
            TimeSpan threeRoundTrips = _roundTrip.Smoothed * 3;
            return threeRoundTrips > s_gapWaitMin ? threeRoundTrips : s_gapWaitMin;
        }
    }

    private void BeginHandOver(SessionTransport transport, Instant now)
    {
        SessionTransport? old = _active;
        if (old is not null) { old.Role = TransportRole.Retiring; }
        transport.Role = TransportRole.Active;
        long last = Math.Max(_sender.Cursor - 1, _sender.PeerReceived);
        (_active, _candidate, _mayBeSentResend) = (transport, null, true);
        _handOver = new HandOver(old, transport, _activeEpoch, last, now);
        _activeEpoch = transport.Epoch;
        transport.Control.TryAdd(new Frame { Type = FrameType.Switch, Number = last });
        Settle();
    }

    private void CheckCrossed(Instant now)
    {
        if (_handOver is not { PeerLast: { } last } handOver || _receiver.Received < last) { return; }
        if (handOver.GapDeadline != Instant.Never)
        {
            handOver.GapDeadline = Instant.Never;
            _receiver.Acks.OweNow(now);                            // The peer waits to hear that everything has crossed.
        }
        if (_sender.PeerReceived >= handOver.OwnLast) { FinishHandOver(now); }
    }

    private void FinishHandOver(Instant now)
    {
        HandOver handOver = _handOver!;
        Drop(handOver.Old, CloseCode.Cycled, "Everything has crossed to the new transport.");
        _handOver = null;                                          // One resend may still come: of a peer to which the close of the old transport has come before switch (H1.13).
        _outputs.Add(new SessionOutput.HandedOver(handOver.New.Epoch, now.Since(handOver.StartedAt)));
        Settle();
    }

    /// <summary>Makes a transport the only one and asks the peer for what is missing (H1.6, H1.7).</summary>
    private void AskResend(SessionTransport transport, Instant now)
    {
        HandOver handOver = _handOver!;
        bool isBack = transport != handOver.New;
        long lostEpoch = isBack ? handOver.New.Epoch : handOver.OldEpoch;
        Keep(transport, lostEpoch, now);
        transport.ResendSent = true;
        transport.HoldsData = isBack;
        transport.AskRewind(_receiver.Received + 1);
        transport.Control.TryAdd(new Frame { Type = FrameType.Resend, Number = _receiver.Received, Body = new Resend(lostEpoch) });
        Settle();
    }

    /// <summary>Ends a hand-over in favour of one of its transports.</summary>
    private void Keep(SessionTransport transport, long lostEpoch, Instant now)
    {
        if (_handOver is { } handOver)
        {
            _handOver = null;
            if (transport == handOver.New)
            {
                Close(handOver.Old, CloseCode.Cycled, "What was missing goes over the new transport.");
                _outputs.Add(new SessionOutput.HandedOver(transport.Epoch, now.Since(handOver.StartedAt)));
            }
            else { Close(handOver.New, CloseCode.Cycled, "The old transport has been taken back."); }
        }
        if (_candidate?.Epoch == lostEpoch) { Drop(_candidate, CloseCode.Cycled, "The old transport has been taken back."); }
        transport.Role = TransportRole.Active;
        (_active, _activeEpoch) = (transport, transport.Epoch);
        _receiver.Acks.OweNow(now);                                // What was acknowledged on the other may have been lost with it.
    }

    // ---- Losing transports

    private void Judge(SessionTransport transport, Instant now)
    {
        if (now >= transport.ExpiresAt)
        {
            Close(transport, CloseCode.Expired, "The credentials of the transport have expired.");
            Lose(transport, CloseCode.Expired, "The credentials of the transport have expired.", now);
        }
        else if (transport.Idle.Tick(now) == IdleVerdict.Lost)
        {
            Close(transport, CloseCode.Timeout, "Nothing was heard for the time-out.");
            Lose(transport, CloseCode.Timeout, "Nothing was heard for the time-out.", now);
        }
    }

    private void ActOnSlowness(SessionTransport transport, Instant now)
    {
        _slow.Told();
        _outputs.Add(new SessionOutput.ConsumerSlow(_sender.OutboxMessages, _sender.OutboxBytes, now.Since(_sender.WaitingSince)));
        if (_settings.SlowConsumers != SlowConsumers.Disconnect || IsClosing) { return; }
        LaneMarks processed = _sender.PeerProcessed;
        if (_slow.Strike(processed.Critical + processed.Interactive + processed.Normal + processed.Bulk))
        {
            End(CloseCode.TooSlow, "The peer's handler finishes with nothing.", violation: null);
            return;
        }
        Close(transport, CloseCode.SlowConsumer, "The peer's handler is too slow.");
        Lose(transport, CloseCode.SlowConsumer, "The peer's handler is too slow.", now);
    }

    private void Lose(SessionTransport transport, CloseCode code, string reason, Instant now)
    {
        HandOver? handOver = _handOver;
        Remove(transport);
        if (handOver is not null && transport == handOver.New && handOver.Old is { } old)
        {
            _handOver = handOver;
            AskResend(old, now);
            return;
        }
        if (_active is null && _candidate is null)
        {
            BeginOutage(transport.Epoch, code, reason, now);
            return;
        }
        bool isGapOpen = handOver is { PeerLast: { } last } && _receiver.Received < last;
        if (isGapOpen && transport.Role == TransportRole.Retiring) { AskResend(handOver!.New, now); }
        Settle();
    }

    private void BeginOutage(long epoch, CloseCode code, string reason, Instant now)
    {
        (_handOver, _mayBeSentResend) = (null, false);
        TimeSpan window = _isConfirmed ? _window : _window / 4;    // S2.2
        _outputs.Add(new SessionOutput.OutageBegan(epoch, code, reason));
        if (window <= TimeSpan.Zero)
        {
            Forsake("The session can't be resumed.");
            return;
        }
        MoveTo(new SessionState.Detached(now, now + window));
        _receiver.DropEarly();
        _sender.Trim();
        _receiver.Trim();
    }

    private void Remove(SessionTransport transport)
    {
        if (_active == transport) { _active = null; }
        if (_candidate == transport) { _candidate = null; }
        if (_handOver is not { } handOver) { return; }
        if (handOver.Old == transport) { handOver.Old = null; }
        if (handOver.New == transport) { _handOver = null; }
    }

    private void Drop(SessionTransport? transport, CloseCode code, string reason)
    {
        if (transport is null) { return; }
        Close(transport, code, reason);
        Remove(transport);
    }

    private void Close(SessionTransport? transport, CloseCode code, string reason)
    {
        if (transport is not null) { _outputs.Add(new SessionOutput.CloseTransport(transport.Epoch, code, CloseCodes.ToReason(reason))); }
    }

    // ---- Closing

    private bool IsCloseDue(SessionTransport transport, Instant now)
    {
        if (_close is null || !_sender.IsFlushed || transport.HoldsData) { return false; }
        return transport.CloseSentAt is not { } sentAt || (_peerClose is null && now >= sentAt + _settings.CloseRetry);
    }

    /// <summary>Gets whether nothing is open any more, seen from here (C2.4).</summary>
    private bool IsClosedHere =>
        _close is { } close && _peerClose is not null && _sender.IsSettled
        && (!close.TakesInbound || (_receiver.Received >= _peerCloseLast && _receiver.IsSettled));

    private void EndIfClosed(Instant now)
    {
        if (_close is not { IsFirst: true } close || !IsClosedHere) { return; }
        if (_active is not null && _receiver.Acks.IsOwed) { _receiver.Acks.OweNow(now); }
        bool mustStillSay = _active is { } active && (_receiver.Acks.IsOwed || active.CloseSentAt is null);
        if (!mustStillSay) { End(close.Notice.Code, close.Notice.Reason, violation: null); }   // Else Fill does, when it has written it.
    }

    private void Fail(Violation violation) => End(violation.Code, $"{violation.Reason} ({violation.Clause})", violation);

    private void End(CloseCode code, string reason, Violation? violation)
    {
        if (State is SessionState.Ended) { return; }
        string shortReason = CloseCodes.ToReason(reason);
        Drop(_candidate, code, shortReason);
        Drop(_handOver?.Old, code, shortReason);
        Drop(_active, code, shortReason);
        _handOver = null;
        _receiver.End();
        MoveTo(new SessionState.Ended(code, shortReason));
        _outputs.Add(new SessionOutput.Ended(code, shortReason, violation, _sender.Finish()));
    }

    // ---- Writing

    private static void WriteControl(FrameWriter writer, in Frame frame)
    {
        switch (frame.Type)
        {
            case FrameType.Welcome: writer.WriteWelcome((Welcome)frame.Body!); break;
            case FrameType.Resend: writer.WriteResend(frame.Number, (Resend)frame.Body!); break;
            case FrameType.Cycle: writer.WriteCycle((CycleRequest)frame.Body!); break;
            case FrameType.Terms: writer.WriteTerms((Terms)frame.Body!); break;
            default: writer.WriteNumber(frame.Type, frame.Number); break;
        }
    }

    private void WriteSession(SessionTransport transport, FrameWriter writer, Instant now)
    {
        bool hasData = !transport.HoldsData && _sender.HasNext(now);
        bool pings = now >= transport.KeepAlive.NextDeadline;
        AckSchedule acks = _receiver.Acks;
        if (acks.IsDue(now) || (acks.IsOwed && (hasData || pings || writer.FrameCount > 0 || IsCloseDue(transport, now))))
        {
            Span<long> expired = _receiver.HasUnhandled ? _receiver.ListUnhandled(hasFailed: false, stackalloc long[WireLimits.UnhandledMax]) : [];
            Span<long> failed = _receiver.HasUnhandled ? _receiver.ListUnhandled(hasFailed: true, stackalloc long[WireLimits.UnhandledMax]) : [];
            writer.WriteAck(_receiver.Received, _receiver.Processed, _receiver.Credit, expired, _sender.TakeKnown(), failed);
            acks.Paid();
        }
        int frameBytes = 0;                                        // The next frame is taken to be as long as the last one: a batch that fits into one TLS record costs one write.
        int before = writer.Length;
        bool isShort = writer.FrameCount > 0 && _sender.FragmentBytes < WireLimits.BatchBytes;   // What is not data must not wait for data to get through a slow path (L1.10).
        int bytesMax = isShort ? _sender.FragmentBytes : _sender.BatchBytes;
        while (hasData && before + (isShort ? _sender.NextBytes(now) : frameBytes) < bytesMax && _sender.TryWriteNext(writer, now, out Lane lane))
        {
            int after = writer.Length;
            (before, frameBytes) = (after, after - before);
            if (lane < Lane.Normal && _sender.NextBytes(now) > WireLimits.BatchBytes / 4) { break; }   // What is urgent arrives with the WebSocket message that it is in.
        }
        if (IsCloseDue(transport, now))
        {
            writer.WriteClose(_close!.Notice, _sender.Sent);
            transport.CloseSentAt = now;
        }
        if (_sender.OutboxMessages == 0) { _slow.Drained(); }
        if (pings && writer.FrameCount == 0)
        {
            transport.PingedAt = now;
            writer.WriteNumber(FrameType.Ping, ++transport.PingId);
        }
        EndIfClosed(now);
    }
}
