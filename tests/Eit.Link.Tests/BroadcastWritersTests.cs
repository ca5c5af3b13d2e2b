using System.Collections.Concurrent;
using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Microsoft.Extensions.Logging.Abstractions;

namespace Eit.Link.Tests;

public sealed class BroadcastWritersTests : IDisposable
{
    private const long Epoch = 1;

    private static readonly TimeSpan s_guard = TimeSpan.FromMinutes(5);

    private static readonly SessionSettings s_settings = new() { Timeout = TimeSpan.FromSeconds(60) };   // Longer than a write may be held up.

    private readonly ManualTimeProvider _time = new();
    private readonly DeadlineWheel _wheel;
    private readonly Receiver[] _receivers;
    private readonly ManualResetEventSlim _mayWrite = new();
    private readonly ConcurrentQueue<int> _counts = new();
    private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _writing;

    public BroadcastWritersTests()
    {
        _wheel = new DeadlineWheel(_time);
        _receivers = [.. Enumerable.Range(0, Environment.ProcessorCount + 2).Select(_ => new Receiver(_wheel))];
        foreach (Receiver receiver in _receivers)
        {
            receiver.Transport.Writing = () =>
            {
                _counts.Enqueue(Interlocked.Increment(ref _writing));
                _entered.TrySetResult();
                _mayWrite.Wait(s_guard);
                Interlocked.Decrement(ref _writing);
            };
        }
    }

    public void Dispose()
    {
        foreach (Receiver receiver in _receivers) { receiver.Transport.Abort(); }
        _wheel.Dispose();
        _mayWrite.Dispose();
    }

    [Fact]
    public async Task What_is_sent_to_many_is_written_to_fewer_at_a_time_than_there_are_processors()
    {
        await BroadcastAsync();
        _mayWrite.Set();
        foreach (Receiver receiver in _receivers) { await receiver.Transport.Wrote.Task.WaitAsync(s_guard); }

        Assert.InRange(_counts.Max(), 1, Math.Max(1, Environment.ProcessorCount - 1));
    }

    [Fact]
    public async Task A_line_that_waits_for_its_turn_is_not_taken_for_one_that_its_network_holds_up()
    {
        await BroadcastAsync();
        for (int second = 0; second < 12; second++) { _time.Advance(TimeSpan.FromSeconds(1)); }
        Receiver[] stalled = Array.FindAll(_receivers, static receiver => receiver.Transport.IsAborted);
        _mayWrite.Set();

        Assert.InRange(stalled.Length, 1, Math.Max(1, Environment.ProcessorCount - 1));
        foreach (Receiver receiver in _receivers) { await receiver.Transport.Wrote.Task.WaitAsync(s_guard); }
    }

    /// <summary>Sends to all; as many as may write at a time then do, until they may go on.</summary>
    private async Task BroadcastAsync()
    {
        var message = new OutgoingMessage { Shared = new SharedPayload("to many"), Lane = Lane.Normal };
        foreach (Receiver receiver in _receivers) { Assert.Equal(AcceptResult.Accepted, receiver.Pump.Accept(in message, out _)); }
        var behind = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        ThreadPool.UnsafeQueueUserWorkItem(static behind => behind.SetResult(), behind, preferLocal: false);   // Behind every writer that has been asked for.
        await behind.Task.WaitAsync(s_guard);
        await _entered.Task.WaitAsync(s_guard);
    }

    /// <summary>A session at a server, whose welcome is written.</summary>
    private sealed class Receiver
    {
        internal Receiver(DeadlineWheel wheel)
        {
            var host = new Host(wheel);
            Pump = host.Open();
            Pump.Attach(new TransportLine(Transport, Epoch, new BinaryFrameReader(), new BinaryFrameWriter()), framesRead: 0);
        }

        internal SessionPump Pump { get; }

        internal HeldTransport Transport { get; } = new();
    }

    private sealed class Host(DeadlineWheel wheel) : PumpHost(wheel, NullLogger.Instance)
    {
        protected override bool CanHandle => false;

        internal SessionPump Open()
        {
            lock (Gate) { return AddPump(ServerSession.Begin(Epoch, Now, s_settings)); }
        }

        protected override void Said(SessionPump pump, SessionOutput output, Instant now) { }

        protected override ValueTask OnMessageAsync(SessionPump pump, InboundMessage message) => default;

        protected override ValueTask OnEventAsync(object value) => default;
    }

    /// <summary>Receives nothing until it is aborted; its writes do as they are told, on the thread of the writer.</summary>
    private sealed class HeldTransport : ITransport
    {
        private readonly TaskCompletionSource<TransportReceive> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Action? Writing { get; set; }

        internal TaskCompletionSource Wrote { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal bool IsAborted => _end.Task.IsCompleted;

        public string Subprotocol => WireLimits.JsonSubprotocol;

        public ValueTask<TransportReceive> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken) => new(_end.Task);

        public ValueTask SendAsync(ReadOnlyMemory<byte> message, bool isText, CancellationToken cancellationToken) =>
            SendFragmentAsync(message, isText, endsMessage: true, cancellationToken);

        public ValueTask SendFragmentAsync(ReadOnlyMemory<byte> fragment, bool isText, bool endsMessage, CancellationToken cancellationToken)
        {
            if (Writing is not { } writing) { return default; }
            writing();
            Wrote.TrySetResult();
            return default;
        }

        public ValueTask CloseAsync(CloseCode code, string reason, CancellationToken cancellationToken) => default;

        public void Abort() => _end.TrySetException(new TransportException("Aborted."));

        public ValueTask DisposeAsync() => default;
    }
}
