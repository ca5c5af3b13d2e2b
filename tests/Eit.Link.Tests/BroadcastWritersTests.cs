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

    private readonly DeadlineWheel _wheel = new(new ManualTimeProvider());

    public void Dispose() => _wheel.Dispose();

    [Fact]
    public async Task What_is_sent_to_many_is_written_to_fewer_at_a_time_than_there_are_processors()
    {
        int writersMax = Math.Max(1, Environment.ProcessorCount - 1);
        Receiver[] receivers = [.. Enumerable.Range(0, Environment.ProcessorCount + 2).Select(_ => new Receiver(_wheel))];
        using var mayWrite = new ManualResetEventSlim();
        int writing = 0;
        var counts = new ConcurrentQueue<int>();
        foreach (Receiver receiver in receivers)
        {
            receiver.Transport.Writing = () =>
            {
                counts.Enqueue(Interlocked.Increment(ref writing));
                mayWrite.Wait(s_guard);
                Interlocked.Decrement(ref writing);
            };
        }

        var message = new OutgoingMessage { Shared = new SharedPayload("to many"), Lane = Lane.Normal };
        foreach (Receiver receiver in receivers) { Assert.Equal(AcceptResult.Accepted, receiver.Pump.Accept(in message, out _)); }
        var behind = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        ThreadPool.UnsafeQueueUserWorkItem(static behind => behind.SetResult(), behind, preferLocal: false);   // Behind every writer that has been asked for.
        await behind.Task.WaitAsync(s_guard);
        mayWrite.Set();
        foreach (Receiver receiver in receivers) { await receiver.Transport.Wrote.Task.WaitAsync(s_guard); }

        Assert.InRange(counts.Max(), 1, writersMax);
        foreach (Receiver receiver in receivers) { receiver.Transport.Abort(); }
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
            lock (Gate) { return AddPump(ServerSession.Begin(Epoch, Now)); }
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

        public string Subprotocol => WireLimits.JsonSubprotocol;

        public ValueTask<TransportReceive> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken) => new(_end.Task);

        public ValueTask SendAsync(ReadOnlyMemory<byte> message, bool isText, CancellationToken cancellationToken)
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
