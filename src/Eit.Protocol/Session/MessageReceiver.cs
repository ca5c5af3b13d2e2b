using System.Text;
using Eit.Backoff;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>
/// The receiving half of a session: puts pieces in order, drops what it has, builds messages, queues them for the application, and owes the peer
/// acknowledgement and credit. Knows nothing of transports.
/// </summary>
internal sealed class MessageReceiver
{
    /// <summary>What may come in or be processed before it is acknowledged (N2.1): seldom enough to cost nothing, and often enough that a sender's ledger stays small.</summary>
    private const int UnackedMessagesMax = 4_096;
    private const int UnackedBytesMax = 512 * 1024;

    private readonly SessionSettings _settings;
    private readonly CreditGrant _grant;
    private readonly LaneTurns _turns;
    private PerLane<InboxLane?> _lanes;                            // Each is made when something comes in it.
    private PerLane<long> _processed;
    private Dictionary<long, EarlyPiece>? _early;                  // While there are any, and until the line is quiet.
    private RingBuffer<Unhandled> _unhandled;                      // What the peer is not known to know, in the order of telling.
    private long _earlyBytes;
    private long _assemblyBytes;
    private long _bytesHeld;                                       // Texts as they are in memory, payloads, and room for unfinished messages; no entries.
    private int _handedOver;
    private long _unhandledKnown;
    private bool _isDiscarding;
    private bool _isOver;

    internal MessageReceiver(SessionSettings settings, RoundTripEstimate roundTrip)
    {
        _settings = settings;
        _turns = new LaneTurns(settings.LanePatience);
        _grant = new CreditGrant(settings.WindowMessages, settings.WindowBytes, settings.WindowMessagesMax, settings.WindowBytesMax, roundTrip);
        Acks = new AckSchedule(settings.AckDelay);
        FitAcks();
    }

    /// <summary>Gets the highest number up to which every piece is here.</summary>
    internal long Received { get; private set; }

    /// <summary>Gets what the application has finished with.</summary>
    internal LaneMarks Processed => new(_processed[0], _processed[1], _processed[2], _processed[3]);

    /// <summary>Gets what the peer may take for processed without having heard of what has expired or failed.</summary>
    internal LaneMarks ProcessedAtLeast
    {
        get
        {
            LaneMarks marks = Processed;
            for (int i = _unhandled.Count - 1; i >= 0; i--)
            {
                (long number, Lane lane, _) = _unhandled[i];
                marks = marks.With(lane, Math.Min(marks[lane], number - 1));
            }
            return marks;
        }
    }

    /// <summary>Gets how many messages were not handed over because their life had ended.</summary>
    internal long Expired { get; private set; }

    /// <summary>Gets whether the peer is to be told of messages that have expired or failed.</summary>
    internal bool HasUnhandled => _unhandled.Count > 0;

    /// <summary>Gets or sets whether the peer is told what has failed (D5.2); else that counts as processed.</summary>
    internal bool TellsFailures
    {
        get;
        set
        {
            if (field && !value) { ForgetFailures(); }
            field = value;
        }
    }

    internal AckSchedule Acks { get; }

    internal Credit Credit => new(_grant.MessagesLimit, _grant.BytesLimit);

    /// <summary>Gets how many complete messages wait for the application.</summary>
    internal int Waiting { get; private set; }

    /// <summary>Gets what is held here: payload that is not processed, as it is in memory, and its entries.</summary>
    internal long BytesHeld
    {
        get
        {
            long bytes = _bytesHeld + ((Waiting + _handedOver) * (long)HoldSizes.Entry) + ((_early?.Count ?? 0) * (long)HoldSizes.EarlyPiece);
            foreach (InboxLane? lane in _lanes) { bytes += lane?.Arena.SpareBytes ?? 0; }
            return bytes;
        }
    }

    /// <summary>Gets or sets whether the windows may grow (N6.2).</summary>
    internal bool MayGrow
    {
        get => _grant.MayGrow;
        set => _grant.MayGrow = value;
    }

    /// <summary>Gets whether the application has finished with every message.</summary>
    internal bool IsSettled => Waiting == 0 && _handedOver == 0;

    /// <summary>Gets how many pieces came that were here already.</summary>
    internal long Duplicates { get; private set; }

    /// <summary>Gets when a message that has begun may have stood for too long (F2.9).</summary>
    internal Instant NextLook { get; private set; } = Instant.Never;

    /// <summary>Gets whether the peer could finish any message.</summary>
    private bool CanFinish =>
        _grant.BytesWindow - _grant.BytesHeld >= _settings.MessageBytesMax && _grant.MessagesHeld + (_settings.WindowMessages / 16) < _grant.MessagesWindow;

    /// <summary>Takes a piece that came in its place on its transport.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="expiresAt">When the life of its message ends; <see cref="Instant.Never"/> without one.</param>
    /// <param name="now">The time.</param>
    internal Violation? Accept(in Frame piece, Instant expiresAt, Instant now)
    {
        if (piece.Number <= Received || (_early is { Count: > 0 } && _early.ContainsKey(piece.Number)))
        {
            Duplicates++;
            Acks.OweNow(now);                                      // The peer does not know that it is here.
            return null;
        }
        if (piece.Number > Received + 1) { return Keep(in piece, expiresAt); }

        Violation? violation = Take(in piece, expiresAt, now);
        while (violation is null && _early is { Count: > 0 } && _early.Remove(Received + 1, out EarlyPiece next))
        {
            _earlyBytes -= next.Piece.Payload.Length;
            _bytesHeld -= next.Piece.Payload.Length;
            violation = Take(in next.Piece, next.ExpiresAt, now);
        }
        return violation;
    }

    /// <summary>Hands the next message to the application: of the highest lane that has one, or of one in which it has waited too long. What has expired is not handed over.</summary>
    internal bool TryTake(Instant now, out InboundMessage message)
    {
        while (Waiting > 0 && TryPickLane(now, out int index))
        {
            InboxLane lane = _lanes[index]!;
            if (now >= lane.Messages[0].ExpiresAt)
            {
                Expire(lane, now);
                continue;
            }
            _turns.Took(wasOverdue: HasHigher(index));
            message = lane.Messages[0];
            lane.Messages.Drop();
            Waiting--;
            _handedOver++;
            lane.HandedOver++;
            return true;
        }
        message = default;
        return false;
    }

    /// <summary>Tells how many messages the peer has heard of as expired or failed.</summary>
    /// <returns>False if there are not as many.</returns>
    internal bool TryKnow(long known)
    {
        if (known > _unhandledKnown + _unhandled.Count) { return false; }
        for (; _unhandledKnown < known; _unhandledKnown++) { _unhandled.Drop(); }
        return true;
    }

    /// <summary>Writes the messages that have expired, or failed, and that the peer is not known to know of.</summary>
    /// <param name="hasFailed">Whether those that have failed.</param>
    /// <param name="numbers">Has room for <see cref="WireLimits.UnhandledMax"/>.</param>
    internal Span<long> ListUnhandled(bool hasFailed, Span<long> numbers)
    {
        int count = 0;
        for (int i = 0; i < _unhandled.Count; i++)
        {
            if (_unhandled[i].HasFailed == hasFailed) { numbers[count++] = _unhandled[i].Number; }
        }
        return numbers[..count];
    }

    /// <summary>Tells that the application has finished with a message that it was handed.</summary>
    /// <param name="message">The message.</param>
    /// <param name="hasFailed">Whether the handler has thrown, or there was none.</param>
    /// <param name="now">The time.</param>
    internal void Finished(in InboundMessage message, bool hasFailed, Instant now)
    {
        InboxLane lane = _lanes[(int)message.Lane]!;
        bool isTold = hasFailed && TellsFailures && !_isOver && _unhandled.Count < WireLimits.UnhandledMax;
        if (isTold) { _unhandled.Add(new Unhandled(message.Number, message.Lane, HasFailed: true)); }
        _handedOver--;
        bool isLast = --lane.HandedOver == 0;
        _processed[(int)message.Lane] = isLast ? Math.Max(message.Number, lane.Passed) : message.Number;
        if (isLast) { lane.Passed = 0; }
        GiveBack(in message, now);
    }

    /// <summary>Looks for a message that the peer does not finish (F2.9).</summary>
    internal Violation? FindUnfinished(Instant now)
    {
        NextLook = Instant.Never;
        foreach (InboxLane? lane in _lanes)
        {
            if (lane?.Assembly is not { } assembly) { continue; }
            if (now >= assembly.StandsSince + _settings.ReassemblyTimeout)
            {
                if (assembly.IsSuspicious && CanFinish) { return new Violation(CloseCode.Unfinished, "F2.9", "A message that has begun is not finished."); }
                assembly.Stand(now, isSuspicious: CanFinish);
            }
            NextLook = Instant.Earlier(NextLook, assembly.StandsSince + _settings.ReassemblyTimeout);
        }
        return null;
    }

    /// <summary>The peer has a transport again: what has begun is not judged by the time without one.</summary>
    internal void Resumed(Instant now)
    {
        foreach (InboxLane? lane in _lanes) { lane?.Assembly?.Stand(now, isSuspicious: false); }
    }

    /// <summary>Hands nothing more over: what waits and what comes is received, gives its credit back and is never processed.</summary>
    internal void Discard(Instant now)
    {
        _isDiscarding = true;
        foreach (InboxLane? lane in _lanes)
        {
            while (lane is { Messages.Count: > 0 })
            {
                InboundMessage message = lane.Messages.Take();
                message.Payload.Release();
                _bytesHeld -= SizeOf(in message);
                Return(message.PayloadBytes, now);
            }
        }
        Waiting = 0;
    }

    /// <summary>Drops what came early: the peer does not know that it is here, and sends it again when it has a transport (R2.1).</summary>
    internal void DropEarly()
    {
        if (_early is null) { return; }
        _bytesHeld -= _earlyBytes;
        (_early, _earlyBytes) = (null, 0);
    }

    /// <summary>The session is over: nobody is told anything, nothing waits for that, and what is not complete will never be.</summary>
    internal void End()
    {
        _isOver = true;
        _unhandled = default;
        DropEarly();
        foreach (InboxLane? lane in _lanes)
        {
            if (lane?.Assembly is not { } assembly) { continue; }
            _bytesHeld -= assembly.BufferBytes;
            lane.Assembly = null;
        }
        _assemblyBytes = 0;
        Trim();
    }

    /// <summary>The line has been quiet for a while: lets the memory go that only traffic needs.</summary>
    internal void Trim()
    {
        foreach (ref InboxLane? lane in _lanes)
        {
            lane?.Trim();
            if (lane is { IsIdle: true }) { lane = null; }
        }
        _early?.TrimExcess();
        if (_early is { Count: 0 }) { _early = null; }
        _unhandled.Trim();
    }

    internal void AppendTo(StateDigest digest)
    {
        digest.Add(Received, Waiting, _handedOver, _early?.Count ?? 0, _grant.MessagesLimit, _grant.MessagesHeld, _grant.BytesLimit, _grant.BytesHeld, _grant.MessagesWindow, _grant.BytesWindow);
        digest.Add(Processed.Critical, Processed.Interactive, Processed.Normal, Processed.Bulk);
        digest.Add(Acks.IsOwed, _isDiscarding, _turns.State);
        digest.Add(_unhandledKnown, _unhandled.Count, _isOver ? 1 : 0, TellsFailures ? 1 : 0);
        for (int i = 0; i < _unhandled.Count; i++) { digest.Add(_unhandled[i].Number, _unhandled[i].HasFailed ? 1 : 0); }
        digest.Add(Acks.NextDeadline);
        for (long number = Received + 1, left = _early?.Count ?? 0; left > 0; number++)
        {
            if (!_early!.TryGetValue(number, out EarlyPiece kept)) { continue; }
            Frame early = kept.Piece;
            digest.Add(number, (int)early.Lane, early.Payload.Length);
            digest.Add(early.HasMore, early.IsPrompt, early.IsText);
            digest.Add(early.Payload.Span);
            digest.Add(kept.ExpiresAt);
            left--;
        }
        foreach (InboxLane? lane in _lanes)
        {
            digest.Add(lane?.Assembly is null ? -1 : 1, lane?.Messages.Count ?? 0, lane?.Passed ?? 0);
            if (lane?.Assembly is { } assembly)
            {
                digest.Add(assembly.Payload);
                digest.Add(assembly.StandsSince);
                digest.Add(assembly.IsSuspicious);
            }
            for (int i = 0; i < (lane?.Messages.Count ?? 0); i++) { lane!.Messages[i].AppendTo(digest); }
        }
    }

    private bool TryPickLane(Instant now, out int lane)
    {
        lane = 0;
        while (lane < LaneMarks.LaneCount && !HasNextIn(lane, now)) { lane++; }
        if (lane == LaneMarks.LaneCount) { return false; }
        if (_lanes[lane]!.Messages.Count == Waiting) { return true; }
        Span<Instant> waitingSince = stackalloc Instant[LaneMarks.LaneCount];
        for (int i = 0; i < LaneMarks.LaneCount; i++) { waitingSince[i] = HasNextIn(i, now) ? _lanes[i]!.Messages[0].ArrivedAt : Instant.Never; }
        lane = _turns.Pick(waitingSince, now);
        return true;
    }

    /// <summary>A message that has expired, or may fail, stays while the peer has to hear of others first (D2.5, D5.3).</summary>
    private bool HasNextIn(int lane, Instant now)
    {
        if (_lanes[lane] is not { Messages.Count: > 0 } waiting) { return false; }
        int mayFail = TellsFailures ? _handedOver : 0;
        return _isOver || _unhandled.Count + mayFail < WireLimits.UnhandledMax || (!TellsFailures && now < waiting.Messages[0].ExpiresAt);
    }

    private bool HasHigher(int lane)
    {
        for (int higher = 0; higher < lane; higher++)
        {
            if (_lanes[higher] is { Messages.Count: > 0 }) { return true; }
        }
        return false;
    }

    /// <summary>Drops the first message of a lane because its life has ended (D2.4).</summary>
    private void Expire(InboxLane lane, Instant now)
    {
        InboundMessage message = lane.Messages.Take();
        Waiting--;
        Expired++;
        if (!_isOver) { _unhandled.Add(new Unhandled(message.Number, message.Lane, HasFailed: false)); }
        if (lane.HandedOver == 0) { _processed[(int)message.Lane] = message.Number; }
        else { lane.Passed = message.Number; }
        GiveBack(in message, now);
    }

    /// <summary>The peer does not know of failures any more: what it has not been told counts as processed.</summary>
    private void ForgetFailures()
    {
        for (int left = _unhandled.Count; left > 0; left--)
        {
            Unhandled one = _unhandled.Take();
            if (!one.HasFailed) { _unhandled.Add(in one); }
        }
    }

    private static long SizeOf(in InboundMessage message) => message.Text is { } text ? text.Length * (long)sizeof(char) : message.PayloadBytes;

    private void GiveBack(in InboundMessage message, Instant now)
    {
        _bytesHeld -= SizeOf(in message);
        message.Payload.Overwrite();
        message.Payload.Release();
        Return(message.PayloadBytes, now);
        if (message.IsPrompt) { Acks.OweNow(now); }
        else { Acks.Owe(1, message.PayloadBytes, now); }
    }

    private void Return(long payloadBytes, Instant now)
    {
        if (_grant.Return(payloadBytes, now)) { FitAcks(); }
    }

    private void FitAcks()
    {
        Acks.MessagesMax = Math.Clamp(_grant.MessagesWindow / 4, 1, UnackedMessagesMax);
        Acks.BytesMax = Math.Clamp(_grant.BytesWindow / 4, 1, UnackedBytesMax);
    }

    /// <summary>Keeps what came early on the new transport until the gap is closed (H1.5).</summary>
    private Violation? Keep(in Frame piece, Instant expiresAt)
    {
        bool isBounded = (_early?.Count ?? 0) < WireBounds.EarlyPiecesMax && _earlyBytes + piece.Payload.Length <= _grant.BytesWindow + (2L * _settings.MessageBytesMax);
        if (!isBounded) { return new Violation(CloseCode.CreditExceeded, "N3.3", "More came early than the credit allows."); }
        (_early ??= []).Add(piece.Number, new EarlyPiece(piece with { Payload = piece.Payload.ToArray(), Text = null }, expiresAt));
        _earlyBytes += piece.Payload.Length;
        _bytesHeld += piece.Payload.Length;
        return null;
    }

    private Violation? Take(in Frame piece, Instant expiresAt, Instant now)
    {
        InboxLane lane = _lanes[(int)piece.Lane] ??= new InboxLane();
        ref LaneAssembly? assembly = ref lane.Assembly;
        if (assembly is not null && !assembly.Fits(in piece)) { return new Violation(CloseCode.BadPiece, "F2.5", "A piece differs from its message."); }
        long bytes = (long)(assembly?.Length ?? 0) + piece.Payload.Length;
        if (bytes > _settings.MessageBytesMax) { return new Violation(CloseCode.MessageTooLarge, "F2.6", $"A message has more than {_settings.MessageBytesMax} bytes."); }

        bool isPiece = piece.HasMore || assembly is not null;
        if (isPiece && _assemblyBytes + piece.Payload.Length > 2L * _settings.MessageBytesMax) { return new Violation(CloseCode.CreditExceeded, "F2.8", "Incomplete messages are too long together."); }

        Received++;
        if (piece.WantsAck) { Acks.OweNow(now); }
        else { Acks.Owe(1, piece.Payload.Length, now); }
        if (piece.HasMore)
        {
            assembly ??= new LaneAssembly(piece.Kind, piece.IsText, now);
            Add(assembly, in piece, now);
            _assemblyBytes += piece.Payload.Length;
            NextLook = Instant.Earlier(NextLook, now + _settings.ReassemblyTimeout);
            return null;
        }

        if (!_grant.TryCharge(bytes)) { return new Violation(CloseCode.CreditExceeded, "N3.3", "A message came without credit."); }
        if (assembly is not null)
        {
            _assemblyBytes -= assembly.Length;
            Add(assembly, in piece, now);
            _bytesHeld -= assembly.BufferBytes;
        }
        if (_isDiscarding) { Return(bytes, now); }
        else { Complete(lane, in piece, expiresAt, now); }
        assembly = null;
        return null;
    }

    private void Add(LaneAssembly assembly, in Frame piece, Instant now)
    {
        int before = assembly.BufferBytes;
        assembly.Add(piece.Payload.Span, now);
        _bytesHeld += assembly.BufferBytes - before;
    }

    private void Complete(InboxLane lane, in Frame lastPiece, Instant expiresAt, Instant now)
    {
        LaneAssembly? assembly = lane.Assembly;
        ReadOnlySpan<byte> payload = assembly is null ? lastPiece.Payload.Span : assembly.Payload;
        string? text = assembly is null ? lastPiece.Text : null;
        var message = new InboundMessage
        {
            Number = lastPiece.Number,
            Lane = lastPiece.Lane,
            Kind = lastPiece.Kind,
            IsPrompt = lastPiece.IsPrompt,
            Text = lastPiece.IsText ? text ?? Encoding.UTF8.GetString(payload) : null,
            Payload = lastPiece.IsText ? default : assembly?.ToSlice() ?? lane.Arena.Store(payload),
            PayloadBytes = payload.Length,
            ArrivedAt = now,
            ExpiresAt = expiresAt,
        };
        lane.Messages.Add(in message);
        _bytesHeld += SizeOf(in message);
        Waiting++;
    }

    /// <summary>A message that the application has not seen, or has failed at.</summary>
    private readonly record struct Unhandled(long Number, Lane Lane, bool HasFailed);
}
