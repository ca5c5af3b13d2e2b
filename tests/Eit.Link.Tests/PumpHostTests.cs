using System.Collections.Concurrent;
using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Microsoft.Extensions.Logging.Abstractions;

namespace Eit.Link.Tests;

public sealed class PumpHostTests : IDisposable
{
    private const long Epoch = 1;

    private static readonly TimeSpan s_guard = TimeSpan.FromMinutes(5);
    private static readonly CloseNotice s_done = new(CloseCode.Closed, "done");

    private readonly ManualTimeProvider _time = new();
    private readonly DeadlineWheel _wheel;
    private readonly TestHost _host;

    public PumpHostTests()
    {
        _wheel = new DeadlineWheel(_time);
        _host = new TestHost(_wheel);
    }

    public void Dispose() => _wheel.Dispose();

    [Fact, Clause("C2.4")]
    public async Task A_session_whose_close_waits_in_an_outage_for_a_handler_is_told_to_have_ended_when_that_finishes()
    {
        SessionPump pump = _host.Open(_wheel.Now);
        _host.LetHandle();
        pump.Do(static (machine, now) => machine.FrameReceived(Epoch, Message(life: null), now));
        await _host.Entered.Task.WaitAsync(s_guard);
        pump.Do(CloseAndLoseTheTransport);

        _host.Handled.SetResult();
        await _host.DrainedAsync(s_guard, TimeProvider.System, CancellationToken.None);
        _time.Advance(TimeSpan.FromMilliseconds(20));
        await pump.Ended.WaitAsync(s_guard);

        Assert.Single(_host.Outputs.OfType<SessionOutput.Ended>());
    }

    [Fact, Clause("C2.4")]
    public async Task A_session_whose_close_waits_in_an_outage_for_a_message_is_told_to_have_ended_when_that_expires()
    {
        SessionPump pump = _host.Open(_wheel.Now);
        pump.Do(static (machine, now) => machine.FrameReceived(Epoch, Message(life: TimeSpan.FromMilliseconds(1)), now));
        pump.Do(CloseAndLoseTheTransport);
        _time.Advance(TimeSpan.FromMilliseconds(2));

        _host.LetHandle();
        await _host.DrainedAsync(s_guard, TimeProvider.System, CancellationToken.None);
        _time.Advance(TimeSpan.FromMilliseconds(20));

        Assert.False(_host.Entered.Task.IsCompleted);
        Assert.Single(_host.Outputs.OfType<SessionOutput.Ended>());
        await pump.Ended.WaitAsync(s_guard);
    }

    [Fact, Clause("X1.3")]
    public async Task A_transport_that_its_session_gives_up_before_it_is_attached_is_closed()
    {
        SessionPump pump = _host.Open(_wheel.Now);
        (InMemoryTransport near, InMemoryTransport far) = InMemoryTransport.CreatePair(WireLimits.JsonSubprotocol);
        var line = new TransportLine(near, Epoch, new JsonFrameReader(), new JsonFrameWriter());
        pump.Do(static (machine, _) => machine.Abandon(CloseCode.Superseded, "Another client has presented the same instance."));

        pump.Attach(line, framesRead: 0);
        TransportReceive got = await far.ReceiveAsync(new byte[1024], CancellationToken.None).AsTask().WaitAsync(s_guard);
        far.Abort();

        Assert.Equal((TransportReceiveKind.Closed, CloseCode.Superseded), (got.Kind, got.Code));
        await line.Finished.WaitAsync(s_guard);
    }

    private static Frame Message(TimeSpan? life) => new() { Type = FrameType.Data, Number = 1, Lane = Lane.Normal, IsText = true, Payload = "text"u8.ToArray(), Life = life };

    private static void CloseAndLoseTheTransport(SessionMachine machine, Instant now)
    {
        machine.BeginClose(s_done, takesInbound: true, giveUpAfter: null, now);
        machine.FrameReceived(Epoch, new Frame { Type = FrameType.Close, Number = 1, Body = s_done }, now);
        machine.TransportLost(Epoch, CloseCode.Lost, "cut", now);
    }

    /// <summary>A server's host of one session, whose handler waits until it may go on.</summary>
    private sealed class TestHost(DeadlineWheel wheel) : PumpHost(wheel, NullLogger.Instance)
    {
        private bool _canHandle;

        internal TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal TaskCompletionSource Handled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal ConcurrentQueue<SessionOutput> Outputs { get; } = new();

        protected override bool CanHandle => _canHandle;

        internal SessionPump Open(Instant now)
        {
            lock (Gate) { return AddPump(ServerSession.Begin(Epoch, now)); }
        }

        internal void LetHandle()
        {
            lock (Gate) { _canHandle = true; }
            DispatchSoon();
        }

        protected override void Said(SessionPump pump, SessionOutput output, Instant now) => Outputs.Enqueue(output);

        protected override async ValueTask OnMessageAsync(SessionPump pump, InboundMessage message)
        {
            Entered.SetResult();
            await Handled.Task;
        }

        protected override ValueTask OnEventAsync(object value) => default;
    }
}
