using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Fuzz;

/// <summary>One end of a session with its driver, which holds the machine to its bounds: whatever its peer says, they stay.</summary>
internal sealed class FuzzEnd
{
    /// <summary>No step has so much to do that its driver would have to look this often.</summary>
    private const int RoundsMax = 2_000;

    private readonly WireEncoding _encoding;
    private readonly FuzzSettings _settings;
    private const int EarlyPiecesMax = 65_536;
    private const int SpareBytesMax = (1 + LaneMarks.LaneCount) * 2 * 1024 * 1024;

    private readonly SessionSettings _bounds;
    private readonly FrameReader _reader;
    private readonly FrameReader _ownReader;
    private readonly FrameWriter _writer;
    private readonly FrameBatch _frames = new();
    private readonly HashSet<long> _awaited = [];
    private readonly long[] _handedOver = new long[LaneMarks.LaneCount];
    private InboundMessage _handling;
    private bool _isBusy;
    private bool _hasEnded;
    private int _taken;

    internal FuzzEnd(SessionMachine machine, WireEncoding encoding, SessionSettings bounds, FuzzSettings settings, bool isClient)
    {
        (Machine, _encoding, _bounds, _settings, IsClient) = (machine, encoding, bounds, settings, isClient);
        _reader = PlantedReader.Make(encoding, settings);
        _ownReader = WireEncodings.NewReader(encoding);
        _writer = WireEncodings.NewWriter(encoding);
    }

    internal SessionMachine Machine { get; }

    internal bool IsClient { get; }

    internal bool IsOver => _hasEnded && !_isBusy;

    internal List<FuzzLine> Lines { get; } = [];

    /// <summary>Gets the violations that the peer has committed; one at most.</summary>
    internal Violation? Violation { get; private set; }

    internal void Receive(FuzzLine line, ReadOnlyMemory<byte> message, int skip, Instant now)
    {
        long epoch = EpochOf(line);
        Violation? violation = _reader.Read(message, _encoding == WireEncoding.Json, _frames);
        if (violation is not null)
        {
            Machine.Violated(epoch, violation);
            return;
        }
        for (int i = skip; i < _frames.Count; i++) { Machine.FrameReceived(epoch, in _frames[i], now); }
        _frames.Clear();
    }

    internal long EpochOf(FuzzLine line) => IsClient ? line.Epoch : line.ServerEpoch;

    internal void Send(OutgoingMessage message, Instant now)
    {
        AcceptResult result = Machine.Accept(in message, now, out long id);
        if (_hasEnded && result == AcceptResult.Accepted) { throw new FuzzException("A session that is over took a message."); }
        if (result == AcceptResult.Accepted && message.Token is not null) { _awaited.Add(id); }
    }

    internal void FinishHandler(Instant now)
    {
        if (!_isBusy) { return; }
        _isBusy = false;
        Machine.Finished(in _handling, now);
    }

    /// <summary>Does all that the machine wants done, and looks after its bounds.</summary>
    internal void Drive(Instant now, Action<FuzzEnd, SessionOutput> pass)
    {
        int rounds = 0;
        while (TryTell() | TryAct(pass) | TryWrite(now) | TryHandle(now))
        {
            if (++rounds == RoundsMax) { throw new FuzzException($"The {Name} never comes to rest: {Machine.State}."); }
        }
        CheckBounds();
    }

    /// <summary>Lets time pass; the machine must not want to be asked again at once, for ever.</summary>
    internal void Tick(Instant now, Action<FuzzEnd, SessionOutput> pass)
    {
        for (int times = 0; Machine.NextDeadline <= now; times++)
        {
            if (times == 16) { throw new FuzzException($"The deadline of the {Name} stays at {Machine.NextDeadline}, and it is {now}: its driver would run in a circle."); }
            Machine.Tick(now);
            Drive(now, pass);
        }
    }

    internal void Release() => _writer.Release();

    private string Name => IsClient ? "client" : "server";

    private bool TryTell()
    {
        bool hasTold = false;
        for (; Machine.TryTakeOutcome(out MessageOutcome outcome); hasTold = true)
        {
            bool isKept = _settings.Canary == Canary.KeepsOutcome && outcome.Id == 3;
            if (!isKept && outcome.Token is not null && !_awaited.Remove(outcome.Id)) { throw new FuzzException($"Message {outcome.Id} has two outcomes, or one that nobody asked for."); }
        }
        return hasTold;
    }

    private bool TryAct(Action<FuzzEnd, SessionOutput> pass)
    {
        bool hasActed = false;
        for (; Machine.TryTake(out SessionOutput? output); hasActed = true)
        {
            if (_hasEnded) { throw new FuzzException($"After its end the session says {output}."); }
            if (output is SessionOutput.Ended ended) { End(ended); }
            pass(this, output!);
        }
        return hasActed;
    }

    private void End(SessionOutput.Ended ended)
    {
        _hasEnded = true;
        Violation = ended.Violation;
        if (Violation is { } violation)
        {
            if (_settings.Canary == Canary.ThrowsOnViolation) { throw new InvalidOperationException("planted"); }
            bool isDefined = (int)violation.Code is >= 4500 and <= 4599 && Enum.IsDefined(violation.Code) && ReaderCase.ClauseId().IsMatch(violation.Clause);
            if (!isDefined) { throw new FuzzException($"The violation is not a defined one: {violation}"); }
        }
        foreach (MessageOutcome outcome in ended.Unfinished)
        {
            if (outcome.Token is not null && !_awaited.Remove(outcome.Id)) { throw new FuzzException($"Message {outcome.Id} has an outcome, and is said to be unfinished."); }
        }
        if (_awaited.Count > 0) { throw new FuzzException($"Message {_awaited.First()} never gets an outcome."); }
    }

    private bool TryWrite(Instant now)
    {
        bool hasWritten = false;
        foreach (FuzzLine line in Lines.ToArray())
        {
            long epoch = EpochOf(line);
            if (!Machine.WantsToWrite(epoch, now) || !Machine.Fill(epoch, _writer, now)) { continue; }
            byte[] message = _writer.End().ToArray();
            Violation? own = _ownReader.Read(message, _encoding == WireEncoding.Json, _frames);
            if (own is not null || message.Length > WireLimits.TransportMessageBytesMax) { throw new FuzzException($"The {Name} was led to write what nobody may: {own} {Convert.ToHexString(message)}"); }
            line.Towards(IsClient).Enqueue(message);
            hasWritten = true;
        }
        return hasWritten;
    }

    private bool TryHandle(Instant now)
    {
        if (_isBusy || !Machine.TryTakeMessage(now, out _handling)) { return false; }
        _isBusy = true;
        Handle(in _handling);
        if (_settings.Canary == Canary.RepeatsMessage && ++_taken == 3) { Handle(in _handling); }
        return true;
    }

    private void Handle(in InboundMessage message)
    {
        if (message.Number <= _handedOver[(int)message.Lane]) { throw new FuzzException($"Message {message.Number} was handed over after {_handedOver[(int)message.Lane]} of its lane."); }
        _handedOver[(int)message.Lane] = message.Number;
        if (message.PayloadBytes > _bounds.MessageBytesMax) { throw new FuzzException($"A message of {message.PayloadBytes} bytes was handed over."); }
    }

    /// <summary>Everything that the settings bound is within its bound: to be sent, kept to be sent again, incomplete, early, to be handed over.</summary>
    private void CheckBounds()
    {
        long outBytes = (LaneMarks.LaneCount * ((long)_bounds.OutboxBytesMax + Conversation.MessageBytesMax)) + _bounds.LedgerBytesMax + Conversation.MessageBytesMax;
        long inBytes = (2L * (_bounds.WindowBytesMax + (_bounds.WindowBytesMax / 16))) + (5L * _bounds.MessageBytesMax);
        long entries = (LaneMarks.LaneCount * 2L * _bounds.OutboxMessagesMax) + _bounds.LedgerPiecesMax + (4L * _bounds.WindowMessagesMax) + (2 * EarlyPiecesMax);
        long max = outBytes + (2 * inBytes) + (entries * HoldSizes.Entry) + SpareBytesMax;   // A text has two bytes for a character in memory.
        if (Machine.BytesHeld > max) { throw new FuzzException($"The {Name} holds {Machine.BytesHeld:N0} bytes; {max:N0} are allowed."); }
        int inboxMax = _bounds.WindowMessagesMax + (_bounds.WindowMessagesMax / 16) + 1;
        if (Machine.InboxMessages > inboxMax) { throw new FuzzException($"In the {Name} {Machine.InboxMessages} messages wait for the handler; {inboxMax} are allowed."); }
        bool isDead = Machine.NextDeadline == Instant.Never && !Machine.IsConnected;
        if (_hasEnded && !isDead) { throw new FuzzException("A session that is over has a deadline, or a transport."); }
    }
}
