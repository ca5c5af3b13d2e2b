using System.Buffers;
using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Microsoft.Extensions.Logging;

namespace Eit.Link;

/// <summary>
/// Whoever owns sessions at one end: the lock over their machines, and the one queue through which their messages and events reach user code, one at a time.
/// </summary>
/// <remarks>
/// The lock covers a step of a machine and nothing else: no I/O, no user code, no await. User code runs on the thread that has read its message, for a
/// limited time before the next receive, or on a pool thread.
/// </remarks>
public abstract partial class PumpHost : IThreadPoolWorkItem
{
    private const int BatchMax = 64;                               // A bit each in what has failed.
    private static readonly TimeSpan s_batchTime = TimeSpan.FromMicroseconds(100);

    private readonly AsyncLocal<HandlerScope?> _scope = new();
    private SessionPump[] _pumps = [];                             // Another array when one comes or goes.
    private Queue<HostEvent>? _events;                             // While there are any.
    private TaskCompletionSource? _drained;
    private InboundMessage[] _batch = [];                          // Rented while there is work.
    private int _batchMax = 1;
    private SessionPump? _batchPump;
    private Instant _batchBeganAt;
    private int _batchCount;
    private int _batchDone;
    private int _batchTold;
    private ulong _batchFailed;                                    // A bit for each message of the batch.
    private volatile bool _dropsTaken;
    private bool _isDispatching;
    private bool _isStopped;

    /// <summary>Makes a host.</summary>
    /// <param name="wheel">The clock and the deadlines.</param>
    /// <param name="logger">The log.</param>
    protected PumpHost(DeadlineWheel wheel, ILogger logger)
    {
        (Wheel, Logger) = (wheel, logger);
    }

    /// <summary>Gets the lock over the machines.</summary>
    public Lock Gate { get; } = new();

    /// <summary>Gets what is held for the peer.</summary>
    public HoldAccount Account { get; } = new();

    /// <summary>Gets the clock and the deadlines.</summary>
    public DeadlineWheel Wheel { get; }

    /// <summary>Gets the time.</summary>
    public Instant Now => Wheel.Now;

    /// <summary>Gets whether the caller runs inside a handler or event of this host, or inside user code for which its handlers have to wait.</summary>
    public virtual bool IsInsideHandler => IsInsideOwnHandler;

    /// <summary>Gets whether the caller runs inside a handler of messages of this host.</summary>
    public bool IsInsideMessageHandler => _scope.Value is { IsRunning: true, IsMessage: true };

    /// <summary>Gets the log.</summary>
    protected internal ILogger Logger { get; }

    /// <summary>Gets whether there is somebody to hand messages to; until then they wait. Called under the gate.</summary>
    protected abstract bool CanHandle { get; }

    /// <summary>Runs the dispatcher on a pool thread.</summary>
    void IThreadPoolWorkItem.Execute() => Dispatch();

    /// <summary>Hands a machine to a pump of this host. Called under the gate.</summary>
    /// <param name="machine">The machine.</param>
    public SessionPump AddPump(SessionMachine machine)
    {
        var pump = new SessionPump(this, machine);
        _pumps = [.. _pumps, pump];
        return pump;
    }

    /// <summary>Runs what waits for user code, unless somebody does already: on a pool thread.</summary>
    public void DispatchSoon()
    {
        if (TryEnterDispatch()) { ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false); }
    }

    /// <summary>Waits until user code has been given everything and has finished.</summary>
    /// <param name="limit">How long at most.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task DrainedAsync(TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        Task drained;
        lock (Gate)
        {
            if (!_isDispatching && !HasWork) { return; }
            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            drained = _drained.Task;
        }
        DispatchSoon();
        try { await drained.WaitAsync(limit, time, cancellationToken).ConfigureAwait(false); }
        catch (TimeoutException) { Log.HandlerHangs(Logger); }
    }

    /// <summary>Drops what was taken for user code and not yet handed over, now that a handler closes its session for good. Called from elsewhere, it does nothing.</summary>
    public void DropTaken()
    {
        if (IsInsideOwnHandler) { _dropsTaken = true; }
    }

    internal bool TryEnterDispatch()
    {
        lock (Gate)
        {
            if (_isDispatching || !HasWork) { return false; }
            return _isDispatching = true;
        }
    }

    /// <summary>Runs what waits for user code. The caller has entered.</summary>
    internal void Dispatch()
    {
        HandlerScope? before = _scope.Value;
        var scope = new HandlerScope();
        _scope.Value = scope;
        try
        {
            while (TryTakeWork(out HostEvent? @event))
            {
                scope.IsMessage = @event is null;
                ValueTask running = @event is null ? HandleAsync(_batchPump!, in _batch[_batchDone]) : RaiseAsync(@event.Value);
                if (!running.IsCompletedSuccessfully)
                {
                    FinishDone();
                    _ = ContinueAsync(running, isEvent: @event is not null, scope);
                    return;
                }
                if (@event is null) { _batchDone++; }
            }
            scope.IsRunning = false;
        }
        finally
        {
            _scope.Value = before;
        }
    }

    /// <summary>Tells a pump's machine's output, under the gate.</summary>
    internal void Hear(SessionPump pump, SessionOutput output, Instant now) => Said(pump, output, now);

    /// <summary>Counts what the sessions hold, and tells the budget when that is due. Called under the gate.</summary>
    /// <param name="isQuiet">Whether nothing goes on: then a small step down is told too.</param>
    internal void CountHeld(bool isQuiet)
    {
        if (!Account.HasPot) { return; }
        long bytes = 0;
        long shared = 0;
        foreach (SessionPump pump in _pumps)
        {
            bytes += pump.Machine.BytesHeld;
            shared += pump.Machine.SharedBytesHeld;
        }
        Account.Hold(bytes, shared, isQuiet);
    }

    /// <summary>Counts what the sessions hold if the outbox alone is more than the budget knows of: most messages cost no more than this look. Called under the gate.</summary>
    internal void CountAccepted(SessionPump pump)
    {
        if (Account.IsDue(pump.Machine.OutboxBytesHeldAtMost)) { CountHeld(isQuiet: false); }
    }

    /// <summary>Tells that a pump has made a step, outside the gate.</summary>
    internal void Step() => Stepped();

    /// <summary>Forgets a pump that is over and has nothing left for user code. Called under the gate.</summary>
    internal void Forget(SessionPump pump)
    {
        _pumps = Array.FindAll(_pumps, other => other != pump);
        if (_pumps.Length == 0) { Account.Leave(); }
    }

    /// <summary>Queues an event for user code, before any message that is not yet handed over. Called under the gate.</summary>
    /// <param name="value">The event.</param>
    /// <param name="after">The pump whose messages go first; null for none.</param>
    protected void Post(object value, SessionPump? after = null) => (_events ??= new()).Enqueue(new HostEvent(value, after));

    /// <summary>Hands nothing more to user code. Called under the gate.</summary>
    protected void StopDispatch()
    {
        _isStopped = true;
        Account.Leave();
    }

    /// <summary>Hears what a machine has said, under the gate.</summary>
    /// <param name="pump">The pump.</param>
    /// <param name="output">What was said.</param>
    /// <param name="now">The time.</param>
    protected abstract void Said(SessionPump pump, SessionOutput output, Instant now);

    /// <summary>Does what a step may have made necessary, outside the gate.</summary>
    protected virtual void Stepped()
    {
    }

    /// <summary>Tells that the message that user code is busy with has failed (D5.1). From elsewhere than inside <see cref="OnMessageAsync"/> it means nothing.</summary>
    protected void MarkFailed()
    {
        if (IsInsideMessageHandler) { _batchFailed |= 1UL << _batchDone; }
    }

    /// <summary>Tells, from inside <see cref="OnMessageAsync"/>, that there is no handler for the message: it has failed.</summary>
    /// <param name="what">What it is: <c>bytes</c>.</param>
    protected void MarkUnhandled(string what)
    {
        if (!IsInsideMessageHandler) { return; }
        MarkFailed();
        SessionId session = _batchPump!.Machine.Id;
        if (Wheel.LimitedLog.MayWrite(Logger, LogLevel.Warning, nameof(Log.NoHandler), $"session {session}")) { Log.NoHandler(Logger, session, what); }
    }

    /// <summary>Hands a message to user code. What it throws is logged, and the message has failed.</summary>
    /// <param name="pump">The pump of its session.</param>
    /// <param name="message">The message.</param>
    protected abstract ValueTask OnMessageAsync(SessionPump pump, InboundMessage message);

    /// <summary>Hands an event to user code. An exception is logged.</summary>
    /// <param name="value">The event.</param>
    protected abstract ValueTask OnEventAsync(object value);

    /// <summary>Hears that a handler has thrown; it is logged already.</summary>
    /// <param name="pump">The pump of the message; null for an event.</param>
    /// <param name="failure">The exception.</param>
    protected virtual void HandlerThrew(SessionPump? pump, Exception failure)
    {
    }

    private string LogSource => _pumps is [var only, ..] ? $"session {only.Machine.Id}" : "a session that is over";

    private bool IsInsideOwnHandler => _scope.Value is { IsRunning: true };

    private bool HasWork => !_isStopped && (_events is not null || (CanHandle && Array.Exists(_pumps, static pump => pump.Machine.InboxMessages > 0)));

    /// <summary>Finds the next event, or the next message: of the batch that was taken, else of a new one.</summary>
    private bool TryTakeWork(out HostEvent? @event)
    {
        @event = null;
        if (_dropsTaken && _batchDone < _batchCount)
        {
            Array.Clear(_batch, _batchDone, _batchCount - _batchDone);   // The array goes back to everybody's pool.
            _batchCount = _batchDone;
        }
        if (_batchDone < _batchCount) { return true; }
        SessionPump? finished = _batchPump;
        TransportLine? toWrite = null;
        bool hasWork;
        lock (Gate)
        {
            if (finished is not null) { toWrite = finished.FinishBatch(_batch.AsSpan(_batchTold, _batchCount - _batchTold), _batchFailed >> _batchTold); }
            FitBatch();
            hasWork = TryTakeEvent(out @event) || TryTakeBatch();
            if (!hasWork)
            {
                ReturnBatch();
                _isDispatching = false;
                _drained?.TrySetResult();
                _drained = null;
            }
        }
        if (toWrite is not null) { finished!.StartWriting(toWrite); }
        return hasWork;
    }

    private bool TryTakeEvent(out HostEvent? @event)
    {
        @event = null;
        bool isNext = !_isStopped && _events?.Peek() is { } next && (!CanHandle || next.After is not { Machine.InboxMessages: > 0 });
        if (!isNext) { return false; }
        @event = _events!.Dequeue();
        if (_events.Count == 0) { _events = null; }
        return true;
    }

    private bool TryTakeBatch()
    {
        for (int i = 0; CanHandle && !_isStopped && i < _pumps.Length; i++)
        {
            SessionPump pump = _pumps[i];
            if (pump.Machine.InboxMessages == 0) { continue; }
            Instant now = Now;
            if (_batch.Length == 0) { _batch = ArrayPool<InboundMessage>.Shared.Rent(BatchMax); }
            while (_batchCount < _batchMax && pump.Machine.TryTakeMessage(now, out _batch[_batchCount])) { _batchCount++; }
            if (_batchCount == 0)
            {
                pump.SetDeadline();                                // What waited has expired: the peer is to hear of it.
                continue;
            }
            (_batchPump, _batchBeganAt) = (pump, now);
            return true;
        }
        return false;
    }

    /// <summary>Takes more messages at a time while they are handled in no time, so that the gate is not taken for each; one at a time when a handler needs time,
    /// so that a message of a higher lane is next.</summary>
    private void FitBatch()
    {
        bool isFast = _batchCount > 0 && Now.Since(_batchBeganAt) < s_batchTime;
        bool wasFull = _batchCount == _batchMax;
        Array.Clear(_batch, 0, _batchCount);
        _batchMax = !isFast ? 1 : wasFull ? Math.Min(BatchMax, 2 * _batchMax) : _batchMax;
        (_batchPump, _batchCount, _batchDone, _batchTold, _batchFailed) = (null, 0, 0, 0, 0);
    }

    private void ReturnBatch()
    {
        if (_batch.Length == 0) { return; }
        ArrayPool<InboundMessage>.Shared.Return(_batch);
        _batch = [];
    }

    /// <summary>A handler takes its time: what was handled before it does not wait for it.</summary>
    private void FinishDone()
    {
        if (_batchDone == _batchTold) { return; }
        TransportLine? toWrite;
        lock (Gate) { toWrite = _batchPump!.FinishBatch(_batch.AsSpan(_batchTold, _batchDone - _batchTold), _batchFailed >> _batchTold); }
        _batchTold = _batchDone;
        if (toWrite is not null) { _batchPump.StartWriting(toWrite); }
    }

    private async Task ContinueAsync(ValueTask running, bool isEvent, HandlerScope scope)
    {
        await running.ConfigureAwait(false);
        scope.IsRunning = false;
        if (!isEvent) { _batchDone++; }
        Dispatch();
    }

    private ValueTask HandleAsync(SessionPump pump, in InboundMessage message)
    {
        try
        {
            ValueTask running = OnMessageAsync(pump, message);
            return running.IsCompletedSuccessfully ? default : GuardAsync(running, pump);
        }
        catch (Exception failure)
        {
            Threw(pump, failure);
            return default;
        }
    }

    private ValueTask RaiseAsync(object value)
    {
        try
        {
            ValueTask running = OnEventAsync(value);
            return running.IsCompletedSuccessfully ? default : GuardAsync(running, pump: null);
        }
        catch (Exception failure)
        {
            Threw(pump: null, failure);
            return default;
        }
    }

    private async ValueTask GuardAsync(ValueTask running, SessionPump? pump)
    {
        try { await running.ConfigureAwait(false); }
        catch (Exception failure) { Threw(pump, failure); }
    }

    private void Threw(SessionPump? pump, Exception failure)
    {
        if (pump is not null) { MarkFailed(); }
        string what = pump is null ? "event" : "message";
        bool mayWrite = Wheel.LimitedLog.MayWrite(Logger, LogLevel.Error, nameof(Log.HandlerThrew), $"a {what}'s handler of {LogSource}: {failure.GetType().Name}, {failure.Message}");
        if (mayWrite) { Log.HandlerThrew(Logger, failure, what); }
        HandlerThrew(pump, failure);
    }

    private sealed record HostEvent(object Value, SessionPump? After);

    private sealed class HandlerScope
    {
        internal volatile bool IsRunning = true;
        internal volatile bool IsMessage;
    }
}
