using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Microsoft.Extensions.Logging;

namespace Eit.Link;

/// <summary>Drives one session: reads its transports, writes what its machine has for them, keeps its deadlines.</summary>
/// <remarks>
/// One writer per transport at a time: whoever finds the line idle and rested writes on its own thread, so that a lone message costs no hop; under load a pool
/// thread writes what has gathered, so that it goes out together.
/// </remarks>
public sealed partial class SessionPump
{
    /// <summary>How many closes are kept for transports that are admitted and not yet attached; one whose close is forgotten is closed as cycled.</summary>
    private const int ClosesAheadMax = 8;

    /// <summary>How long handlers may keep the thread that reads; then another one reads on.</summary>
    private static readonly TimeSpan s_turnLimit = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan s_restedAfter = TimeSpan.FromMicroseconds(20);
    private static readonly TimeSpan s_closeLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_failedWriteLimit = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_stallLimit = TimeSpan.FromSeconds(10);

    private readonly PumpHost _host;
    private readonly DeadlineEntry _deadline;
    private TransportLine[] _lines = [];                           // Another array when one comes or goes.
    private TransportLine[] _closing = [];
    private List<SessionOutput.CloseTransport>? _closesAhead;
    private TaskCompletionSource? _ended;
    private TaskCompletionSource? _roomOrState;
    private int _openLines;
    private long _lastAttached;
    private bool _isOver;

    internal SessionPump(PumpHost host, SessionMachine machine)
    {
        (_host, Machine) = (host, machine);
        _deadline = host.Wheel.Register(static state => ((SessionPump)state!).OnDeadline(), this);
    }

    /// <summary>Gets the machine; only used under the host's gate, but for its id.</summary>
    public SessionMachine Machine { get; }

    /// <summary>Gets a task that ends when the session is over and its transports are released; it never fails.</summary>
    public Task Ended
    {
        get
        {
            lock (_host.Gate) { return _isOver ? Task.CompletedTask : (_ended ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task; }
        }
    }

    /// <summary>Gets what is held for the peer.</summary>
    internal HoldAccount Account => _host.Account;

    /// <summary>Adds a transport that the machine has been told of, and begins to read it.</summary>
    /// <param name="line">The line; its <see cref="TransportLine.Frames"/> may hold frames that came behind the greeting.</param>
    /// <param name="framesRead">How many of them have been dealt with.</param>
    public void Attach(TransportLine line, int framesRead)
    {
        ArgumentNullException.ThrowIfNull(line);
        lock (_host.Gate)
        {
            line.AttachTo(this);
            line.WroteAt = _host.Now - s_restedAfter;
            _lines = [.. _lines, line];
            _openLines++;
            _lastAttached = Math.Max(_lastAttached, line.Epoch);
            if (Machine.RoleOf(line.Epoch) is null) { CloseUnwanted(line); }
            for (int i = framesRead; i < line.Frames.Count; i++) { Machine.FrameReceived(line.Epoch, in line.Frames[i], _host.Now); }
            TakeOutputs(_host.Now);
        }
        AfterStep();
        line.ReadSoon();
        _host.DispatchSoon();
    }

    /// <summary>Takes a message over from the application.</summary>
    /// <param name="message">The message.</param>
    /// <param name="id">The number that it has got.</param>
    /// <param name="now">The time, from who sends to many and looks at the clock once; null where nobody has looked.</param>
    /// <exception cref="ArgumentException">The text is not well-formed Unicode.</exception>
    public AcceptResult Accept(in OutgoingMessage message, out long id, Instant? now = null)
    {
        AcceptResult result;
        TransportLine? line;
        lock (_host.Gate)
        {
            result = Machine.Accept(in message, now ?? RecentNow(in message), out id);
            if (result != AcceptResult.Accepted) { return result; }
            line = TakeWriter();
            if (line is not null) { line.IsQueued = message.Shared is not null; }
            if (line is null && (message.ExpiresAfter is not null || !Machine.IsConnected)) { SetDeadline(); }
            else { _host.CountAccepted(this); }
        }
        if (line is null) { return result; }
        if (message.Shared is null) { StartWriting(line); }
        else { BroadcastWriters.Shared.Add(line); }
        return result;
    }

    /// <summary>Takes a message back of which nothing has left.</summary>
    /// <param name="id">The number that it has got.</param>
    /// <returns>False if it has begun to leave, or has its outcome.</returns>
    public bool TryWithdraw(long id)
    {
        bool isWithdrawn = false;
        Do((machine, now) => isWithdrawn = machine.TryWithdraw(id, now));
        return isWithdrawn;
    }

    /// <summary>Does something to the machine under the gate, and then whatever follows from it.</summary>
    /// <param name="act">What to do; no I/O, no user code.</param>
    public void Do(Action<SessionMachine, Instant> act)
    {
        ArgumentNullException.ThrowIfNull(act);
        lock (_host.Gate)
        {
            Instant now = _host.Now;
            act(Machine, now);
            TakeOutputs(now);
        }
        AfterStep();
        _host.DispatchSoon();
    }

    /// <summary>Takes what the machine has put out. Called under the gate; <see cref="AfterStep"/> follows outside of it.</summary>
    /// <param name="now">The time.</param>
    public void TakeOutputs(Instant now)
    {
        while (Machine.TryTakeOutcome(out MessageOutcome outcome)) { Tell(in outcome); }
        while (Machine.TryTake(out SessionOutput? output)) { Do(output!, now); }
    }

    /// <summary>Writes what there is to write, closes what is to be closed, sets the next deadline. Called outside the gate, after every step.</summary>
    public void AfterStep()
    {
        while (true)
        {
            TransportLine? toWrite;
            TransportLine? toClose;
            lock (_host.Gate)
            {
                toWrite = TakeWriter();
                toClose = toWrite is null ? TakeClosing() : null;
                if (toWrite is null && toClose is null)
                {
                    SetDeadline();
                    EndIfOver();
                    break;
                }
            }
            if (toWrite is not null) { StartWriting(toWrite); }
            else { _ = CloseAsync(toClose!); }
        }
        _host.Step();
    }

    /// <summary>Gets a task that ends when something has changed for those who wait to send: room, a transport, the end. Called under the gate.</summary>
    public Task WhenRoomOrState() => (_roomOrState ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Gets whether the caller runs inside a handler of this end.</summary>
    internal bool IsInsideHandler => _host.IsInsideHandler;

    /// <summary>A send has waited in vain; inside a handler that may be because the peer's handler waits too.</summary>
    internal void WarnOfMutualWait(TimeSpan limit)
    {
        if (IsInsideHandler && MayLog(LogLevel.Warning, nameof(Log.MutualWait))) { Log.MutualWait(_host.Logger, Machine.Id, limit.TotalSeconds); }
    }

    /// <summary>Tells the machine of messages that user code has finished with. Called under the gate.</summary>
    /// <param name="messages">The messages, at most 64.</param>
    /// <param name="failed">A bit for each of them, the lowest for the first: whether it has failed.</param>
    /// <returns>A line that the caller has to write to, outside the gate; null for none.</returns>
    internal TransportLine? FinishBatch(ReadOnlySpan<InboundMessage> messages, ulong failed)
    {
        Instant now = _host.Now;
        Machine.MayGrow = !_host.Account.IsTight;
        for (int i = 0; i < messages.Length; i++) { Machine.Finished(in messages[i], now, hasFailed: (failed & (1UL << i)) != 0); }
        TransportLine? line = TakeWriter();
        if (line is null) { SetDeadline(); }
        EndIfOver();
        return line;
    }

    /// <summary>Writes on; the caller has taken the line.</summary>
    internal void Write(TransportLine line, int batchesMax = int.MaxValue, BroadcastWriters? writers = null)
    {
        for (int batches = 0; TryFill(line, hasTurn: batches < batchesMax, writers); batches++)
        {
            ValueTask sending;
            try { sending = SendAsync(line, line.Writer.End()); }
            catch (TransportException)
            {
                WriteFailed(line);
                return;
            }
            if (!sending.IsCompletedSuccessfully)
            {
                _ = GoOnWritingAsync(line, sending, writers);
                return;
            }
            line.WroteAt = _host.Now;
        }
        AfterStep();
    }

    // ---- Reading

    /// <summary>Reads until the line ends. Handlers run on this thread, before the next receive: what comes meanwhile waits in the socket, and is there at once.
    /// One that keeps the thread too long loses it: another reads on.</summary>
    internal async Task ReadAsync(TransportLine line)
    {
        (CloseCode Code, string Reason) end;
        bool isClosed = false;
        try
        {
            while (true)
            {
                TransportReceive got = await line.ReceiveNext().ConfigureAwait(false);
                if (got.Kind == TransportReceiveKind.Closed)
                {
                    (end, isClosed) = ((got.Code, got.Reason), true);
                    break;
                }
                Received(line, in got);
                if (!_host.TryEnterDispatch())
                {
                    line.Rest();
                    continue;
                }
                long turn = line.BeginTurn(_host.Now + s_turnLimit, _host.Wheel);
                _host.Dispatch();
                if (!line.TryEndTurn(turn)) { return; }
            }
        }
        catch (TransportException lost)
        {
            end = (CloseCode.Lost, lost.Message);
        }
        await LineEndedAsync(line, end.Code, end.Reason, isClosed).ConfigureAwait(false);
    }

    private void Received(TransportLine line, in TransportReceive got)
    {
        if (line.Take(in got) is not { } read)
        {
            lock (_host.Gate) { Machine.BytesReceived(line.Epoch, _host.Now); }
            return;
        }
        lock (_host.Gate)
        {
            Instant now = _host.Now;
            if (read.Violation is { } violation) { Machine.Violated(line.Epoch, violation); }
            else
            {
                for (int i = 0; i < line.Frames.Count; i++) { Machine.FrameReceived(line.Epoch, in line.Frames[i], now); }
            }
            TakeOutputs(now);
        }
        line.Frames.Clear();
        AfterStep();
    }

    private async Task LineEndedAsync(TransportLine line, CloseCode code, string reason, bool isClosed)
    {
        bool isWriting;
        lock (_host.Gate)
        {
            Instant now = _host.Now;
            line.HasEnded = true;
            (_lines, _closing) = (Without(_lines, line), Without(_closing, line));
            Machine.TransportLost(line.Epoch, code, reason, now);
            TakeOutputs(now);
            SignalRoomOrState();
            isWriting = line.IsWriting;
            if (isClosed) { LimitLife(line, now + s_closeLimit); }   // The answer is on its way, and a write perhaps: a reset would overtake them (C1.2).
        }
        Log.TransportEnded(_host.Logger, Machine.Id, line.Epoch, (int)code, reason);
        if (!isClosed) { line.Transport.Abort(); }
        AfterStep();
        _host.DispatchSoon();
        if (!isWriting) { await ReleaseAsync(line).ConfigureAwait(false); }
    }

    private async Task ReleaseAsync(TransportLine line)
    {
        await line.ReleaseAsync().ConfigureAwait(false);
        lock (_host.Gate)
        {
            _openLines--;
            EndIfOver();
        }
        _host.Step();
    }

    // ---- Writing

    /// <summary>Gets the time for a message: where a write is under way, that of its beginning will do, and spares a look at the clock for each message. Called under the gate.</summary>
    private Instant RecentNow(in OutgoingMessage message) =>
        message.ExpiresAfter is null && _lines.Length == 1 && _lines[0] is { IsWriting: true, IsQueued: false } line ? line.WriteBeganAt : _host.Now;

    /// <summary>Finds a line that has something to write and that nobody writes to, and takes it. Called under the gate.</summary>
    private TransportLine? TakeWriter()
    {
        foreach (TransportLine line in _lines)
        {
            if (line.IsWriting || !line.CanWrite) { continue; }
            Instant now = _host.Now;
            if (!Machine.WantsToWrite(line.Epoch, now)) { continue; }
            (line.IsWriting, line.WriteBeganAt) = (true, now);
            return line;
        }
        return null;
    }

    internal void StartWriting(TransportLine line)
    {
        bool isRested = _host.Now.Since(line.WroteAt) >= s_restedAfter;
        if (isRested) { Write(line, batchesMax: 1); }
        else { ThreadPool.UnsafeQueueUserWorkItem(line, preferLocal: false); }
    }

    /// <summary>Fills the line's writer, or lets the line go; who has had its turn leaves the rest to the writers, or to a pool thread.</summary>
    private bool TryFill(TransportLine line, bool hasTurn, BroadcastWriters? writers)
    {
        bool isOver;
        lock (_host.Gate)
        {
            Instant now = _host.Now;
            line.IsQueued = false;
            if (!hasTurn && !line.HasEnded && Machine.WantsToWrite(line.Epoch, now))
            {
                line.IsQueued = true;
                if (writers is not null) { writers.Add(line); }
                else { ThreadPool.UnsafeQueueUserWorkItem(line, preferLocal: false); }
                return false;
            }
            bool hasFrames = !line.HasEnded && Machine.Fill(line.Epoch, line.Writer, now);
            TakeOutputs(now);
            if (Machine.HasRoom) { SignalRoomOrState(); }
            if (hasFrames)
            {
                (line.WriteBeganAt, line.FragmentBytes) = (now, Machine.FragmentBytes);
                return true;
            }
            line.IsWriting = false;
            isOver = line.HasEnded;
            if (!isOver) { line.Writer.Release(); }
        }
        if (isOver) { _ = ReleaseAsync(line); }
        return false;
    }

    private ValueTask SendAsync(TransportLine line, ReadOnlyMemory<byte> message) =>
        message.Length <= line.FragmentBytes ? line.Transport.SendAsync(message, line.Writer.IsText, CancellationToken.None) : SendInFragmentsAsync(line, message);

    /// <summary>Sends a message in fragments, so that the peer sees it come (L1.7). Each that gets through is progress of the write.</summary>
    private async ValueTask SendInFragmentsAsync(TransportLine line, ReadOnlyMemory<byte> message)
    {
        int length = line.FragmentBytes;
        while (message.Length > 0)
        {
            ReadOnlyMemory<byte> fragment = message[..Math.Min(length, message.Length)];
            message = message[fragment.Length..];
            await line.Transport.SendFragmentAsync(fragment, line.Writer.IsText, endsMessage: message.Length == 0, CancellationToken.None).ConfigureAwait(false);
            lock (_host.Gate) { (line.WriteBeganAt, length) = (_host.Now, Machine.FragmentBytes); }
        }
    }

    private async Task GoOnWritingAsync(TransportLine line, ValueTask sending, BroadcastWriters? writers)
    {
        try { await sending.ConfigureAwait(false); }
        catch (TransportException)
        {
            WriteFailed(line);
            return;
        }
        line.WroteAt = _host.Now;
        Write(line, writers is null ? int.MaxValue : 1, writers);
    }

    /// <summary>The read side will notice too, and may still find the peer's close with its code; it gets a moment for that.</summary>
    private void WriteFailed(TransportLine line)
    {
        bool isOver;
        lock (_host.Gate)
        {
            line.IsWriting = false;
            isOver = line.HasEnded;
            if (!isOver)
            {
                line.CanWrite = false;
                LimitLife(line, _host.Now + s_failedWriteLimit);
            }
        }
        if (isOver) { _ = ReleaseAsync(line); }
        AfterStep();
    }

    private void LimitLife(TransportLine line, Instant until)
    {
        line.CloseLimit ??= _host.Wheel.Register(static state => ((ITransport)state!).Abort(), line.Transport);
        line.CloseLimit.Set(until);
    }

    // ---- Closing transports

    /// <summary>Finds a line that is to be closed and that nobody writes to. Called under the gate.</summary>
    private TransportLine? TakeClosing()
    {
        foreach (TransportLine line in _closing)
        {
            if (line.IsWriting || line.IsCloseSent) { continue; }
            (line.IsWriting, line.IsCloseSent) = (true, true);
            return line;
        }
        return null;
    }

    /// <summary>Sends the close; the read side then waits for the peer's, and the limit ends it if that does not come.</summary>
    private async Task CloseAsync(TransportLine line)
    {
        (CloseCode code, string reason) = line.ToClose!.Value;
        try { await line.Transport.CloseAsync(code, reason, CancellationToken.None).ConfigureAwait(false); }
        catch (TransportException) { line.Transport.Abort(); }
        bool isOver;
        lock (_host.Gate)
        {
            line.IsWriting = false;
            isOver = line.HasEnded;
        }
        if (isOver) { await ReleaseAsync(line).ConfigureAwait(false); }
    }

    private void BeginClose(TransportLine line, CloseCode code, string reason, Instant now)
    {
        line.ToClose = (code, reason);
        (_lines, _closing) = (Without(_lines, line), [.. _closing, line]);
        LimitLife(line, now + s_closeLimit);
    }

    private static TransportLine[] Without(TransportLine[] lines, TransportLine line) => Array.FindAll(lines, other => other != line);

    /// <summary>The session has gone on, or ended, between the admission of a transport and now. Called under the gate.</summary>
    private void CloseUnwanted(TransportLine line)
    {
        SessionOutput.CloseTransport? ahead = _closesAhead?.Find(close => close.Epoch == line.Epoch);
        (CloseCode code, string reason) = ahead is null ? (CloseCode.Cycled, "The transport is no longer wanted.") : (ahead.Code, ahead.Reason);
        if (ahead is not null) { _closesAhead!.Remove(ahead); }
        BeginClose(line, code, reason, _host.Now);
    }

    // ---- Steps

    private void Do(SessionOutput output, Instant now)
    {
        switch (output)
        {
            case SessionOutput.CloseTransport close when Array.Find(_lines, line => line.Epoch == close.Epoch) is { } line:
                BeginClose(line, close.Code, close.Reason, now);
                break;
            case SessionOutput.CloseTransport close when close.Epoch > _lastAttached:
                _closesAhead ??= [];
                if (_closesAhead.Count == ClosesAheadMax) { _closesAhead.RemoveAt(0); }
                _closesAhead.Add(close);
                break;
            case SessionOutput.Ended ended:
                if (ended.Violation is { } violation) { Log.SessionViolated(_host.Logger, Machine.Id, (int)violation.Code, violation.Clause, violation.Reason); }
                foreach (MessageOutcome outcome in ended.Unfinished) { Tell(in outcome); }
                Log.SessionEnded(_host.Logger, Machine.Id, (int)ended.Code, ended.Reason, ended.Unfinished.Count);
                break;
            case SessionOutput.ConsumerSlow slow:
                if (MayLog(LogLevel.Warning, nameof(Log.ConsumerSlow))) { Log.ConsumerSlow(_host.Logger, Machine.Id, slow.Messages, slow.Bytes, slow.Oldest.TotalMilliseconds); }
                break;
            case SessionOutput.Resumed resumed:
                if (MayLog(LogLevel.Information, nameof(Log.SessionResumed))) { Log.SessionResumed(_host.Logger, Machine.Id, resumed.Epoch, resumed.Outage.TotalMilliseconds, resumed.Replayed); }
                break;
            case SessionOutput.HandedOver handedOver:
                Log.HandedOver(_host.Logger, Machine.Id, handedOver.Epoch, handedOver.Took.TotalMilliseconds);
                break;
            case SessionOutput.OutageBegan outage:
                _host.CountHeld(isQuiet: true);
                if (MayLog(LogLevel.Information, nameof(Log.OutageBegan))) { Log.OutageBegan(_host.Logger, Machine.Id, (int)outage.Code, outage.Reason); }
                break;
            default:
                break;
        }
        _host.Hear(this, output, now);
        SignalRoomOrState();
    }

    /// <summary>What a peer can make happen again and again is not a line each time.</summary>
    private bool MayLog(LogLevel level, string kind) => _host.Logger.IsEnabled(level) && _host.Wheel.LimitedLog.MayWrite(_host.Logger, level, kind, $"session {Machine.Id}");

    private static void Tell(in MessageOutcome outcome)
    {
        if (outcome.Token is TaskCompletionSource<SendOutcome> waiting) { waiting.TrySetResult(outcome.Outcome); }
    }

    private void SignalRoomOrState()
    {
        TaskCompletionSource? waiting = _roomOrState;
        if (waiting is null) { return; }
        _roomOrState = null;
        waiting.SetResult();
    }

    private void OnDeadline()
    {
        try { Tick(); }
        catch (Exception failure)
        {
            // Nobody else hears of it: the wheel is everybody's.
            Log.DeadlineThrew(_host.Logger, failure, Machine.Id);
            throw;
        }
    }

    private void Tick()
    {
        lock (_host.Gate)
        {
            Instant now = _host.Now;
            foreach (TransportLine line in _lines) { EndIfStalled(line, now); }
            Machine.Tick(now);
            TakeOutputs(now);
            _host.CountHeld(isQuiet: true);
        }
        AfterStep();
        _host.DispatchSoon();
    }

    private void EndIfStalled(TransportLine line, Instant now)
    {
        if (now < StallsAt(line)) { return; }
        Machine.TransportLost(line.Epoch, CloseCode.Stalled, "A write did not get through.", now);
        _lines = Without(_lines, line);
        line.Transport.Abort();
    }

    /// <summary>A line that waits for its turn is not held up by its network.</summary>
    private static Instant StallsAt(TransportLine line) => line is { IsWriting: true, IsQueued: false } ? line.WriteBeganAt + s_stallLimit : Instant.Never;

    /// <summary>Sets when the next step is due: soon, if a handler that has finished or a message that has expired has ended a session that closes.</summary>
    internal void SetDeadline()
    {
        _host.CountHeld(isQuiet: false);
        Instant next = Machine.HasOutputs ? _host.Now : Machine.NextDeadline;
        foreach (TransportLine line in _lines)
        {
            next = Instant.Earlier(next, StallsAt(line));
        }
        _deadline.Set(next);
    }

    private void EndIfOver()
    {
        if (Machine.State is not SessionState.Ended || Machine.HasOutputs || _openLines > 0) { return; }
        if (Machine.InboxMessages == 0) { _host.Forget(this); }
        _deadline.Set(Instant.Never);
        if (_isOver) { return; }
        _isOver = true;
        _deadline.Dispose();
        _ended?.SetResult();
    }
}
