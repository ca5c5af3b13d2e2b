using System.Globalization;
using System.Runtime.CompilerServices;
using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Simulation;

/// <summary>What was promised and what happened, in one direction of one session; says what is wrong with it.</summary>
/// <param name="name">What it calls itself.</param>
/// <param name="outboxAge">After how long its sender gives up what has not left.</param>
internal class History(string name, TimeSpan outboxAge)
{
    /// <summary>A life travels in whole milliseconds.</summary>
    private static readonly TimeSpan s_lifeUnit = TimeSpan.FromMilliseconds(1);

    private readonly List<Entry> _accepted = [];
    private readonly long[] _lastHandled = new long[LaneMarks.LaneCount];
    private readonly Dictionary<(Lane Lane, byte Kind, string Key), (long Accepted, long Handled)> _latest = [];

    internal virtual long AcceptedCount => _accepted.Count;

    internal long HandledCount { get; private set; }

    /// <summary>Whether the sender's end of the session is over, and has told every outcome.</summary>
    internal bool IsEnded { get; private set; }

    /// <summary>Whether both ends have the feature <c>failed</c>; else what fails is told as processed.</summary>
    internal bool TellsFailures { get; set; } = true;

    /// <summary>How many messages were told as each outcome.</summary>
    internal int[] Outcomes { get; } = new int[Enum.GetValues<SendOutcome>().Length];

    /// <summary>The books of the credit; null where only one end is seen.</summary>
    internal virtual CreditAudit? Credit { get; } = new();

    internal SendOutcome? OutcomeOf(long id) => _accepted[(int)id - 1].Outcome;

    /// <summary>Whether either end has died with its process, so that nobody could tell.</summary>
    internal bool IsOrphaned { get; set; }

    /// <summary>The text of a message: its number, then a letter of its own up to its length.</summary>
    internal static string Text(long id, int bytes)
    {
        string head = string.Create(CultureInfo.InvariantCulture, $"{id}:");
        return bytes <= head.Length ? head : string.Create(bytes, (head, id), static (text, message) =>
        {
            message.head.CopyTo(text);
            text[message.head.Length..].Fill(LetterOf(message.id));
        });
    }

    internal virtual void Accepted(long id, in Promise promise)
    {
        Require(id == _accepted.Count + 1, $"message {id} was accepted after {_accepted.Count}");
        Require(!IsEnded, $"message {id} was accepted after the end");
        _accepted.Add(new Entry(promise));
        if (promise.Slot is { } slot) { _latest[slot] = (id, _latest.GetValueOrDefault(slot).Handled); }
    }

    /// <summary>The sender has taken a message back.</summary>
    internal void Withdrawn(long id)
    {
        Entry entry = _accepted[(int)id - 1];
        Require(!entry.IsHandled && entry.Outcome is null, $"message {id} was withdrawn, and is {entry.Fate}");
        entry.IsWithdrawn = true;
    }

    /// <summary>A handler has been given a message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="leftAt">When it would have been given to it without the time that its last piece was on the way.</param>
    internal virtual void Handled(in InboundMessage message, Instant leftAt)
    {
        string text = message.Text ?? System.Text.Encoding.UTF8.GetString(message.Bytes.Span);
        long id = IdOf(text, out int headLength);
        Require(id >= 1 && id <= _accepted.Count, $"message {id} was handled and never accepted");
        Entry entry = _accepted[(int)id - 1];
        bool isText = text.Length == Math.Max(entry.Promise.Bytes, headLength) && !text.AsSpan(headLength).ContainsAnyExcept(LetterOf(id));
        Require(isText, $"message {id} was changed on the way");
        Require(message.Lane == entry.Promise.Lane, $"message {id} came in lane {message.Lane}");
        Require(!entry.IsHandled, $"message {id} was handled twice");
        Require(!entry.IsWithdrawn && entry.Outcome is null or SendOutcome.Received or SendOutcome.Unknown, $"message {id} was handled and told as {entry.Fate}");
        Require(leftAt < entry.Promise.ExpiresAt, $"message {id} was handled at {leftAt}, without its time on the way, and was to expire at {entry.Promise.ExpiresAt}");
        CheckOrder(id, in entry.Promise);
        entry.IsHandled = true;
        HandledCount++;
    }

    /// <summary>A handler has finished with a message, or has thrown.</summary>
    internal virtual void Finished(in InboundMessage message, bool hasThrown)
    {
        string text = message.Text ?? System.Text.Encoding.UTF8.GetString(message.Bytes.Span);
        Entry entry = _accepted[(int)IdOf(text, out _) - 1];
        (entry.IsFinished, entry.HasThrown) = (true, hasThrown);
    }

    internal virtual void Told(long id, SendOutcome outcome, Instant now)
    {
        Entry entry = _accepted[(int)id - 1];
        Require(entry.Outcome is null or SendOutcome.Received, $"message {id} was told as {entry.Outcome} and as {outcome}");
        bool isTrue = outcome switch
        {
            SendOutcome.Processed => entry.IsFinished && !HasFailed(entry),
            SendOutcome.Failed => entry.IsFinished && HasFailed(entry),
            SendOutcome.Expired => !entry.IsHandled && HasExpired(entry, now),
            SendOutcome.Replaced => !entry.IsHandled && IsOutdated(entry, id),
            SendOutcome.NotSent => !entry.IsHandled && (IsEnded || entry.IsWithdrawn || IsTooOld(entry, now)),
            SendOutcome.Unknown => IsEnded,
            SendOutcome.Received => true,
            _ => false,
        };
        Require(isTrue, $"message {id} was told as {outcome} and is not");
        entry.Outcome = outcome;
        Outcomes[(int)outcome]++;
    }

    /// <summary>The session is over at the sender; what is not in the list is processed, or was dropped.</summary>
    internal virtual void Ended(IReadOnlyList<MessageOutcome> unfinished, DropCounts dropped, Instant now)
    {
        Require(!IsEnded, "the session ended twice");
        IsEnded = true;
        var open = unfinished.ToDictionary(static outcome => outcome.Id);
        long notProcessed = 0;
        for (int i = 0; i < _accepted.Count; i++)
        {
            Entry entry = _accepted[i];
            if (open.TryGetValue(i + 1, out MessageOutcome outcome)) { Told(i + 1, outcome.Outcome, now); }
            else if (entry.Outcome is not null and not SendOutcome.Received) { notProcessed += entry.IsFinished ? 0 : 1; }
            else if (MayBeDropped(entry, i + 1, now)) { notProcessed++; }
            else { Told(i + 1, HasFailed(entry) ? SendOutcome.Failed : SendOutcome.Processed, now); }
        }
        Require(open.Count == unfinished.Count, "an outcome was told twice at the end");
        CheckCounts(notProcessed, Outcomes[(int)SendOutcome.Failed], dropped);
    }

    /// <summary>The faults are over and everything is quiet: what was accepted in a session that lives has been handled, or had a reason not to be.</summary>
    internal void CheckQuiet(Instant now = default)
    {
        if (IsEnded || IsOrphaned) { return; }
        for (int i = 0; i < _accepted.Count; i++)
        {
            Entry entry = _accepted[i];
            bool isDropped = entry.Outcome is SendOutcome.Expired or SendOutcome.Replaced or SendOutcome.NotSent;
            Require(entry.IsFinished || isDropped || MayBeDropped(entry, i + 1, now), $"message {i + 1} of {_accepted.Count} was lost");
            bool isTold = isDropped || entry.Promise.Awaits is not { } when || entry.Outcome == OutcomeOf(entry, when);
            Require(isTold, $"nobody was told what became of message {i + 1} of {_accepted.Count}: it is {entry.Fate}, {entry.Promise}");
        }
    }

    /// <summary>Everything is quiet and the session lives: its sender has counted each message that was not handled, once.</summary>
    internal void CheckCounts(DropCounts dropped) => CheckCounts(_accepted.Count(static entry => !entry.IsFinished), _accepted.Count(HasFailed), dropped);

    internal void AppendTo(StateDigest digest)
    {
        digest.Add(_accepted.Count, IsEnded ? 1 : 0);
        digest.Add(_lastHandled);
        foreach (Entry entry in _accepted)
        {
            digest.Add((int)entry.Promise.Lane, entry.Promise.Bytes, (long?)entry.Outcome ?? -1, (long?)entry.Promise.Awaits ?? -1);
            digest.Add(entry.IsHandled, entry.IsFinished, entry.HasThrown);
            digest.Add(entry.Promise.Key);
        }
    }

    private void CheckCounts(long notProcessed, long failed, DropCounts dropped)
    {
        Require(failed == dropped.Failed, $"the handler threw at {failed} of {_accepted.Count} messages, and the counts are {dropped}");
        bool isCounted = Outcomes[(int)SendOutcome.Replaced] <= dropped.Replaced && Outcomes[(int)SendOutcome.Expired] <= dropped.Expired;
        Require(isCounted && notProcessed == dropped.Replaced + dropped.Expired + dropped.NotSent, $"{notProcessed} of {_accepted.Count} messages were not handled, and the counts are {dropped}");
    }

    /// <summary>The order of a lane is that of acceptance, but for messages with a key, which may take another's place or wait beside it: they keep the order of their key.</summary>
    private void CheckOrder(long id, in Promise promise)
    {
        long before = promise.Slot is { } slot ? _latest[slot].Handled : _lastHandled[(int)promise.Lane];
        Require(id > before, $"message {id} was handled after {before} of its {(promise.Key is null ? "lane" : "key")}");
        if (promise.Slot is { } of) { _latest[of] = (_latest[of].Accepted, id); }
        else { _lastHandled[(int)promise.Lane] = id; }
    }

    private bool MayBeDropped(Entry entry, long id, Instant now) =>
        !entry.IsHandled && (entry.IsWithdrawn || HasExpired(entry, now) || IsOutdated(entry, id) || IsTooOld(entry, now));

    private bool HasFailed(Entry entry) => entry.HasThrown && TellsFailures;

    private SendOutcome OutcomeOf(Entry entry, CompleteWhen when) => when != CompleteWhen.Processed ? SendOutcome.Received : HasFailed(entry) ? SendOutcome.Failed : SendOutcome.Processed;

    private static bool HasExpired(Entry entry, Instant now) => entry.Promise.ExpiresAt != Instant.Never && now + s_lifeUnit >= entry.Promise.ExpiresAt;

    private bool IsOutdated(Entry entry, long id) => entry.Promise.Slot is { } slot && _latest[slot].Accepted > id;

    private bool IsTooOld(Entry entry, Instant now) => entry.Promise.Awaits is not null && now >= entry.Promise.AcceptedAt + outboxAge;

    private static char LetterOf(long id) => (char)('a' + (int)(id % 26));

    private static long IdOf(string text, out int headLength)
    {
        headLength = text.IndexOf(':', StringComparison.Ordinal) + 1;
        return long.Parse(text.AsSpan(0, headLength - 1), CultureInfo.InvariantCulture);
    }

    private void Require(bool holds, [InterpolatedStringHandlerArgument(nameof(holds))] BrokenPromise otherwise)
    {
        if (!holds) { Require(holds: false, otherwise.Take()); }
    }

    private void Require(bool holds, string otherwise)
    {
        if (!holds) { throw new HistoryException($"{name}: {otherwise}."); }
    }

    private sealed class Entry(Promise promise)
    {
        private readonly Promise _promise = promise;

        internal ref readonly Promise Promise => ref _promise;

        internal bool IsHandled { get; set; }

        internal bool IsFinished { get; set; }

        internal bool HasThrown { get; set; }

        internal bool IsWithdrawn { get; set; }

        internal SendOutcome? Outcome { get; set; }

        internal string Fate => (IsHandled ? "handled, " : IsWithdrawn ? "withdrawn, " : string.Empty) + (Outcome?.ToString() ?? "open");
    }
}
