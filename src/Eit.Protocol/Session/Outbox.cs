using Eit.Backoff;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>
/// What is accepted and not, or not completely, numbered: a queue per lane. Here, and only here, messages are replaced, expire, grow too old or are withdrawn.
/// </summary>
internal sealed class Outbox(SessionSettings settings)
{
    private const int DroppedMin = 32;

    private PerLane<OutboxLane?> _lanes;                           // Each is made when something is sent in it.
    private Dictionary<KeyId, KeySlot>? _keys;
    private RingBuffer<(long Number, KeySlot Slot)> _keysOnTheWay;
    private PayloadArena? _arena;
    private RingBuffer<MessageOutcome> _outcomes;
    private long _lastId;

    internal int Messages { get; private set; }

    internal long Bytes { get; private set; }

    /// <summary>Gets how many of them other sessions hold too.</summary>
    internal long SharedBytes { get; private set; }

    /// <summary>Gets what is held here, apart from what others hold too.</summary>
    internal long BytesHeld => Bytes - SharedBytes + ((Messages + (_keys?.Count ?? 0)) * (long)HoldSizes.Entry) + (_arena?.SpareBytes ?? 0);

    /// <summary>Gets when the first message may have to be dropped; it may have left by then.</summary>
    internal Instant NextDrop { get; private set; } = Instant.Never;

    internal DropCounts Dropped { get; private set; }

    /// <summary>Gets whether a lane that has refused a message has room again.</summary>
    internal bool HasRoom
    {
        get
        {
            foreach (OutboxLane? lane in _lanes)
            {
                if (lane is { HasRefused: true } && lane.Messages <= settings.OutboxMessagesMax / 2 && lane.Bytes <= settings.OutboxBytesMax / 2) { return true; }
            }
            return false;
        }
    }

    /// <summary>Takes a message over.</summary>
    internal AcceptResult Accept(in OutgoingMessage message, int bytes, Instant now, out long id)
    {
        if (now >= NextDrop) { DropDue(now); }
        id = 0;
        KeySlot? slot = message.Key is { } key ? _keys?.GetValueOrDefault(new KeyId(message.Lane, message.Kind, key)) : null;
        bool replaces = slot is { Place: not null } or { HasParked: true };
        OutboxLane lane = _lanes[(int)message.Lane] ??= new OutboxLane();
        int others = replaces ? lane.Messages - 1 : lane.Messages;
        long otherBytes = replaces ? lane.Bytes - Waiting(slot!).Payload.Length : lane.Bytes;
        bool fits = others == 0 || (others < settings.OutboxMessagesMax && otherBytes + bytes <= settings.OutboxBytesMax);
        lane.HasRefused = !fits;
        if (!fits) { return AcceptResult.Full; }

        if (message.Key is not null && slot is null) { slot = AddSlot(in message); }
        PayloadSlice payload = Store(in message, bytes);
        id = ++_lastId;
        Add(lane, payload);
        if (slot is null)
        {
            Fill(ref lane.Entries.Add(), in message, payload, now);   // In its place: most messages have no key, and a copy of each would show.
            return AcceptResult.Accepted;
        }
        var entry = new OutboxEntry { Slot = slot };
        Fill(ref entry, in message, payload, now);
        if (replaces) { Replace(lane, ref Waiting(slot), in entry); }
        else if (slot.IsOnTheWay) { slot.Park(in entry); }
        else { Enqueue(lane, in entry); }
        return AcceptResult.Accepted;
    }

    internal Instant WaitingSince
    {
        get
        {
            Instant since = Instant.Never;
            for (int lane = 0; lane < LaneMarks.LaneCount; lane++)
            {
                if (HasNextIn(lane)) { since = Instant.Earlier(since, Next(lane).AcceptedAt); }
            }
            return since;
        }
    }

    internal int MessagesIn(int lane) => _lanes[lane]?.Messages ?? 0;

    internal bool HasNextIn(int lane) => _lanes[lane] is { Entries.Count: > 0 };

    /// <summary>The message of a lane that is next to leave.</summary>
    internal ref OutboxEntry Next(int lane) => ref _lanes[lane]!.Entries[0];

    /// <summary>The first piece of a lane's next message leaves: from now on it stays.</summary>
    internal void Begin(int lane)
    {
        ref OutboxEntry entry = ref Next(lane);
        entry.HasBegun = true;
        if (entry.Slot is { } slot) { (slot.Place, slot.IsOnTheWay) = (null, true); }
    }

    /// <summary>The last piece of a lane's next message has been numbered.</summary>
    internal void Complete(int laneIndex, long number)
    {
        OutboxLane lane = _lanes[laneIndex]!;
        ref OutboxEntry done = ref lane.Entries[0];
        Remove(lane, done.Payload);
        done.Payload.Release();
        if (done.Slot is { } slot) { _keysOnTheWay.Add((number, slot)); }
        DropNext(lane);
        if (lane.Dropped > 0) { Tidy(lane); }
        if (Messages == 0) { NextDrop = Instant.Never; }
    }

    /// <summary>The peer has everything up to a number: the next messages of the keys that were on the way take their places in their lanes.</summary>
    internal void Received(long mark)
    {
        while (_keysOnTheWay.Count > 0 && _keysOnTheWay[0].Number <= mark)
        {
            KeySlot slot = _keysOnTheWay.Take().Slot;
            slot.IsOnTheWay = false;
            if (slot.HasParked) { Enqueue(_lanes[(int)slot.Id.Lane]!, slot.TakeParked()); }
            else { _keys!.Remove(slot.Id); }
        }
    }

    /// <summary>Drops what has waited too long.</summary>
    internal void DropDue(Instant now)
    {
        NextDrop = Instant.Never;
        foreach (OutboxLane? lane in _lanes)
        {
            for (int i = 0; i < (lane?.Entries.Count ?? 0); i++)
            {
                ref OutboxEntry entry = ref lane!.Entries[i];
                if (IsDue(in entry, now)) { Drop(lane, ref entry, OutcomeOf(in entry, now)); }
            }
            if (lane is not null) { Tidy(lane); }
        }
        if (_keys is null) { return; }
        foreach (KeySlot slot in _keys.Values)
        {
            if (slot.HasParked && IsDue(in slot.Parked, now)) { DropParked(slot, OutcomeOf(in slot.Parked, now)); }
        }
    }

    /// <summary>Drops a message of which nothing has left.</summary>
    /// <returns>False if it is not here any more, or has begun to leave.</returns>
    internal bool TryWithdraw(long id)
    {
        foreach (OutboxLane? lane in _lanes)
        {
            for (int i = 0; i < (lane?.Entries.Count ?? 0); i++)
            {
                ref OutboxEntry entry = ref lane!.Entries[i];
                if (entry.Id != id || entry.IsDropped) { continue; }
                if (entry.HasBegun) { return false; }
                Drop(lane, ref entry, SendOutcome.NotSent);
                Tidy(lane);
                return true;
            }
        }
        if (_keys is null) { return false; }
        foreach (KeySlot slot in _keys.Values)
        {
            if (!slot.HasParked || slot.Parked.Id != id) { continue; }
            DropParked(slot, SendOutcome.NotSent);
            return true;
        }
        return false;
    }

    /// <summary>Ends everything.</summary>
    internal void Finish(List<MessageOutcome> unfinished)
    {
        foreach (OutboxLane? lane in _lanes)
        {
            while (lane is { Entries.Count: > 0 }) { Finish(lane.Entries.Take(), unfinished); }
        }
        if (_keys is not null)
        {
            foreach (KeySlot slot in _keys.Values)
            {
                if (slot.HasParked) { Finish(slot.TakeParked(), unfinished); }
            }
        }
        (_lanes, _keys, _keysOnTheWay) = (default, null, default);
        (Messages, Bytes, SharedBytes, NextDrop) = (0, 0, 0, Instant.Never);
        DropArena();
    }

    /// <summary>Tells what has become of a message to whoever takes it.</summary>
    internal void Tell(MessageOutcome outcome) => _outcomes.Add(in outcome);

    /// <summary>Takes the next outcome that has become known.</summary>
    internal bool TryTakeOutcome(out MessageOutcome outcome) => _outcomes.TryTake(out outcome);

    /// <summary>Lets the memory go that only traffic needs.</summary>
    internal void Trim(bool isSettled)
    {
        foreach (ref OutboxLane? lane in _lanes)
        {
            if (lane is { IsIdle: true }) { lane = null; }
        }
        if (_keys is { Count: 0 }) { _keys = null; }
        _keysOnTheWay.Trim();
        _outcomes.Trim();
        if (isSettled) { DropArena(); }
    }

    /// <param name="digest">The digest.</param>
    /// <param name="connectedAt">Since when what waits counts as waiting for the peer: only to what is older does it matter.</param>
    internal void AppendTo(StateDigest digest, Instant connectedAt)
    {
        digest.Add(Messages, Bytes, _lastId, _outcomes.Count, _keys?.Count ?? 0, _keysOnTheWay.Count);
        digest.Add(Dropped.Replaced, Dropped.Expired, Dropped.NotSent);
        digest.Add(NextDrop);
        foreach (OutboxLane? lane in _lanes)
        {
            digest.Add(lane?.Entries.Count ?? 0);
            digest.Add(lane is { HasRefused: true });
            for (int i = 0; i < (lane?.Entries.Count ?? 0); i++) { Append(digest, in lane!.Entries[i], connectedAt); }
        }
        for (int i = 0; i < _keysOnTheWay.Count; i++)
        {
            (long number, KeySlot slot) = _keysOnTheWay[i];
            digest.Add(number, (int)slot.Id.Lane, slot.Id.Kind);
            digest.Add(slot.Id.Key);
            AppendParked(digest, slot, connectedAt);
        }
    }

    private static void Append(StateDigest digest, in OutboxEntry entry, Instant connectedAt)
    {
        digest.Add(entry.Id, entry.Kind, entry.Payload.Length, entry.NumberedBytes, (int)entry.CompleteWhen);
        digest.Add(entry.HasBegun, entry.IsText, entry.Token is null, entry.IsDropped);
        digest.Add(entry.Stays);
        digest.Add(entry.AcceptedAt);
        digest.Add(entry.AcceptedAt > connectedAt ? entry.AcceptedAt : connectedAt);
        digest.Add(entry.ExpiresAt);
        digest.Add(entry.Slot?.Id.Key);
        if (entry is { HasBegun: true, Slot: { } slot }) { AppendParked(digest, slot, connectedAt); }
    }

    private static void AppendParked(StateDigest digest, KeySlot slot, Instant connectedAt)
    {
        digest.Add(slot.HasParked);
        if (slot.HasParked) { Append(digest, in slot.Parked, connectedAt); }
    }

    private static SendOutcome OutcomeOf(in OutboxEntry entry, Instant now) => now >= entry.ExpiresAt ? SendOutcome.Expired : SendOutcome.NotSent;

    private static void Finish(OutboxEntry entry, List<MessageOutcome> unfinished)
    {
        if (entry.IsDropped) { return; }
        entry.Payload.Release();
        entry.Payload.LetGo();
        unfinished.Add(new MessageOutcome(entry.Id, entry.HasBegun ? SendOutcome.Unknown : SendOutcome.NotSent, entry.Token));
    }

    /// <summary>Only a message whose sender hears of it is given up for its age (D2.2).</summary>
    private Instant DropAt(in OutboxEntry entry) => entry.Stays || entry.Token is null ? entry.ExpiresAt : Instant.Earlier(entry.ExpiresAt, entry.AcceptedAt + settings.OutboxAge);

    private bool IsDue(in OutboxEntry entry, Instant now)
    {
        if (entry.HasBegun || entry.IsDropped) { return false; }
        Instant dropAt = DropAt(in entry);
        if (now >= dropAt) { return true; }
        NextDrop = Instant.Earlier(NextDrop, dropAt);
        return false;
    }

    /// <summary>Makes a default entry that of the message which has just got its id.</summary>
    private void Fill(ref OutboxEntry entry, in OutgoingMessage message, PayloadSlice payload, Instant now)
    {
        (entry.Payload, entry.Id, entry.Kind, entry.IsText, entry.CompleteWhen) = (payload, _lastId, message.Kind, message.IsText, message.CompleteWhen);
        (entry.AcceptedAt, entry.Stays) = (now, message.Stays);
        entry.ExpiresAt = message.ExpiresAfter is { } life ? now + life : Instant.Never;
        if (message.Token is { } token) { entry.Token = token; }
        NextDrop = Instant.Earlier(NextDrop, DropAt(in entry));
    }

    private PayloadSlice Store(in OutgoingMessage message, int bytes)
    {
        if (message.Shared is { } shared) { return new PayloadSlice(shared.Chunk, 0, shared.Length); }
        _arena ??= new PayloadArena();
        return message.Text is { } text ? _arena.Store(text, bytes) : _arena.Store(message.Bytes.Span);
    }

    private void DropArena()
    {
        _arena?.Trim();
        _arena = null;
    }

    private KeySlot AddSlot(in OutgoingMessage message)
    {
        var slot = new KeySlot(new KeyId(message.Lane, message.Kind, message.Key!));
        (_keys ??= []).Add(slot.Id, slot);
        return slot;
    }

    /// <summary>The message of a key that waits, in its lane's queue or outside of it.</summary>
    private ref OutboxEntry Waiting(KeySlot slot)
    {
        if (slot.Place is not { } place) { return ref slot.Parked; }
        OutboxLane lane = _lanes[(int)slot.Id.Lane]!;
        return ref lane.Entries[(int)(place - lane.Taken)];
    }

    private void Replace(OutboxLane lane, ref OutboxEntry older, in OutboxEntry entry)
    {
        Leave(lane, in older, SendOutcome.Replaced);
        older = entry;
    }

    private static void Enqueue(OutboxLane lane, in OutboxEntry entry)
    {
        if (entry.Slot is { } slot) { slot.Place = lane.Taken + lane.Entries.Count; }
        lane.Entries.Add(in entry);
    }

    private static void DropNext(OutboxLane lane)
    {
        lane.Taken++;
        lane.Entries.Drop();
    }

    private void Drop(OutboxLane lane, ref OutboxEntry entry, SendOutcome outcome)
    {
        Leave(lane, in entry, outcome);
        if (entry.Slot is { } slot) { _keys!.Remove(slot.Id); }
        entry = new OutboxEntry { IsDropped = true };
        lane.Dropped++;
    }

    private void DropParked(KeySlot slot, SendOutcome outcome) => Leave(_lanes[(int)slot.Id.Lane]!, slot.TakeParked(), outcome);

    private void Leave(OutboxLane lane, in OutboxEntry entry, SendOutcome outcome)
    {
        entry.Payload.Release();
        Remove(lane, entry.Payload);
        entry.Payload.LetGo();
        Count(outcome);
        if (entry.Token is not null) { Tell(new MessageOutcome(entry.Id, outcome, entry.Token)); }
    }

    private void Add(OutboxLane lane, PayloadSlice payload)
    {
        Messages++;
        Bytes += payload.Length;
        if (payload.IsShared) { SharedBytes += payload.Length; }
        lane.Messages++;
        lane.Bytes += payload.Length;
    }

    private void Remove(OutboxLane lane, PayloadSlice payload)
    {
        Messages--;
        Bytes -= payload.Length;
        if (payload.IsShared) { SharedBytes -= payload.Length; }
        lane.Messages--;
        lane.Bytes -= payload.Length;
    }

    /// <summary>Counts a message that has come to its end, but not by the peer's handler.</summary>
    internal void Count(SendOutcome outcome) => Dropped = outcome switch
    {
        SendOutcome.Replaced => Dropped with { Replaced = Dropped.Replaced + 1 },
        SendOutcome.Expired => Dropped with { Expired = Dropped.Expired + 1 },
        SendOutcome.Failed => Dropped with { Failed = Dropped.Failed + 1 },
        _ => Dropped with { NotSent = Dropped.NotSent + 1 },
    };

    /// <summary>A dropped message never stands first, and dropped ones are never more than the others and a few.</summary>
    private static void Tidy(OutboxLane lane)
    {
        ref RingBuffer<OutboxEntry> entries = ref lane.Entries;
        while (entries.Count > 0 && entries[0].IsDropped)
        {
            DropNext(lane);
            lane.Dropped--;
        }
        if (lane.Dropped <= DroppedMin + (entries.Count / 2)) { return; }
        long place = lane.Taken;
        for (int left = entries.Count; left > 0; left--)
        {
            OutboxEntry entry = entries.Take();
            if (entry.IsDropped) { continue; }
            if (entry.Slot is { Place: not null } slot) { slot.Place = place; }
            place++;
            entries.Add(in entry);
        }
        lane.Dropped = 0;
    }
}
