using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server;

namespace Eit.Testing;

/// <summary>What was sent one way and what came of it: says what was lost, came twice or out of order, and of what the sender was told an untruth.</summary>
/// <remarks>
/// <para>It is told by the test: by sending through it, and by telling it from the receiving handler. Each message has a text of its own, by which it is known.</para>
/// <para>The promise that it checks: each accepted message is handled once, and in the order of its lane; or else the sender was told Expired, Replaced, NotSent, and it was not handled; or
/// Unknown, which leaves both open; or Failed: then it was handled once and the handler threw, or there is none and it was not handled. All members are safe from any thread.</para>
/// </remarks>
public sealed class EitHistory
{
    private readonly Lock _gate = new();
    private readonly int _messagesMax;
    private readonly Dictionary<string, Entry> _sent = [];
    private readonly Dictionary<(SessionId Session, long Id), Entry> _byId = [];
    private readonly Dictionary<SessionId, Dictionary<long, SendOutcome>> _ended = [];
    private readonly Dictionary<(SessionId? Session, Lane Lane, string? Key), Entry> _last = [];
    private readonly List<EitHistoryFault> _faults = [];
    private readonly List<string> _handled = [];

    /// <summary>Begins a history.</summary>
    /// <param name="name">What it is called in messages: <c>to the server</c>.</param>
    /// <param name="messagesMax">How many messages it takes, sent and handled, each; at least 1.</param>
    public EitHistory(string name = "history", int messagesMax = 100_000)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentOutOfRangeException.ThrowIfLessThan(messagesMax, 1);
        (Name, _messagesMax) = (name, messagesMax);
    }

    /// <summary>Gets what it is called.</summary>
    public string Name { get; }

    /// <summary>Gets the messages that were handled, in order.</summary>
    public IReadOnlyList<string> HandledMessages
    {
        get
        {
            lock (_gate) { return [.. _handled]; }
        }
    }

    // ---- Telling

    /// <summary>Tells that a message is being sent. Told before it leaves; if it is not accepted, <see cref="Told(string, SendOutcome)"/> with NotSent follows.</summary>
    /// <param name="message">Its text, which no other message has.</param>
    /// <param name="lane">Its lane.</param>
    /// <param name="key">Its key; null for none.</param>
    /// <exception cref="ArgumentException">A message with this text was sent before.</exception>
    /// <exception cref="InvalidOperationException">The history is full.</exception>
    public void Sent(string message, Lane lane = Lane.Normal, string? key = null) => Note(message, lane, key);

    /// <summary>Tells that the receiving handler has been given a message.</summary>
    /// <param name="message">Its text.</param>
    /// <param name="session">The session that it came in: between two sessions no order is promised. Null: all are one.</param>
    /// <exception cref="InvalidOperationException">The history is full.</exception>
    public void Handled(string message, SessionId? session = null)
    {
        ArgumentNullException.ThrowIfNull(message);
        lock (_gate)
        {
            if (_handled.Count == _messagesMax) { throw Full(); }
            _handled.Add(message);
            if (!_sent.TryGetValue(message, out Entry? entry))
            {
                Fault(EitHistoryFaultKind.Unsent, message, $"\"{message}\" was handled, and nobody has sent it.");
                return;
            }
            if (++entry.TimesHandled > 1)
            {
                Fault(EitHistoryFaultKind.Duplicate, message, $"\"{message}\" was handled {entry.TimesHandled} times.");
                return;
            }
            CheckOrder(entry, session);
        }
    }

    /// <summary>Tells what the sender was told of a message.</summary>
    /// <param name="message">Its text.</param>
    /// <param name="outcome">What became of it, as the sender was told.</param>
    /// <exception cref="ArgumentException">No message with this text was sent.</exception>
    public void Told(string message, SendOutcome outcome)
    {
        ArgumentNullException.ThrowIfNull(message);
        lock (_gate)
        {
            if (!_sent.TryGetValue(message, out Entry? entry)) { throw new ArgumentException($"{Name}: \"{message}\" was not sent.", nameof(message)); }
            Tell(entry, outcome);
        }
    }

    // ---- Sending through it

    /// <summary>Sends a text from a client, as <see cref="EitConnection.Send(string)"/>; what becomes of it is told by <see cref="Watch"/>.</summary>
    /// <param name="client">The client.</param>
    /// <param name="message">The text, which no other message has.</param>
    /// <returns>Whether it was taken over.</returns>
    public bool Send(EitConnection client, string message)
    {
        ArgumentNullException.ThrowIfNull(client);
        return Send(message, client.Send, () => client.SessionId);
    }

    /// <summary>Sends a text from a session of the server, as <see cref="EitSession.Send(string)"/>; what becomes of it is told by <see cref="Ended(EitSession, EitSessionEnd)"/>.</summary>
    /// <param name="session">The session.</param>
    /// <param name="message">The text, which no other message has.</param>
    /// <returns>Whether it was taken over.</returns>
    public bool Send(EitSession session, string message)
    {
        ArgumentNullException.ThrowIfNull(session);
        return Send(message, session.Send, () => session.Id);
    }

    /// <summary>Sends a text from a client, as <see cref="EitConnection.SendAsync(string, SendOptions?, CancellationToken)"/>.</summary>
    /// <param name="client">The client.</param>
    /// <param name="message">The text, which no other message has.</param>
    /// <param name="options">How; null for the defaults.</param>
    public Task<SendOutcome> SendAsync(EitConnection client, string message, SendOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        return SendAsync(message, options, (text, how) => client.SendAsync(text, how));
    }

    /// <summary>Sends a text from a session of the server, as <see cref="EitSession.SendAsync(string, SendOptions?, CancellationToken)"/>.</summary>
    /// <param name="session">The session.</param>
    /// <param name="message">The text, which no other message has.</param>
    /// <param name="options">How; null for the defaults.</param>
    public Task<SendOutcome> SendAsync(EitSession session, string message, SendOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(session);
        return SendAsync(message, options, (text, how) => session.SendAsync(text, how));
    }

    /// <summary>Takes what a client says when a session ends: what became of the messages that were sent with <see cref="Send(EitConnection, string)"/>.</summary>
    /// <param name="client">The client.</param>
    public void Watch(EitConnection client)
    {
        ArgumentNullException.ThrowIfNull(client);
        client.SessionEnded += (_, ended) => Ended(ended.SessionId, ended.Unfinished);
    }

    /// <summary>Tells what the server's handler is told when a session ends: what became of the messages that were sent with <see cref="Send(EitSession, string)"/>.</summary>
    /// <param name="session">The session, as <see cref="EitHandler.OnClosedAsync"/> has it.</param>
    /// <param name="end">Its end, as <see cref="EitHandler.OnClosedAsync"/> has it.</param>
    /// <exception cref="InvalidOperationException">The history is full.</exception>
    public void Ended(EitSession session, EitSessionEnd end)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(end);
        Ended(session.Id, end.Unfinished);
    }

    // ---- The verdict

    /// <summary>Lists what is wrong, when everything is over: a message that is still on its way counts as lost.</summary>
    public IReadOnlyList<EitHistoryFault> FindFaults()
    {
        lock (_gate) { return [.. _faults, .. _sent.Values.OrderBy(static entry => entry.Number).Select(FaultOf).OfType<EitHistoryFault>()]; }
    }

    /// <summary>Fails if something is wrong, when everything is over: a message that is still on its way counts as lost.</summary>
    /// <exception cref="EitHistoryException">Something is wrong; the message lists it.</exception>
    public void Check()
    {
        IReadOnlyList<EitHistoryFault> faults = FindFaults();
        if (faults.Count > 0) { throw new EitHistoryException(Name, faults); }
    }

    private Entry Note(string message, Lane lane, string? key)
    {
        ArgumentNullException.ThrowIfNull(message);
        lock (_gate)
        {
            if (_sent.Count == _messagesMax) { throw Full(); }
            var entry = new Entry(_sent.Count + 1, message, lane, key);
            if (!_sent.TryAdd(message, entry)) { throw new ArgumentException($"{Name}: \"{message}\" was sent before; each message has a text of its own.", nameof(message)); }
            return entry;
        }
    }

    private async Task<SendOutcome> SendAsync(string message, SendOptions? options, Func<string, SendOptions, ValueTask<SendOutcome>> send)
    {
        options ??= SendOptions.Default;
        Entry entry = Note(message, options.Lane, options.Key);
        SendReceipt? receipt = options.CompleteWhen == CompleteWhen.Accepted ? options.Receipt ?? new SendReceipt() : null;
        if (receipt is not null) { options = options with { Receipt = receipt, Stays = options.Stays || options.Receipt is null }; }   // Who waits for no outcome does not lose it by its age.
        SendOutcome outcome;
        try { outcome = await send(message, options).ConfigureAwait(false); }
        catch (ArgumentException)
        {
            lock (_gate) { Tell(entry, SendOutcome.NotSent); }
            throw;
        }
        lock (_gate) { Tell(entry, outcome); }
        if (outcome == SendOutcome.Accepted && receipt is not null) { _ = TellLaterAsync(entry, receipt.Outcome); }
        return outcome;
    }

    private bool Send(string message, Offer offer, Func<SessionId?> sessionOf)
    {
        Entry entry = Note(message, Lane.Normal, key: null);
        bool isAccepted = false;
        long id = 0;
        try { isAccepted = offer(message, out id); }
        finally
        {
            SessionId? session = sessionOf();
            lock (_gate)
            {
                if (!isAccepted) { Tell(entry, SendOutcome.NotSent); }
                else if (session is not { } known) { Tell(entry, SendOutcome.Unknown); }
                else if (_ended.TryGetValue(known, out Dictionary<long, SendOutcome>? unfinished)) { Tell(entry, OutcomeOf(id, unfinished)); }
                else { _byId[(known, id)] = entry; }
            }
        }
        return isAccepted;
    }

    private async Task TellLaterAsync(Entry entry, Task<SendOutcome> receipt)
    {
        SendOutcome outcome = await receipt.ConfigureAwait(false);
        lock (_gate) { Tell(entry, outcome); }
    }

    private void Ended(SessionId session, IReadOnlyList<MessageOutcome> outcomes)
    {
        var unfinished = outcomes.ToDictionary(static message => message.Id, static message => message.Outcome);
        lock (_gate)
        {
            if (_ended.Count == _messagesMax) { throw Full(); }
            _ended[session] = unfinished;                          // A send that has not returned yet finds it here.
            foreach (((SessionId sentIn, long id), Entry entry) in _byId)
            {
                if (sentIn == session) { Tell(entry, OutcomeOf(id, unfinished)); }
            }
        }
    }

    private static SendOutcome OutcomeOf(long id, Dictionary<long, SendOutcome> unfinished) => unfinished.GetValueOrDefault(id, SendOutcome.Processed);

    private void Tell(Entry entry, SendOutcome outcome)
    {
        bool isFinal = entry.Outcome is not (null or SendOutcome.Accepted or SendOutcome.Received);
        if (isFinal && entry.Outcome != outcome) { Fault(EitHistoryFaultKind.UntrueOutcome, entry.Message, $"\"{entry.Message}\" was told as {entry.Outcome} and as {outcome}."); }
        entry.Outcome = outcome;
        entry.WasToldEarly |= outcome == SendOutcome.Processed && entry.TimesHandled == 0;
    }

    /// <summary>The order of a lane is that of sending, but for messages with a key, which take another's place or wait beside it: they keep the order of their key.</summary>
    private void CheckOrder(Entry entry, SessionId? session)
    {
        (SessionId?, Lane, string?) order = (session, entry.Lane, entry.Key);
        if (_last.TryGetValue(order, out Entry? last) && last.Number > entry.Number)
        {
            Fault(EitHistoryFaultKind.OutOfOrder, entry.Message, $"\"{entry.Message}\" was handled after \"{last.Message}\", which was sent after it.");
            return;
        }
        _last[order] = entry;
    }

    private static EitHistoryFault? FaultOf(Entry entry)
    {
        bool isHandled = entry.TimesHandled > 0;
        return entry.Outcome switch
        {
            SendOutcome.Processed when !isHandled => new(EitHistoryFaultKind.UntrueOutcome, entry.Message, $"\"{entry.Message}\" was told as Processed and was never handled."),
            SendOutcome.Processed when entry.WasToldEarly => new(EitHistoryFaultKind.UntrueOutcome, entry.Message, $"\"{entry.Message}\" was told as Processed before it was handled."),
            SendOutcome.Expired or SendOutcome.Replaced or SendOutcome.NotSent or SendOutcome.TooLarge when isHandled => new(EitHistoryFaultKind.UntrueOutcome, entry.Message, $"\"{entry.Message}\" was told as {entry.Outcome} and was handled."),
            null or SendOutcome.Accepted or SendOutcome.Received when !isHandled => new(EitHistoryFaultKind.Lost, entry.Message, $"\"{entry.Message}\" was sent and never handled; its sender was told {entry.Outcome?.ToString() ?? "nothing"}."),
            _ => null,
        };
    }

    private void Fault(EitHistoryFaultKind kind, string message, string reason) => _faults.Add(new EitHistoryFault(kind, message, reason));

    private InvalidOperationException Full() => new($"{Name}: the history is full: it takes {_messagesMax} messages.");

    private delegate bool Offer(string message, out long id);

    private sealed class Entry(int number, string message, Lane lane, string? key)
    {
        internal int Number { get; } = number;

        internal string Message { get; } = message;

        internal Lane Lane { get; } = lane;

        internal string? Key { get; } = key;

        internal SendOutcome? Outcome { get; set; }

        internal int TimesHandled { get; set; }

        internal bool WasToldEarly { get; set; }
    }
}
