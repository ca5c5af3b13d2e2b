using BenchmarkDotNet.Attributes;
using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Bench.Micro;

/// <summary>Messages of 100 B: into the outbox and out of it again.</summary>
public class OutboxBenchmarks
{
    private const int Messages = 64;
    private readonly Outbox _outbox = new(new SessionSettings());
    private readonly byte[] _bytes = new byte[100];
    private readonly string _text = new('x', 100);

    /// <summary>Bytes, in order.</summary>
    [Benchmark(OperationsPerInvoke = Messages)]
    public void Bytes() => PassThrough(new OutgoingMessage { Bytes = _bytes, Lane = Lane.Normal });

    /// <summary>Texts, in order.</summary>
    [Benchmark(OperationsPerInvoke = Messages)]
    public void Texts() => PassThrough(new OutgoingMessage { Text = _text, Lane = Lane.Normal });

    /// <summary>Bytes of one key: each takes the place of the one before.</summary>
    [Benchmark(OperationsPerInvoke = Messages)]
    public void LatestOfAKey()
    {
        var message = new OutgoingMessage { Bytes = _bytes, Lane = Lane.Normal, Key = "key" };
        for (int i = 0; i < Messages; i++) { Accept(in message); }
        Leave();
        _outbox.Received(1);
    }

    private void PassThrough(in OutgoingMessage message)
    {
        for (int i = 0; i < Messages; i++) { Accept(in message); }
        for (int i = 0; i < Messages; i++) { Leave(); }
    }

    private void Accept(in OutgoingMessage message)
    {
        if (_outbox.Accept(in message, _bytes.Length, Instant.Zero, out _) != AcceptResult.Accepted) { throw new InvalidOperationException("The outbox is full."); }
    }

    private void Leave()
    {
        _outbox.Begin((int)Lane.Normal);
        _outbox.Complete((int)Lane.Normal, number: 1);
    }
}
