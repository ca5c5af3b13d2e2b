using System.Text;
using Eit.Backoff;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>
/// The sending half of a session: the outbox of what is accepted, the ledger of what is numbered, and the cursor between what has been
/// written to the current transport and what has not. Knows nothing of transports.
/// </summary>
internal sealed class MessageSender(SessionSettings settings)
{
    /// <summary>How small pieces get on a slow path: smaller ones would be more overhead than payload.</summary>
    private const int PieceBytesLeast = 512;

    /// <summary>What may be in flight on the slowest path. It does not follow the rate further down: of two directions, whose acknowledgements wait behind each other's data, the one with less in flight would seem ever slower.</summary>
    private const int SlowFlightBytes = 4_096;

    private static readonly UTF8Encoding s_strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Outbox _outbox = new(settings);
    private readonly CreditBalance _credit = new();
    private readonly LaneTurns _turns = new(settings.LanePatience);
    private readonly FlightWindow _flight = new(2 * WireLimits.PieceBytesMax, settings.LedgerBytesMax);
    private RingBuffer<LedgerEntry> _ledger;
    private long _firstInLedger = 1;
    private long _ledgerBytes;
    private long _ledgerSharedBytes;
    private long _begunBytes;
    private long _begunBytesBelow;
    private bool _isStopped;
    private long _unhandledAtPeer;
    private bool _owesKnown;
    private Instant? _clockBegan;
    private TimeSpan _peerTimeout;
    private FragmentSize? _fragments;                              // Made when it may matter for the first time.
    private int _pieceBytes = settings.CanFragment ? WireLimits.PieceBytesMax : FragmentSize.UnknownBytes;

    /// <summary>Gets the highest number that has been given.</summary>
    internal long Sent { get; private set; }

    /// <summary>Gets the next number to write to the current transport.</summary>
    internal long Cursor { get; private set; } = 1;

    /// <summary>Gets the peer's received mark.</summary>
    internal long PeerReceived { get; private set; }

    /// <summary>Gets the peer's processed marks.</summary>
    internal LaneMarks PeerProcessed { get; private set; }

    /// <summary>Gets or sets the largest message that the peer takes.</summary>
    internal long PeerMessageBytesMax { get; set; } = long.MaxValue;

    /// <summary>Gets how much of a WebSocket message may leave at a time (L1.7).</summary>
    internal int FragmentBytes { get; private set; } = settings.CanFragment ? FragmentSize.UnknownBytes : int.MaxValue;

    /// <summary>Gets how long a WebSocket message with data is about: as long as a piece where the path is slow, so that others get in between.</summary>
    internal int BatchBytes => Math.Min(_pieceBytes, WireLimits.BatchBytes);

    internal int OutboxMessages => _outbox.Messages;

    /// <summary>Gets since when the oldest message waits to leave; <see cref="Instant.Never"/> if none does.</summary>
    internal Instant WaitingSince => OutboxMessages == 0 ? Instant.Never : _outbox.WaitingSince;

    internal long OutboxBytes => _outbox.Bytes;

    /// <summary>Gets when the first message that waits may have to be dropped.</summary>
    internal Instant NextDrop => _outbox.NextDrop;

    /// <summary>Gets what became of the messages that the peer's handler never saw.</summary>
    internal DropCounts Dropped => _outbox.Dropped;

    internal int LedgerPieces => _ledger.Count;

    /// <summary>Gets what is held to be sent, or to be sent again, apart from what other sessions hold too.</summary>
    internal long BytesHeld => _outbox.BytesHeld + _ledgerBytes - _ledgerSharedBytes + (_ledger.Count * (long)HoldSizes.Entry);

    /// <summary>Gets the bytes of payloads that other sessions hold too.</summary>
    internal long SharedBytesHeld => _outbox.SharedBytes + _ledgerSharedBytes;

    /// <summary>Gets what the outbox holds at most, by a look at nothing else.</summary>
    internal long OutboxBytesHeldAtMost => _outbox.Bytes + (_outbox.Messages * (long)HoldSizes.Entry);

    /// <summary>Gets whether everything that was accepted has been written to the current transport.</summary>
    internal bool IsFlushed => OutboxMessages == 0 && Math.Max(Cursor, PeerReceived + 1) > Sent;   // What the peer has need not be written again.

    /// <summary>Gets whether the peer has processed everything that was accepted.</summary>
    internal bool IsSettled => OutboxMessages == 0 && _ledger.Count == 0;

    /// <summary>Gets whether a piece can be written now.</summary>
    internal bool HasNext(Instant now) => Math.Max(Cursor, PeerReceived + 1) <= Sent ? !_flight.IsFull : TryPickLane(now, out _);

    internal bool HasRoom => _outbox.HasRoom;

    internal AcceptResult Accept(in OutgoingMessage message, Instant now, out long id)
    {
        id = 0;
        if (_isStopped) { return AcceptResult.Closing; }
        int bytes = message.Shared is { } shared ? shared.Length : message.Text is { } text ? s_strictUtf8.GetByteCount(text) : message.Bytes.Length;
        if (bytes > PeerMessageBytesMax) { return AcceptResult.TooLarge; }
        return _outbox.Accept(in message, bytes, now, out id);
    }

    /// <summary>Drops a message of which nothing has left.</summary>
    /// <returns>False if there is none of that id.</returns>
    internal bool TryWithdraw(long id) => _outbox.TryWithdraw(id);

    /// <summary>Drops the messages that have waited too long to leave.</summary>
    internal void DropDue(Instant now)
    {
        if (now >= _outbox.NextDrop) { _outbox.DropDue(now); }
    }

    /// <summary>Takes the next outcome that has become known.</summary>
    internal bool TryTakeOutcome(out MessageOutcome outcome) => _outbox.TryTakeOutcome(out outcome);

    /// <summary>Tells the silence after which the peer gives a transport up.</summary>
    internal void PeerGivesUpAfter(TimeSpan timeout)
    {
        _peerTimeout = timeout;
        FitToPath();
    }

    /// <summary>Tells a round trip of the current transport.</summary>
    internal void Measured(TimeSpan roundTrip) => _flight.Measured(roundTrip);

    /// <summary>Accepts nothing more.</summary>
    internal void Stop() => _isStopped = true;

    internal void CreditAnnounced(Credit credit) => _credit.Announced(credit.Messages, credit.Bytes);

    /// <summary>Writes the next piece: one that is numbered and has to go out again, or a new one.</summary>
    /// <param name="writer">The writer.</param>
    /// <param name="now">The time.</param>
    /// <param name="lane">The lane of the piece.</param>
    /// <returns>False if there is none.</returns>
    internal bool TryWriteNext(FrameWriter writer, Instant now, out Lane lane)
    {
        Cursor = Math.Max(Cursor, PeerReceived + 1);
        if (Cursor > Sent ? !TryNumber(now) : _flight.IsFull)
        {
            lane = default;
            return false;
        }

        ref LedgerEntry entry = ref _ledger[(int)(Cursor - _firstInLedger)];
        bool hasLife = !entry.HasMore && entry.ExpiresAt != Instant.Never;
        var piece = new Frame
        {
            Type = FrameType.Data,
            Number = Cursor,
            Lane = entry.Lane,
            Kind = entry.Kind,
            IsText = entry.IsText,
            HasMore = entry.HasMore,
            IsPrompt = entry.IsPrompt,
            WantsAck = _flight.Sent(Cursor, entry.Payload.Length, now) || (!entry.HasMore && (entry.IsKeyed || entry is { Token: not null, CompleteWhen: CompleteWhen.Received })),
            Life = hasLife ? entry.ExpiresAt.Since(now) : null,
            WrittenAt = hasLife ? ClockOf(now) : 0,
        };
        writer.WriteData(in piece, entry.Payload.Span);
        if (writer.Length >= FragmentSize.UnknownBytes / 2) { (_fragments ??= new FragmentSize()).Sent(Cursor, _flight.InFlight, now); }
        lane = entry.Lane;
        Cursor++;
        return true;
    }

    /// <summary>Tells how long the next piece will be; 0 if there is none.</summary>
    internal int NextBytes(Instant now)
    {
        long next = Math.Max(Cursor, PeerReceived + 1);
        if (next <= Sent) { return _ledger[(int)(next - _firstInLedger)].Payload.Length; }
        return TryPickLane(now, out int lane) ? Math.Min(_outbox.Next(lane).Payload.Length - _outbox.Next(lane).NumberedBytes, _pieceBytes) : 0;
    }

    /// <summary>Goes back, so that everything above a number is written again.</summary>
    /// <param name="received">What the peer has.</param>
    /// <param name="now">The time.</param>
    /// <returns>False if that can't be.</returns>
    internal bool TryRewind(long received, Instant now)
    {
        if (received < PeerReceived || received > Sent) { return false; }
        Received(received, isAck: false, now);
        Cursor = received + 1;
        _flight.Restart();
        _fragments?.Restart();
        FitToPath();
        return true;
    }

    /// <summary>Tells what the peer has.</summary>
    /// <returns>False if it was never sent.</returns>
    internal bool TryAcknowledge(long received, LaneMarks processed, Instant now) => TryAcknowledge(received, processed, expired: [], failed: [], isAck: false, now);

    /// <summary>Tells what the peer has, and which messages its handler has not seen or has failed at.</summary>
    /// <returns>False if that can't be.</returns>
    internal bool TryAcknowledge(long received, LaneMarks processed, IReadOnlyList<long> expired, IReadOnlyList<long> failed, Instant now) =>
        TryAcknowledge(received, processed, expired, failed, isAck: true, now);

    /// <summary>Takes what an ack has to say about the messages that the peer has told as expired or failed; null if nothing.</summary>
    internal long? TakeKnown()
    {
        if (!_owesKnown) { return null; }
        _owesKnown = false;
        return _unhandledAtPeer;
    }

    /// <summary>Ends everything: what is not processed is Unknown if its first piece has left, else NotSent.</summary>
    internal List<MessageOutcome> Finish()
    {
        _isStopped = true;
        var unfinished = new List<MessageOutcome>();
        while (_ledger.Count > 0)
        {
            LedgerEntry entry = _ledger.Take();
            bool isPayloadHeld = _firstInLedger++ > PeerReceived;
            if (isPayloadHeld) { Release(in entry); }
            if (!entry.HasMore && !entry.IsDone) { unfinished.Add(new MessageOutcome(entry.MessageId, SendOutcome.Unknown, entry.Token)); }
        }
        _outbox.Finish(unfinished);
        (_ledgerBytes, _ledgerSharedBytes) = (0, 0);
        unfinished.Sort(static (one, other) => one.Id.CompareTo(other.Id));
        return unfinished;
    }

    /// <summary>The line has been quiet for a while: lets the memory go that only traffic needs.</summary>
    internal void Trim()
    {
        _ledger.Trim();
        _outbox.Trim(IsSettled);
    }

    internal void AppendTo(StateDigest digest, Instant connectedAt)
    {
        digest.Add(Sent, Cursor, PeerReceived, _ledger.Count, _firstInLedger, PeerMessageBytesMax);
        (long flight, long inFlight, long sinceAsked, long roundEnd, long shortest, int rounds) = _flight.State;
        digest.Add(flight, inFlight, sinceAsked, roundEnd, shortest, rounds);
        digest.Add(PeerProcessed.Critical, PeerProcessed.Interactive, PeerProcessed.Normal, PeerProcessed.Bulk);
        digest.Add(_credit.MessagesLimit, _credit.MessagesSpent, _credit.BytesLimit, _credit.BytesSpent, _isStopped ? 1 : 0, _unhandledAtPeer, _owesKnown ? 1 : 0);
        digest.Add(_clockBegan);
        if (_fragments is { State: var path }) { digest.Add((long)path.Rate, BitConverter.DoubleToInt64Bits(path.RateBefore), path.IsSlow ? 1 : 0, path.UnknownBytes, path.SampleEnd, path.SampleBytes); }
        digest.Add(_turns.State);
        for (int i = 0; i < _ledger.Count; i++)
        {
            ref LedgerEntry entry = ref _ledger[i];
            digest.Add(entry.MessageId, (int)entry.Lane, entry.Kind, entry.Payload.Length, (int)entry.CompleteWhen);
            digest.Add(entry.ExpiresAt);
            digest.Add(entry.HasMore, entry.IsDone, entry.IsPrompt, entry.Token is null);
            digest.Add(entry.IsKeyed);
        }
        _outbox.AppendTo(digest, connectedAt);
    }

    private bool TryPickLane(Instant now, out int lane)
    {
        lane = 0;
        if (OutboxMessages == 0 || _ledgerBytes >= settings.LedgerBytesMax) { return false; }
        bool isFull = _ledger.Count >= settings.LedgerPiecesMax;
        while (lane < LaneMarks.LaneCount && !HasNextIn(lane, isFull)) { lane++; }
        if (lane == LaneMarks.LaneCount) { return false; }
        int highest = lane;
        bool isAlone = _outbox.MessagesIn(lane) == OutboxMessages;
        if (!isAlone) { lane = PickLane(isFull, now); }
        if (MayLeave(lane)) { return true; }
        bool mayPass = lane != highest && highest < (int)Lane.Normal && MayLeave(highest);
        if (mayPass) { lane = highest; }                           // What waits for credit or flight does not hold up what need not.
        return mayPass;
    }

    /// <summary>What this end's clock says to the peer: ms since it was first asked, and never 0.</summary>
    private long ClockOf(Instant now) => 1 + (now.Since(_clockBegan ??= now).Ticks / TimeSpan.TicksPerMillisecond);

    private int PickLane(bool isFull, Instant now)
    {
        Span<Instant> waitingSince = stackalloc Instant[LaneMarks.LaneCount];
        for (int lane = 0; lane < LaneMarks.LaneCount; lane++) { waitingSince[lane] = HasNextIn(lane, isFull) ? _outbox.Next(lane).AcceptedAt : Instant.Never; }
        return _turns.Pick(waitingSince, now);
    }

    private bool HasHigher(int lane)
    {
        for (int higher = 0; higher < lane; higher++)
        {
            if (_outbox.HasNextIn(higher)) { return true; }
        }
        return false;
    }

    private bool MayLeave(int lane)
    {
        bool isUrgent = lane < (int)Lane.Normal;
        if (_flight.IsFull && (!isUrgent || _flight.IsFullForUrgent)) { return false; }
        ref OutboxEntry entry = ref _outbox.Next(lane);
        bool isLastPiece = entry.Payload.Length - entry.NumberedBytes <= _pieceBytes;
        return !isLastPiece || _credit.Allows(entry.Payload.Length, isUrgent);
    }

    /// <summary>A message that has begun goes on beyond a full ledger: what stands in the ledger behind its first pieces can't leave before it is complete.</summary>
    private bool HasNextIn(int lane, bool isFull) => _outbox.HasNextIn(lane) && (isFull ? _outbox.Next(lane).HasBegun : MayBegin(lane));

    /// <summary>A message of several pieces begins only if the peer has room for it beside those that have begun (F2.8).</summary>
    private bool MayBegin(int lane)
    {
        ref OutboxEntry entry = ref _outbox.Next(lane);
        if (entry.Payload.Length <= _pieceBytes || entry.HasBegun) { return true; }
        bool fits = _begunBytes + entry.Payload.Length <= 2 * PeerMessageBytesMax;
        return fits && (lane < (int)Lane.Normal || _begunBytesBelow + entry.Payload.Length <= PeerMessageBytesMax);
    }

    private void CountBegun(int lane, int bytes)
    {
        _begunBytes += bytes;
        if (lane >= (int)Lane.Normal) { _begunBytesBelow += bytes; }
    }

    private bool TryNumber(Instant now)
    {
        DropDue(now);
        if (!TryPickLane(now, out int lane)) { return false; }
        _turns.Took(wasOverdue: HasHigher(lane));
        ref OutboxEntry entry = ref _outbox.Next(lane);
        int length = PieceLength(in entry);
        bool hasMore = entry.NumberedBytes + length < entry.Payload.Length;
        bool isPrompt = !hasMore && entry.Token is not null && entry.CompleteWhen == CompleteWhen.Processed;
        PayloadSlice part = entry.Payload.Share(entry.NumberedBytes, length);
        ref LedgerEntry numbered = ref _ledger.Add();
        (numbered.Payload, numbered.Lane, numbered.Kind, numbered.IsText, numbered.HasMore, numbered.IsPrompt) = (part, (Lane)lane, entry.Kind, entry.IsText, hasMore, isPrompt);
        (numbered.MessageId, numbered.CompleteWhen, numbered.ExpiresAt, numbered.IsKeyed) = (entry.Id, entry.CompleteWhen, entry.ExpiresAt, entry.Slot is not null);
        if (!hasMore && entry.Token is { } token) { numbered.Token = token; }
        _ledgerBytes += length;
        if (part.IsShared) { _ledgerSharedBytes += length; }
        Sent++;
        if (!entry.HasBegun)
        {
            _outbox.Begin(lane);
            if (hasMore) { CountBegun(lane, entry.Payload.Length); }
        }
        else if (!hasMore) { CountBegun(lane, -entry.Payload.Length); }
        entry.NumberedBytes += length;
        if (hasMore) { return true; }

        _credit.Charge(entry.Payload.Length);
        _outbox.Complete(lane, Sent);
        return true;
    }

    /// <summary>The length of the next piece; a text is cut between code points (F2.4).</summary>
    private int PieceLength(in OutboxEntry entry)
    {
        int rest = entry.Payload.Length - entry.NumberedBytes;
        if (rest <= _pieceBytes) { return rest; }
        int length = _pieceBytes;
        ReadOnlySpan<byte> payload = entry.Payload.Span[entry.NumberedBytes..];
        while (entry.IsText && (payload[length] & 0xC0) == 0x80) { length--; }
        return length;
    }

    private bool TryAcknowledge(long received, LaneMarks processed, IReadOnlyList<long> expired, IReadOnlyList<long> failed, bool isAck, Instant now)
    {
        if (received > Sent || processed.Highest > Math.Max(received, PeerReceived)) { return false; }
        Received(received, isAck, now);
        if (expired.Count > 0 && !TryHearUnhandled(expired, SendOutcome.Expired)) { return false; }
        if (failed.Count > 0 && !TryHearUnhandled(failed, SendOutcome.Failed)) { return false; }
        for (int lane = 0; lane < LaneMarks.LaneCount; lane++) { Processed((Lane)lane, processed[(Lane)lane]); }
        TrimLedger();
        return true;
    }

    /// <summary>Only an ack frame measures the path: what hello, welcome and resend tell has waited for a transport.</summary>
    private void Received(long mark, bool isAck, Instant now)
    {
        long arrived = 0;
        while (PeerReceived < mark)
        {
            PeerReceived++;
            ref LedgerEntry entry = ref _ledger[(int)(PeerReceived - _firstInLedger)];
            _ledgerBytes -= entry.Payload.Length;
            if (entry.Payload.IsShared) { _ledgerSharedBytes -= entry.Payload.Length; }
            if (PeerReceived < Cursor) { arrived += entry.Payload.Length; }
            Release(in entry);
            entry.Payload = default;
            if (entry.CompleteWhen == CompleteWhen.Received) { Tell(ref entry, SendOutcome.Received); }
        }
        if (isAck && _fragments is { } fragments && fragments.Acknowledged(PeerReceived, _flight.Shortest, now)) { FitToPath(); }
        _flight.Acknowledged(PeerReceived, arrived, now);
        _outbox.Received(PeerReceived);
    }

    /// <summary>A payload that many sessions share is held until its last piece is through.</summary>
    private static void Release(in LedgerEntry entry)
    {
        entry.Payload.Release();
        if (!entry.HasMore) { entry.Payload.LetGo(); }
    }

    /// <summary>What leaves at a time, and on a slow path also what is numbered and what is in flight, follows what is known of the path (L1.7, L1.8).</summary>
    private void FitToPath()
    {
        int bytes = _fragments?.Of(_peerTimeout) ?? FragmentSize.UnknownBytes;
        bool isSlow = _fragments is { } fragments && fragments.IsSlowFor(WireLimits.PieceBytesMax, _peerTimeout);
        if (settings.CanFragment) { FragmentBytes = bytes; }
        _pieceBytes = isSlow || !settings.CanFragment ? Math.Clamp(bytes, PieceBytesLeast, WireLimits.PieceBytesMax) : WireLimits.PieceBytesMax;
        _flight.UseFloor(isSlow ? Math.Max(2 * _pieceBytes, SlowFlightBytes) : 2 * WireLimits.PieceBytesMax);
    }

    /// <summary>Takes note of the messages that the peer has not handed over (D2.4), or whose handler has failed (D5.1); it tells them until it hears that this end knows.</summary>
    private bool TryHearUnhandled(IReadOnlyList<long> numbers, SendOutcome outcome)
    {
        _owesKnown = true;
        for (int i = 0; i < numbers.Count; i++)
        {
            if (numbers[i] > PeerReceived || numbers[i] == 0) { return false; }
            if (numbers[i] < _firstInLedger) { continue; }
            ref LedgerEntry entry = ref _ledger[(int)(numbers[i] - _firstInLedger)];
            if (entry.HasMore || (outcome == SendOutcome.Expired && entry.ExpiresAt == Instant.Never)) { return false; }
            if (entry.IsDone) { continue; }
            entry.IsDone = true;
            _unhandledAtPeer++;
            _outbox.Count(outcome);
            Tell(ref entry, outcome);
        }
        return true;
    }

    private void Processed(Lane lane, long mark)
    {
        for (long number = Math.Max(PeerProcessed[lane] + 1, _firstInLedger); number <= mark; number++)
        {
            ref LedgerEntry entry = ref _ledger[(int)(number - _firstInLedger)];
            if (entry.Lane != lane || entry.IsDone) { continue; }
            entry.IsDone = true;
            Tell(ref entry, SendOutcome.Processed);
        }
        if (mark > PeerProcessed[lane]) { PeerProcessed = PeerProcessed.With(lane, mark); }
    }

    private void Tell(ref LedgerEntry entry, SendOutcome outcome)
    {
        if (entry.Token is null) { return; }
        _outbox.Tell(new MessageOutcome(entry.MessageId, outcome, entry.Token));
        entry.Token = null;
    }

    private void TrimLedger()
    {
        while (_ledger.Count > 0 && _ledger[0].IsDone)
        {
            _ledger.Drop();
            _firstInLedger++;
        }
    }
}
