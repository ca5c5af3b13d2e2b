using System.Globalization;
using System.Runtime.CompilerServices;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Simulation;

/// <summary>What was promised and what happened, in one direction of one session; says what is wrong with it.</summary>
internal class History(string name)
{
    private readonly List<Entry> _accepted = [];
    private readonly long[] _lastHandled = new long[LaneMarks.LaneCount];

    internal virtual long AcceptedCount => _accepted.Count;

    internal long HandledCount { get; private set; }

    /// <summary>Whether the sender's end of the session is over, and has told every outcome.</summary>
    internal bool IsEnded { get; private set; }

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

    internal virtual void Accepted(long id, Lane lane, int bytes, CompleteWhen? awaits = null)
    {
        Require(id == _accepted.Count + 1, $"message {id} was accepted after {_accepted.Count}");
        Require(!IsEnded, $"message {id} was accepted after the end");
        _accepted.Add(new Entry(lane, bytes, awaits));
    }

    internal virtual void Handled(in InboundMessage message)
    {
        string text = message.Text ?? System.Text.Encoding.UTF8.GetString(message.Bytes.Span);
        long id = IdOf(text, out int headLength);
        Require(id >= 1 && id <= _accepted.Count, $"message {id} was handled and never accepted");
        Entry entry = _accepted[(int)id - 1];
        bool isText = text.Length == Math.Max(entry.Bytes, headLength) && !text.AsSpan(headLength).ContainsAnyExcept(LetterOf(id));
        Require(isText, $"message {id} was changed on the way");
        Require(message.Lane == entry.Lane, $"message {id} came in lane {message.Lane}");
        Require(!entry.IsHandled, $"message {id} was handled twice");
        Require(id > _lastHandled[(int)entry.Lane], $"message {id} was handled after {_lastHandled[(int)entry.Lane]} of its lane");
        Require(entry.Outcome != SendOutcome.NotSent, $"message {id} was handled and told as NotSent");
        entry.IsHandled = true;
        _lastHandled[(int)entry.Lane] = id;
        HandledCount++;
    }

    internal virtual void Finished(in InboundMessage message)
    {
        string text = message.Text ?? System.Text.Encoding.UTF8.GetString(message.Bytes.Span);
        long id = IdOf(text, out _);
        _accepted[(int)id - 1].IsFinished = true;
    }

    internal virtual void Told(long id, SendOutcome outcome)
    {
        Entry entry = _accepted[(int)id - 1];
        Require(entry.Outcome is null or SendOutcome.Received, $"message {id} was told as {entry.Outcome} and as {outcome}");
        Require(outcome != SendOutcome.Processed || entry.IsFinished, $"message {id} was told as Processed and is not");
        Require(outcome != SendOutcome.NotSent || !entry.IsHandled, $"message {id} was told as NotSent and was handled");
        entry.Outcome = outcome;
    }

    /// <summary>The session is over at the sender; what is not in the list counts as processed.</summary>
    internal virtual void Ended(IReadOnlyList<MessageOutcome> unfinished)
    {
        Require(!IsEnded, "the session ended twice");
        IsEnded = true;
        var open = unfinished.ToDictionary(static outcome => outcome.Id);
        for (int i = 0; i < _accepted.Count; i++)
        {
            if (open.TryGetValue(i + 1, out MessageOutcome outcome)) { Told(i + 1, outcome.Outcome); }
            else if (_accepted[i].Outcome is null or SendOutcome.Received) { Told(i + 1, SendOutcome.Processed); }
        }
        Require(open.Count == unfinished.Count, "an outcome was told twice at the end");
    }

    /// <summary>The faults are over and everything is quiet: what was accepted in a session that lives has been handled.</summary>
    internal void CheckQuiet()
    {
        if (IsEnded || IsOrphaned) { return; }
        for (int i = 0; i < _accepted.Count; i++)
        {
            Require(_accepted[i].IsHandled, $"message {i + 1} of {_accepted.Count} was lost");
            bool isTold = _accepted[i].Awaits is not { } when || _accepted[i].Outcome == (when == CompleteWhen.Processed ? SendOutcome.Processed : SendOutcome.Received);
            Require(isTold, $"nobody was told what became of message {i + 1} of {_accepted.Count}");
        }
    }

    internal void AppendTo(StateDigest digest)
    {
        digest.Add(_accepted.Count, IsEnded ? 1 : 0);
        digest.Add(_lastHandled);
        foreach (Entry entry in _accepted)
        {
            digest.Add((int)entry.Lane, entry.Bytes, (long?)entry.Outcome ?? -1, (long?)entry.Awaits ?? -1);
            digest.Add(entry.IsHandled, entry.IsFinished);
        }
    }

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

    private sealed class Entry(Lane lane, int bytes, CompleteWhen? awaits)
    {
        internal Lane Lane => lane;

        internal int Bytes => bytes;

        /// <summary>What the sender waits for; null if for nothing.</summary>
        internal CompleteWhen? Awaits => awaits;

        internal bool IsHandled { get; set; }

        internal bool IsFinished { get; set; }

        internal SendOutcome? Outcome { get; set; }
    }
}
