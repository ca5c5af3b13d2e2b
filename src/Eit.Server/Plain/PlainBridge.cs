using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Eit.Backoff;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Microsoft.Extensions.Logging;

namespace Eit.Server;

/// <summary>
/// Speaks Eit for a client that does not: it is that client's end of a session, joined to the server in memory. So a plain client has the same session, handlers, lanes
/// and bounds as any other; only nothing survives its WebSocket.
/// </summary>
/// <remarks>
/// A message to the client counts as processed when its WebSocket has taken it. Who sends faster than the handlers is not read on, until there is room in the session: meanwhile
/// nobody sees its answers to pings, so <see cref="EitServerOptions.PlainClientTimeout"/> bounds for how long.
/// </remarks>
internal sealed class PlainBridge : PumpHost
{
    private const int WindowMessages = 64;
    private const int ReceiveBytes = 4096;
    private static readonly TimeSpan s_farAway = TimeSpan.FromMinutes(5);   // The joint in memory can't fall silent: nobody need ask.
    private static readonly TimeSpan s_closeLimitMax = TimeSpan.FromSeconds(2);
    private static readonly SendOptions s_patient = new() { CompleteWhen = CompleteWhen.Accepted, AcceptWithin = Timeout.InfiniteTimeSpan, Stays = true };

    private readonly ITransport _client;
    private readonly TransportLine _line;
    private readonly SessionSettings _settings;
    private readonly TimeProvider _time;
    private readonly WaitingSends _waitingSends = new();
    private readonly TaskCompletionSource<CloseNotice> _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _heard = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private DeadlineEntry? _unfinished;                            // when the message counts as given up that is under way

    /// <summary>Makes the bridge of a client.</summary>
    /// <param name="client">The client's WebSocket; the bridge owns it.</param>
    /// <param name="settings">The server's bounds for its sessions.</param>
    /// <param name="time">The clock.</param>
    /// <param name="wheel">The deadlines.</param>
    /// <param name="logger">The log.</param>
    internal PlainBridge(ITransport client, SessionSettings settings, TimeProvider time, DeadlineWheel wheel, ILogger logger)
        : base(wheel, logger)
    {
        (_client, _time) = (client, time);
        _settings = BridgeSettings(settings);
        (InMemoryTransport near, InMemoryTransport far) = InMemoryTransport.CreatePair(WireEncodings.SubprotocolOf(WireEncoding.Binary));
        ServerLine = new TransportLine(near, epoch: 1, WireEncodings.NewReader(WireEncoding.Binary), WireEncodings.NewWriter(WireEncoding.Binary));
        _line = new TransportLine(far, epoch: 1, WireEncodings.NewReader(WireEncoding.Binary), WireEncodings.NewWriter(WireEncoding.Binary));
        Hello = new Hello
        {
            Instance = new InstanceId(BitConverter.ToUInt128(RandomNumberGenerator.GetBytes(16))),
            Epoch = 1,
            Want = HelloWant.New,
            Timeout = s_farAway,
            MessageBytesMax = _settings.MessageBytesMax,
            Credit = new Credit(_settings.WindowMessages, _settings.WindowBytes),
            Features = FeatureSet.Own,
        };
    }

    /// <summary>Gets what the bridge says for its client.</summary>
    internal Hello Hello { get; }

    /// <summary>Gets the server's end of the joint.</summary>
    internal TransportLine ServerLine { get; }

    /// <inheritdoc/>
    protected override bool CanHandle => true;

    /// <summary>Makes the server's settings those of a session with a plain client.</summary>
    internal static SessionSettings ServerSettings(SessionSettings settings) => settings with { ResumeWindow = TimeSpan.Zero, Timeout = s_farAway, KeepAlive = null };

    /// <summary>Carries messages both ways, once the server has admitted <see cref="ServerLine"/>, until the client or the session ends; then ends the other.</summary>
    internal async Task RunAsync()
    {
        LineRead read = await _line.ReadMessageAsync().ConfigureAwait(false);
        if (read.CloseCode is { } code)
        {
            await RefuseAsync(new Violation(code, "A1.2", read.Reason)).ConfigureAwait(false);   // The session has ended as it began.
            return;
        }
        SessionPump pump = Open((Welcome)_line.Frames[0].Body!);
        Task receiving = ReceiveAllAsync(pump);
        CloseNotice notice = await _over.Task.ConfigureAwait(false);
        await CloseClientAsync(notice, _heard.Task).ConfigureAwait(false);
        await receiving.ConfigureAwait(false);
        await pump.Ended.ConfigureAwait(false);
        await ServerLine.Finished.ConfigureAwait(false);
        Leave();
    }

    /// <summary>Ends a client that the server has not admitted.</summary>
    internal async Task RefuseAsync(Violation violation)
    {
        await CloseClientAsync(new CloseNotice(violation.Code, violation.Reason), Task.CompletedTask).ConfigureAwait(false);
        await ServerLine.ReleaseAsync().ConfigureAwait(false);
        await _line.ReleaseAsync().ConfigureAwait(false);
        Leave();
    }

    /// <summary>Nothing is held for the client any more.</summary>
    private void Leave()
    {
        lock (Gate) { StopDispatch(); }
    }

    /// <inheritdoc/>
    protected override void Said(SessionPump pump, SessionOutput output, Instant now)
    {
        if (output is SessionOutput.OutageBegan outage) { _over.TrySetResult(new CloseNotice(outage.Code, outage.Reason)); }
        if (output is SessionOutput.Ended ended) { _over.TrySetResult(new CloseNotice(ended.Code, ended.Reason)); }
    }

    /// <inheritdoc/>
    protected override async ValueTask OnMessageAsync(SessionPump pump, InboundMessage message)
    {
        try
        {
            if (message.Text is { } text) { await SendTextAsync(text).ConfigureAwait(false); }
            else { await _client.SendAsync(message.Bytes, isText: false, CancellationToken.None).ConfigureAwait(false); }
        }
        catch (TransportException lost)
        {
            pump.Do((machine, _) => machine.Abandon(CloseCode.SessionLost, lost.Message));   // What is not written must not count as processed.
        }
    }

    /// <inheritdoc/>
    protected override ValueTask OnEventAsync(object value) => default;

    private static SessionSettings BridgeSettings(SessionSettings settings) => new()
    {
        Timeout = s_farAway,
        MessageBytesMax = settings.MessageBytesMax,
        WindowMessages = WindowMessages,
        WindowMessagesMax = WindowMessages,
        WindowBytes = settings.MessageBytesMax,
        WindowBytesMax = settings.MessageBytesMax,
        OutboxMessagesMax = WindowMessages,
        OutboxBytesMax = Math.Max(settings.MessageBytesMax, 1024),
        ResumeWindow = TimeSpan.Zero,
        CloseRetry = settings.CloseRetry,
        ReassemblyTimeout = settings.ReassemblyTimeout,
        CloseGiveUp = settings.CloseGiveUp,
    };

    private SessionPump Open(Welcome welcome)
    {
        var jitter = new SeededJitter(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)));
        SessionPump pump;
        lock (Gate) { pump = AddPump(SessionMachine.Open(welcome, welcome.DecodeSecret(), _settings, jitter, Now)); }
        pump.Attach(_line, framesRead: 1);
        return pump;
    }

    private async ValueTask SendTextAsync(string text)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        try { await _client.SendAsync(buffer.AsMemory(0, Encoding.UTF8.GetBytes(text, buffer)), isText: true, CancellationToken.None).ConfigureAwait(false); }
        finally { ArrayPool<byte>.Shared.Return(buffer); }
    }

    private async Task ReceiveAllAsync(SessionPump pump)
    {
        try
        {
            CloseNotice? end = null;
            while (end is null) { end = await ReceiveOneAsync(pump).ConfigureAwait(false); }
            Leave(pump, end);
            if (end.Code != CloseCode.Closed) { await DropRestAsync().ConfigureAwait(false); }
        }
        catch (TransportException lost) { Leave(pump, new CloseNotice(CloseCode.SessionLost, lost.Message)); }
        finally
        {
            _unfinished?.Dispose();
            _heard.TrySetResult();
        }
    }

    /// <summary>Receives a message and sends it on, patiently; what comes when the session closes is dropped. One of which no 4 KiB come within the time for unfinished messages ends the client (A1.12).</summary>
    /// <returns>Why nothing more comes; null if something may.</returns>
    private async ValueTask<CloseNotice?> ReceiveOneAsync(SessionPump pump)
    {
        byte[] buffer = [];                                        // An idle client holds none.
        int length = 0;
        int progress = 0;
        try
        {
            while (true)
            {
                TransportReceive got = await _client.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None).ConfigureAwait(false);
                if (got.Kind == TransportReceiveKind.Closed) { return new CloseNotice(CloseCode.Closed, $"The client closes ({(int)got.Code})."); }
                length += got.Count;
                if (length > _settings.MessageBytesMax) { return new CloseNotice(CloseCode.MessageTooLarge, $"A message has more than {_settings.MessageBytesMax} bytes."); }
                if (got.EndsMessage)
                {
                    _unfinished?.Set(Instant.Never);               // It is whole: from here on it waits for the handlers.
                    OutgoingMessage message = got.IsText ? new() { Text = Encoding.UTF8.GetString(buffer, 0, length) } : new() { Bytes = buffer.AsMemory(0, length) };
                    await PatientSend.SendAsync(_waitingSends, likely: null, message, s_patient, _ => FindTarget(pump), _time, CancellationToken.None).ConfigureAwait(false);
                    return null;
                }
                if (length == 0 || length - progress >= ReceiveBytes)
                {
                    _unfinished ??= Wheel.Register(_ => Leave(pump, new CloseNotice(CloseCode.Unfinished, "A message was begun and not gone on with.")), state: null);
                    _unfinished.Set(Now + _settings.ReassemblyTimeout);
                    progress = length;
                }
                if (length == buffer.Length) { Grow(ref buffer, length); }
            }
        }
        finally
        {
            _unfinished?.Set(Instant.Never);
            if (buffer.Length > 0) { ArrayPool<byte>.Shared.Return(buffer); }
            Account.Release(buffer.Length);
        }
    }

    /// <summary>The client is told to go: what it still says must not get in the way of its answer.</summary>
    private async ValueTask DropRestAsync()
    {
        byte[] dropped = new byte[ReceiveBytes];
        while ((await _client.ReceiveAsync(dropped, CancellationToken.None).ConfigureAwait(false)).Kind != TransportReceiveKind.Closed) { }
    }

    private void Grow(ref byte[] buffer, int length)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(ReceiveBytes, length * 2));
        buffer.AsSpan(0, length).CopyTo(larger);
        if (buffer.Length > 0) { ArrayPool<byte>.Shared.Return(buffer); }
        Account.Charge(larger.Length - buffer.Length);
        buffer = larger;
    }

    /// <summary>Nothing more comes from the client: what it has said before is still handled.</summary>
    private void Leave(SessionPump pump, CloseNotice notice)
    {
        pump.Do((machine, now) => machine.BeginClose(notice, takesInbound: false, giveUpAfter: null, now));
        _over.TrySetResult(notice);
    }

    /// <summary>Tells the client, and waits a little for its answer.</summary>
    private async Task CloseClientAsync(CloseNotice notice, Task answered)
    {
        TimeSpan closeLimit = _settings.CloseGiveUp < s_closeLimitMax ? _settings.CloseGiveUp : s_closeLimitMax;
        using var limit = new CancellationTokenSource(closeLimit, _time);
        using CancellationTokenRegistration abort = limit.Token.UnsafeRegister(static client => ((ITransport)client!).Abort(), _client);
        try
        {
            await _client.CloseAsync(notice.Code, notice.Reason, limit.Token).ConfigureAwait(false);
            await answered.WaitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is TransportException or OperationCanceledException)
        {
            _client.Abort();                                       // It does not listen any more.
        }
        await _client.DisposeAsync().ConfigureAwait(false);
    }

    private SendTarget FindTarget(SessionPump pump)
    {
        lock (Gate) { return new SendTarget(pump, pump.WhenRoomOrState(), pump.Machine.IsClosing); }
    }
}
