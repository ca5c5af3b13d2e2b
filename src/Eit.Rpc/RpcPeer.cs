using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Microsoft.Extensions.Logging;

namespace Eit.Rpc;

/// <summary>The calls of one session, both ways, at one end (docs/RPC.md). Both ends run the same class.</summary>
/// <remarks>
/// What comes is dealt with at once and never waits for user code: methods and handlers run on pool threads, counted and bounded. So an answer, a cancellation or credit never
/// stands behind a call. The lock covers the tables and nothing else: no I/O, no user code.
/// </remarks>
internal sealed partial class RpcPeer : IAsyncDisposable
{
    /// <summary>How many events may come before credit is given (docs/RPC.md, K4.1).</summary>
    internal const int EventsAtFirst = 64;

    private const byte Kind = 1;
    private static readonly AsyncLocal<IncomingCall?> s_served = new();
    private static readonly JsonElement s_null = JsonElement.Parse("null");

    private readonly IRpcLink _link;
    private readonly RpcWire _wire;
    private readonly RpcOptions _options;
    private readonly RpcHandlers _handlers;
    private readonly IRpcGuard? _guard;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationToken _stopped;
    private readonly Dictionary<long, OutgoingCall> _calls = [];
    private readonly Dictionary<long, IncomingCall> _serving = [];
    private readonly HashSet<long> _cancelledEarly = [];
    private readonly Queue<Outgoing> _events = new();
    private readonly ItemWindow _eventWindow;
    private readonly OrderedSender _callSender;
    private readonly OrderedSender _answerSender;
    private readonly WorkQueue _methods;
    private readonly WorkQueue _eventHandlers = new(parallelMax: 1);
    private readonly SemaphoreSlim _room;
    private readonly CallRate _rate;
    private long _lastCall;
    private long _lastServed;
    private int _servedCount;
    private long _servedBytes;
    private long _eventBytes;
    private long _eventsSent;
    private long _unknownMessages;
    private long _eventsAllowed;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? _stopping;

    /// <param name="link">The session.</param>
    /// <param name="wire">How messages are written and read.</param>
    /// <param name="options">How.</param>
    /// <param name="json">The JSON of arguments and results.</param>
    /// <param name="handlers">What is done with what comes.</param>
    /// <param name="guard">Who decides which calls may run; null for all.</param>
    /// <param name="logger">Where it logs.</param>
    internal RpcPeer(IRpcLink link, RpcWire wire, RpcOptions options, RpcJson json, RpcHandlers handlers, IRpcGuard? guard, ILogger logger)
    {
        (_link, _wire, _options, Json, _handlers, _guard, _logger) = (link, wire, options, json, handlers, guard, logger);
        _stopped = _stop.Token;
        byte kind = wire.IsFull ? Kind : (byte)0;
        var patient = new SendOptions { Kind = kind, CompleteWhen = CompleteWhen.Accepted, AcceptWithin = Timeout.InfiniteTimeSpan, Stays = true };
        _callSender = new OrderedSender(link, patient, _stopped);
        _answerSender = new OrderedSender(link, patient with { Lane = Lane.Interactive }, _stopped);
        _eventWindow = new ItemWindow(EventsAtFirst, options.EventBytesWaitingMax);
        _methods = new WorkQueue(options.ParallelCalls);
        _room = new SemaphoreSlim(options.CallsUnderWayMax);
        _rate = new CallRate(options.CallsPerSecond, options.TimeProvider);
        _eventsAllowed = wire.IsFull ? EventsAtFirst : long.MaxValue;
    }

    internal RpcJson Json { get; }

    internal RpcWire Wire => _wire;

    /// <summary>Gets a task that ends when the session is over and its methods and handlers have finished, or did not within the limit.</summary>
    internal Task Ended => _ended.Task;

    /// <summary>Gets how many of the other end's calls are under way.</summary>
    internal int Serving
    {
        get
        {
            lock (_gate) { return _servedCount; }
        }
    }

    /// <summary>Gets how many messages of a type that is not known have come and been dropped.</summary>
    internal long UnknownMessages => Interlocked.Read(ref _unknownMessages);

    /// <summary>Gets how many bytes of JSON this end holds because the other end does not take them: calls, answers, items and events on their way out.</summary>
    internal long BytesWaiting
    {
        get
        {
            lock (_gate) { return _callSender.Bytes + _answerSender.Bytes + _eventBytes; }
        }
    }

    // ---- Calls of this end

    internal async Task<T> CallAsync<T>(string name, RpcArguments arguments, RpcCallOptions? options, CancellationToken cancellationToken) =>
        Read<T>(await CallAsync(name, arguments, options, cancellationToken).ConfigureAwait(false));

    internal async Task<JsonElement> CallAsync(string name, RpcArguments arguments, RpcCallOptions? options, CancellationToken cancellationToken)
    {
        TimeSpan timeout = options?.Timeout ?? _options.CallTimeout;
        using var limit = new CallLimit(timeout, _options.TimeProvider, cancellationToken);
        using OutgoingCall call = await BeginAsync(name, arguments, timeout, items: 0, limit.Token, cancellationToken).ConfigureAwait(false);
        using CancellationTokenRegistration _ = limit.Token.UnsafeRegister(static (call, why) => ((OutgoingCall)call!).Cancel(why), call);
        try { return await call.Result.ConfigureAwait(false); }
        catch (OperationCanceledException)
        {
            SendOutcome outcome = await GiveUpAsync(call).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            throw TimedOut(outcome);
        }
        finally { End(call); }
    }

    internal async IAsyncEnumerable<T> StreamAsync<T>(string name, RpcArguments arguments, RpcCallOptions? options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        TimeSpan timeout = options?.Timeout ?? Timeout.InfiniteTimeSpan;
        int items = options?.Items ?? new RpcCallOptions().Items;
        if (items is < 1 or > RpcCallOptions.ItemsMax) { throw new ArgumentOutOfRangeException(nameof(options), items, $"RpcCallOptions.Items must be 1 to {RpcCallOptions.ItemsMax}."); }
        using var limit = new CallLimit(timeout, _options.TimeProvider, cancellationToken);
        using OutgoingCall call = await BeginAsync(name, arguments, timeout, items, limit.Token, cancellationToken).ConfigureAwait(false);
        try
        {
            while (await HasItemAsync(call, limit.Token, cancellationToken).ConfigureAwait(false))
            {
                while (call.Items!.Reader.TryRead(out (JsonElement Value, int Bytes) item))
                {
                    FinishItem(call, item.Bytes);
                    yield return Read<T>(item.Value);
                }
            }
            JsonElement end = await call.Result.ConfigureAwait(false);
            if (end.ValueKind != JsonValueKind.Undefined) { throw new RpcException(RpcError.BadResult, $"The method {name} gives no stream."); }
        }
        finally
        {
            if (!call.Result.IsCompleted) { await GiveUpAsync(call).ConfigureAwait(false); }
            End(call);
        }
    }

    private async ValueTask<bool> HasItemAsync(OutgoingCall call, CancellationToken limit, CancellationToken cancellationToken)
    {
        try { return await call.Items!.Reader.WaitToReadAsync(limit).ConfigureAwait(false); }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            SendOutcome outcome = await GiveUpAsync(call).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            throw TimedOut(outcome);
        }
    }

    /// <summary>Waits for room and sends a call. One that is made for a call of the other end does not wait: that end waits for it.</summary>
    private async ValueTask<OutgoingCall> BeginAsync(string name, RpcArguments arguments, TimeSpan timeout, int items, CancellationToken limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!_wire.IsFull) { throw new NotSupportedException("The client of this session takes no calls."); }
        if (_link.IsInsideHandler)
        {
            throw new InvalidOperationException("A handler of this connection's own messages can't wait for a call: the answer would wait for the handler. Hand the call over with Post.");
        }
        long began = _options.TimeProvider.GetTimestamp();
        IncomingCall? within = s_served.Value is { IsOver: false } served && served.Peer == this ? served : null;
        if (within is null && !await _room.WaitAsync(TimeSpan.Zero, CancellationToken.None).ConfigureAwait(false))
        {
            using var any = CancellationTokenSource.CreateLinkedTokenSource(limit, _stopped);
            try { await _room.WaitAsync(any.Token).ConfigureAwait(false); }
            catch (OperationCanceledException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw limit.IsCancellationRequested ? TimedOut(SendOutcome.NotSent) : Lost(SendOutcome.NotSent);
            }
        }
        OutgoingCall? call = null;
        try
        {
            while (true)
            {
                TimeSpan? left = timeout == Timeout.InfiniteTimeSpan ? null : TimeSpan.FromTicks(Math.Max(0, (timeout - _options.TimeProvider.GetElapsedTime(began)).Ticks));
                call = TrySend(name, arguments, left, within, items);
                if (call is not null) { break; }
                await LessWaitsAsync(limit, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            if (call is null && within is null) { _room.Release(); }
        }
        _callSender.Flush();
        return call;
    }

    /// <summary>Waits until fewer bytes of calls wait to leave.</summary>
    private async ValueTask LessWaitsAsync(CancellationToken limit, CancellationToken cancellationToken)
    {
        try { await _callSender.LessAsync().WaitAsync(limit).ConfigureAwait(false); }
        catch (OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw TimedOut(SendOutcome.NotSent);
        }
    }

    /// <returns>Null while the calls that wait to leave hold too many bytes.</returns>
    private OutgoingCall? TrySend(string name, RpcArguments arguments, TimeSpan? left, IncomingCall? within, int items)
    {
        lock (_gate)
        {
            if (_stopping is not null) { throw Lost(SendOutcome.NotSent); }
            if (_callSender.Bytes >= _options.CallBytesMax) { return null; }
            long id = _lastCall + 1;
            RpcText text = _wire.Call(new OutgoingRequest(id, name, left, within?.Message.Id ?? 0, items), arguments.Values);
            if (text.Bytes > _options.ArgumentBytesMax) { throw new RpcException(RpcError.TooLarge, $"The call has {text.Bytes} bytes; {_options.ArgumentBytesMax} are the limit."); }
            _lastCall = id;
            var call = new OutgoingCall(id, items, _options.CallBytesMax) { TakesRoom = within is null };
            _calls.Add(id, call);
            _callSender.Add(new Outgoing(text)
            {
                Life = left,
                Withdrawal = call.Withdrawal,
                NotTaken = isTooLarge => call.Fail(isTooLarge ? new RpcException(RpcError.TooLarge, "The call is larger than the other end takes.") : Lost(SendOutcome.NotSent)),
            });
            return call;
        }
    }

    /// <summary>Gives a call up: takes it back, or cancels it.</summary>
    private async ValueTask<SendOutcome> GiveUpAsync(OutgoingCall call)
    {
        Close(call);
        SendOutcome outcome = await call.Withdrawal.WithdrawAsync().ConfigureAwait(false);
        bool isServed;
        lock (_gate) { isServed = _calls.Remove(call.Id) && outcome == SendOutcome.Unknown && _stopping is null; }
        if (isServed) { Answer(_wire.Cancel(call.Id)); }
        return outcome;
    }

    private void End(OutgoingCall call)
    {
        Close(call);
        lock (_gate)
        {
            _calls.Remove(call.Id);
            _link.Account.Release(call.Window?.Bytes ?? 0);         // Items that nobody reads.
        }
        if (call.TakesRoom) { _room.Release(); }
    }

    /// <summary>No call comes back for this one any more: those that have not begun are as any other, and those that run are counted among these.</summary>
    private void Close(OutgoingCall call)
    {
        IReadOnlyCollection<IncomingCall> waiting;
        lock (_gate)
        {
            waiting = call.Close(out int stillRunning);
            for (int i = 0; i < stillRunning; i++) { _methods.Adopt(); }
        }
        foreach (IncomingCall nested in waiting) { _methods.Add(() => ServeAsync(nested)); }
    }

    private void FinishItem(OutgoingCall call, int bytes)
    {
        long allowed;
        lock (_gate)
        {
            bool mayMoreCome = call.Window!.Finish(bytes);
            _link.Account.Release(bytes);
            if (!mayMoreCome) { return; }
            allowed = call.Window.Allowed;
        }
        if (!call.Result.IsCompleted) { Answer(_wire.More(call.Id, allowed)); }
    }

    private T Read<T>(JsonElement value)
    {
        try
        {
            T? read = Json.Read<T>(value.ValueKind == JsonValueKind.Undefined ? s_null : value);
            return read is null && default(T) is not null ? throw new RpcException(RpcError.BadResult, $"The result is null, not {typeof(T).Name}.") : read!;
        }
        catch (JsonException) { throw new RpcException(RpcError.BadResult, $"The result is not {typeof(T).Name}."); }
    }

    private static RpcCallLostException TimedOut(SendOutcome outcome) => new(outcome, isTimeout: true, outcome == SendOutcome.NotSent
        ? "The time for the call was over before it had left: its method has not run."
        : "The time for the call was over before its answer came: its method has run once, or not at all.");

    private static RpcCallLostException Lost(SendOutcome outcome) => new(outcome, isTimeout: false, outcome == SendOutcome.NotSent
        ? "The session ended before the call had left: its method has not run."
        : "The session ended before the call's answer came: its method has run once, or not at all.");

    // ---- Events

    /// <summary>Sends an event or an action, in order.</summary>
    /// <returns>False if too many wait, or the session is over.</returns>
    internal bool Emit(in RpcText text)
    {
        if (text.Bytes > _options.ResultBytesMax) { throw new ArgumentException($"The event has {text.Bytes} bytes; {_options.ResultBytesMax} are the limit.", nameof(text)); }
        if (!TryQueue([text])) { return false; }
        Flush();
        return true;
    }

    /// <summary>Takes events and actions over, all or none, in order; <see cref="Flush"/> follows, outside of the caller's lock.</summary>
    internal bool TryQueue(IReadOnlyCollection<RpcText> texts)
    {
        lock (_gate)
        {
            if (_stopping is not null || !HasRoomFor(texts)) { return false; }
            foreach (RpcText text in texts)
            {
                var message = new Outgoing(text) { IsEvent = true };
                _events.Enqueue(message);
                _eventBytes += text.Bytes;
                _link.Account.Charge(message.Held);
            }
            ReleaseEvents();
            return true;
        }
    }

    /// <summary>Tells whether further events may wait, by their number and by their bytes. What the other end has given credit for, and the session takes, does not count. Called under the gate.</summary>
    private bool HasRoomFor(IReadOnlyCollection<RpcText> texts)
    {
        (int leaving, long leavingBytes) = _answerSender.Events;
        long beyondCredit = _wire.IsFull ? _events.Count + Math.Max(0, leaving - EventsAtFirst) - (_eventsAllowed - _eventsSent) : leaving;
        if (beyondCredit + texts.Count > _options.EventsWaitingMax) { return false; }
        bool isOnlyOne = texts.Count == 1 && _events.Count + leaving == 0;
        return isOnlyOne || _eventBytes + leavingBytes + texts.Sum(static text => (long)text.Bytes) <= _options.EventBytesWaitingMax;
    }

    internal void Flush() => _answerSender.Flush();

    /// <summary>Ends the session of a client that takes its events too slowly: it comes back with a new one, and asks for what it has missed.</summary>
    internal void GiveUpSlow() => _link.Abort(CloseCode.TooSlow, "RPC G1.4: too many actions wait for the client.");

    private void ReleaseEvents()
    {
        while (_eventsSent < _eventsAllowed && _events.TryDequeue(out Outgoing? next))
        {
            _eventsSent++;
            _eventBytes -= next.Bytes;
            _answerSender.Add(next, isCharged: true);
        }
    }

    /// <summary>Runs user code in its place among the handlers of events.</summary>
    /// <returns>False if too much waits, or the session is over.</returns>
    internal bool Post(Func<ValueTask> handler)
    {
        lock (_gate)
        {
            if (_stopping is not null) { return false; }
        }
        return _eventHandlers.TryAdd(() => HandleAsync(handler), _options.EventsWaitingMax);
    }

    private async Task HandleAsync(Func<ValueTask> handler)
    {
        try { await handler().ConfigureAwait(false); }
        catch (Exception failure)
        {
            if (MayLog(LogLevel.Error, nameof(Log.HandlerThrew), $"{failure.GetType().Name}, {failure.Message}")) { Log.HandlerThrew(_logger, failure); }
        }
    }

    /// <summary>What a peer can make happen again and again is not a line each time.</summary>
    private bool MayLog(LogLevel level, string kind, string source) => DeadlineWheel.Shared.LimitedLog.MayWrite(_logger, level, kind, source);

    // ---- What comes

    /// <summary>Takes a message. Returns at once.</summary>
    internal void Receive(string? text, int bytes)
    {
        RpcMessage message = text is null ? RpcMessage.Unreadable : _wire.Read(text);
        switch (message.Type)
        {
            case RpcMessageType.Call:
                ReceiveCall(message, bytes);
                break;
            case RpcMessageType.Result when TryTakeCall(message.Id) is { } call:
                call.Complete(message.Value);
                break;
            case RpcMessageType.Error when TryTakeCall(message.Id) is { } call:
                call.Fail(new RpcException(RpcErrorNames.Parse(message.Error), RpcWords.OfError(message.Message)));
                break;
            case RpcMessageType.Item:
                ReceiveItem(message, bytes);
                break;
            case RpcMessageType.Cancel:
                ReceiveCancel(message.Id);
                break;
            case RpcMessageType.More:
                ReceiveMore(message);
                break;
            case RpcMessageType.Event or RpcMessageType.Dispatch:
                ReceiveEvent(message, bytes);
                break;
            case RpcMessageType.Unreadable:
                if (MayLog(LogLevel.Warning, nameof(Log.MessageUnreadable), "a peer's calls")) { Log.MessageUnreadable(_logger, bytes); }
                break;
            case RpcMessageType.Unknown:
                ReceiveUnknown(message);
                break;
            default:
                break;                                             // An answer to a call that was given up.
        }
    }

    /// <summary>A later version may say something of a call that this end does not understand: whoever waits for that call is told, and not left to wait (M1.2).</summary>
    private void ReceiveUnknown(RpcMessage message)
    {
        string type = PeerText.Harmless(message.Name);
        if (TryTakeCall(message.Id) is { } call)
        {
            call.Fail(new RpcException(RpcError.BadResult, $"The other end has answered with a message of a type that this end does not know: {type}."));
            Answer(_wire.Cancel(message.Id));
            return;
        }
        bool isFirst = Interlocked.Increment(ref _unknownMessages) == 1;
        if (isFirst && MayLog(LogLevel.Warning, nameof(Log.MessageUnknown), "a peer's calls")) { Log.MessageUnknown(_logger, type); }
    }

    private OutgoingCall? TryTakeCall(long id)
    {
        OutgoingCall? call;
        lock (_gate)
        {
            if (!_calls.Remove(id, out call)) { return null; }
        }
        Close(call);
        return call;
    }

    private void ReceiveItem(RpcMessage message, int bytes)
    {
        OutgoingCall? call;
        bool mayCome;
        lock (_gate)
        {
            if (!_calls.TryGetValue(message.Id, out call) || call.Window is null) { return; }
            mayCome = call.Window.TryReceive(bytes);
            _link.Account.Charge(bytes);
        }
        if (mayCome) { call.Items!.Writer.TryWrite((message.Value, bytes)); }
        else { _link.Abort(CloseCode.CreditExceeded, "RPC K3.2: an item came beyond the credit of its stream."); }
    }

    private void ReceiveMore(RpcMessage message)
    {
        lock (_gate)
        {
            if (message.Id > 0)
            {
                if (_serving.TryGetValue(message.Id, out IncomingCall? call)) { call.Allow(message.Items); }
                return;
            }
            _eventsAllowed = Math.Max(_eventsAllowed, Math.Min(message.Items, _eventsSent + EventsAtFirst));
            ReleaseEvents();
        }
        _answerSender.Flush();
    }

    private void ReceiveEvent(RpcMessage message, int bytes)
    {
        bool mayCome;
        if (!IsWanted(message)) { (message, bytes) = (new RpcMessage(message.Type), 0); }   // It takes its turn; what is in it need not wait for that.
        lock (_gate)
        {
            if (_stopping is not null) { return; }
            mayCome = !_wire.IsFull || _eventWindow.TryReceive(bytes);
            if (mayCome) { _link.Account.Charge(bytes + HoldSizes.Entry); }
        }
        if (!mayCome)
        {
            _link.Abort(CloseCode.CreditExceeded, "RPC K4.1: an event came beyond the credit.");
            return;
        }
        _eventHandlers.Add(() => HandleEventAsync(message, bytes));
    }

    private bool IsWanted(RpcMessage message) => message.Type == RpcMessageType.Dispatch ? _handlers.Dispatch is not null : _handlers.Events.ContainsKey(message.Name ?? string.Empty);

    private async Task HandleEventAsync(RpcMessage message, int bytes)
    {
        JsonElement value = message.Value.ValueKind == JsonValueKind.Undefined ? s_null : message.Value;
        if (message.Type == RpcMessageType.Dispatch && _handlers.Dispatch is { } onDispatch) { await HandleAsync(() => onDispatch(value, message.Position)).ConfigureAwait(false); }
        if (message.Type == RpcMessageType.Event && _handlers.Events.GetValueOrDefault(message.Name ?? string.Empty) is { } onEvent) { await HandleAsync(() => onEvent(value)).ConfigureAwait(false); }
        _link.Account.Release(bytes + HoldSizes.Entry);
        if (!_wire.IsFull) { return; }
        long allowed;
        lock (_gate)
        {
            if (!_eventWindow.Finish(bytes) || _stopping is not null) { return; }
            allowed = _eventWindow.Allowed;
        }
        Answer(_wire.More(0, allowed));
    }

    private void ReceiveCancel(long id)
    {
        lock (_gate)
        {
            if (_serving.TryGetValue(id, out IncomingCall? call)) { call.Cancel(); }
            else if (id > _lastServed && _cancelledEarly.Count < _options.CallsUnderWayMax) { _cancelledEarly.Add(id); }   // It has overtaken its call (K2.2).
        }
    }

    // ---- Calls of the other end

    private void ReceiveCall(RpcMessage message, int bytes)
    {
        IncomingCall? call = null;
        (RpcError Error, string Text)? refusal;
        OutgoingCall? within = null;
        bool runsNow = false;
        lock (_gate)
        {
            if (_stopping is not null) { return; }
            if (_wire.IsFull && message.Id <= _lastServed)
            {
                ThreadPool.UnsafeQueueUserWorkItem(static link => link.Abort(CloseCode.BadNumber, "RPC K1.2: the id of a call must rise."), _link, preferLocal: false);
                return;
            }
            _lastServed = Math.Max(_lastServed, message.Id);
            refusal = Refuse(message, bytes);
            if (_cancelledEarly.Count > 0) { _cancelledEarly.RemoveWhere(id => id <= _lastServed); }
            if (refusal is null)
            {
                within = message.Within > 0 && _calls.TryGetValue(message.Within, out OutgoingCall? open) && open.IsOpen ? open : null;
                call = new IncomingCall(this, message, bytes, _options.TimeProvider);
                if (message.Id > 0) { _serving.Add(message.Id, call); }
                (_servedCount, _servedBytes) = (_servedCount + 1, _servedBytes + bytes);
                _link.Account.Charge(bytes + HoldSizes.Entry);
                runsNow = within?.TryBeginNested(call, _options.ParallelCalls) ?? false;
            }
        }
        if (refusal is { } told)
        {
            if (message.Id > 0) { Answer(_wire.Error(message.Id, told.Error, told.Text)); }
            return;
        }
        if (runsNow) { _methods.AddNow(() => ServeNestedAsync(within!, call!)); }
        else if (within is null) { _methods.Add(() => ServeAsync(call!)); }
    }

    /// <summary>Serves calls that came back for one of this end's, one after the other.</summary>
    /// <returns>Whether that one was over before they were.</returns>
    private async Task<bool> ServeNestedAsync(OutgoingCall within, IncomingCall call)
    {
        bool isAdopted = false;
        for (IncomingCall? next = call; next is not null;)
        {
            await ServeAsync(next).ConfigureAwait(false);
            lock (_gate) { next = within.EndNested(out isAdopted); }
        }
        return isAdopted;
    }

    /// <summary>Says what is wrong with a call, if anything is: then it never reaches a method. Called under the gate.</summary>
    private (RpcError Error, string Text)? Refuse(RpcMessage message, int bytes)
    {
        if (_cancelledEarly.Remove(message.Id)) { return (RpcError.Cancelled, "The call was cancelled."); }
        if (!_rate.TryTake()) { return (RpcError.TooFast, $"More than {_options.CallsPerSecond} calls a second."); }
        if (bytes > _options.ArgumentBytesMax) { return (RpcError.TooLarge, $"The call has {bytes} bytes; {_options.ArgumentBytesMax} are the limit."); }
        if (_servedCount >= _options.CallsUnderWayMax) { return (RpcError.TooManyCalls, $"More than {_options.CallsUnderWayMax} calls are under way."); }
        if (_servedBytes + bytes > _options.CallBytesMax) { return (RpcError.TooManyCalls, $"The calls under way hold more than {_options.CallBytesMax} bytes."); }
        if (_serving.ContainsKey(message.Id)) { return (RpcError.BadArguments, "A call of this id is under way."); }
        if (message.Name is null) { return (RpcError.BadArguments, "The call names no method."); }
        if (_handlers.Api?.Find(message.Name) is null) { return (RpcError.UnknownMethod, $"Unknown api '{RpcWords.OfName(message.Name)}'"); }
        return message.Value.ValueKind == JsonValueKind.Array ? null : (RpcError.BadArguments, "The arguments are no list.");
    }

    /// <summary>Serves a call to its end: until the session has taken the answer. While an answer waits, nothing runs in its call's place.</summary>
    private async Task ServeAsync(IncomingCall call)
    {
        s_served.Value = call;
        RpcText? answer = null;
        try
        {
            if (call.IsCancelled) { throw new OperationCanceledException(); }
            string name = call.Message.Name!;
            RpcApiMethod method = _handlers.Api?.Find(name) ?? throw new RpcException(RpcError.UnknownMethod, $"Unknown api '{name}'");
            if (_guard is not null && !await _guard.MayRunAsync(name, method.Key).ConfigureAwait(false)) { throw new RpcException(RpcError.Forbidden, $"You may not call '{name}'."); }
            var invocation = new RpcInvocation(call);
            await method.Run(invocation).ConfigureAwait(false);
            answer = _wire.Result(call.Message.Id, invocation.Result);
        }
        catch (RpcException failure) { answer = _wire.Error(call.Message.Id, failure.Error, failure.Message); }
        catch (OperationCanceledException) when (call.IsCancelled)
        {
            answer = call.IsPastDeadline
                ? _wire.Error(call.Message.Id, RpcError.DeadlinePassed, "The time for the call was over.")
                : _wire.Error(call.Message.Id, RpcError.Cancelled, "The call was cancelled.");
        }
        catch (Exception failure) { answer = ErrorOf(call, failure); }
        call.IsOver = true;
        if (answer is { Bytes: var bytes } && bytes > _options.ResultBytesMax) { answer = _wire.Error(call.Message.Id, RpcError.TooLarge, $"The answer has {bytes} bytes; {_options.ResultBytesMax} are the limit."); }
        Outgoing? sent = call.Message.Id == 0
            ? null
            : Add(new Outgoing(answer!.Value) { Leaving = () => EndServing(call), NotTaken = isTooLarge => TellTooLarge(call, isTooLarge) });
        if (sent is null) { EndServing(call); }
        else { await sent.WhenOver().ConfigureAwait(false); }
    }

    private void TellTooLarge(IncomingCall call, bool isTooLarge)
    {
        if (isTooLarge) { Answer(_wire.Error(call.Message.Id, RpcError.TooLarge, "The result is larger than the caller takes.")); }
    }

    private RpcText ErrorOf(IncomingCall call, Exception failure)
    {
        string correlation = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        string method = call.Message.Name!;
        if (MayLog(LogLevel.Error, nameof(Log.MethodThrew), $"{method}: {failure.GetType().Name}, {failure.Message}")) { Log.MethodThrew(_logger, failure, method, correlation); }
        return _wire.Error(call.Message.Id, RpcError.Internal, $"The call failed ({correlation}).");
    }

    private void EndServing(IncomingCall call)
    {
        lock (_gate)
        {
            _serving.Remove(call.Message.Id);
            (_servedCount, _servedBytes) = (_servedCount - 1, _servedBytes - call.Bytes);
        }
        _link.Account.Release(call.Bytes + HoldSizes.Entry);
        call.Dispose();
    }

    /// <summary>Sends an item of a stream, and waits until the session has taken it: the stream goes on no faster, whatever its caller says that it takes.</summary>
    internal async ValueTask SendItemAsync<T>(IncomingCall call, T item)
    {
        RpcText text = _wire.Item(call.Message.Id, Json.Value(item));
        if (text.Bytes > _options.ResultBytesMax) { throw new RpcException(RpcError.TooLarge, $"An item has {text.Bytes} bytes; {_options.ResultBytesMax} are the limit."); }
        if (Add(new Outgoing(text) { NotTaken = _ => call.Cancel() }) is not { } sent) { return; }
        Task over = sent.WhenOver();
        if (!over.IsCompleted) { await over.WaitAsync(call.Token).ConfigureAwait(false); }
    }

    /// <summary>Sends what is short and never waits for calls: refusals, cancellations, credit. A peer that takes none of them in is not served any more.</summary>
    private void Answer(in RpcText text)
    {
        Add(new Outgoing(text));
        if (_answerSender.Count > AnswersWaitingMax) { _link.Abort(CloseCode.TooSlow, "RPC K1.6: too many answers wait for their caller."); }
    }

    /// <returns>Null when the session is over.</returns>
    private Outgoing? Add(Outgoing message)
    {
        lock (_gate)
        {
            if (_stopping is not null) { return null; }
            _answerSender.Add(message);
        }
        _answerSender.Flush();
        return message;
    }

    private int AnswersWaitingMax => (2 * _options.CallsUnderWayMax) + _options.EventsWaitingMax + EventsAtFirst;

    // ---- The end

    /// <summary>The session is over, or is to be: ends every call of this end with what is known of it, cancels those of the other end, and waits for their methods, within a limit.</summary>
    internal Task StopAsync()
    {
        lock (_gate) { return _stopping ??= Task.Run(StopOnceAsync); }
    }

    private async Task StopOnceAsync()
    {
        OutgoingCall[] calls;
        lock (_gate)
        {
            calls = [.. _calls.Values];
            _calls.Clear();
            foreach (IncomingCall call in _serving.Values) { call.Cancel(); }
            foreach (Outgoing waiting in _events) { _link.Account.Release(waiting.Held); }
            _events.Clear();
            _eventBytes = 0;
        }
        await _stop.CancelAsync().ConfigureAwait(false);
        foreach (OutgoingCall call in calls) { call.Fail(Lost(await call.Withdrawal.WithdrawAsync().ConfigureAwait(false))); }
        Task all = Task.WhenAll(_callSender.IdleAsync(), _answerSender.IdleAsync(), _methods.IdleAsync(), _eventHandlers.IdleAsync());
        try { await all.WaitAsync(_options.StopLimit, _options.TimeProvider).ConfigureAwait(false); }
        catch (TimeoutException) { Log.MethodHangs(_logger); }
        _ended.TrySetResult();
    }

    /// <summary>As <see cref="StopAsync"/>.</summary>
    public ValueTask DisposeAsync() => new(StopAsync());
}
