using BenchmarkDotNet.Attributes;
using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Bench.Micro;

/// <summary>Messages of 100 B: accepted, numbered into the ledger, acknowledged; and what is written again after a loss.</summary>
public class LedgerBenchmarks
{
    private const int Messages = 64;
    private readonly MessageSender _sender = new(new SessionSettings());
    private readonly OutgoingMessage _message = new() { Bytes = new byte[100], Lane = Lane.Normal };
    private readonly FrameWriter _writer = WireEncodings.NewWriter(WireEncoding.Binary);

    /// <summary>Gives the sender all the credit there is.</summary>
    [GlobalSetup]
    public void SetUp() => _sender.CreditAnnounced(new Credit(long.MaxValue / 4, long.MaxValue / 4));

    /// <summary>Each once.</summary>
    [Benchmark(OperationsPerInvoke = Messages)]
    public void OnceThrough()
    {
        AcceptAll();
        NumberAll();
        Acknowledge();
    }

    /// <summary>Each written, and written again on another transport.</summary>
    [Benchmark(OperationsPerInvoke = Messages)]
    public void WrittenAgain()
    {
        AcceptAll();
        NumberAll();
        if (!_sender.TryRewind(_sender.PeerReceived, Instant.Zero)) { throw new InvalidOperationException("It can't go back."); }
        NumberAll();
        Acknowledge();
    }

    private void AcceptAll()
    {
        for (int i = 0; i < Messages; i++)
        {
            if (_sender.Accept(in _message, Instant.Zero, out _) != AcceptResult.Accepted) { throw new InvalidOperationException("The outbox is full."); }
        }
    }

    private void NumberAll()
    {
        int count = 0;
        _writer.Begin();
        while (_sender.TryWriteNext(_writer, Instant.Zero, out _)) { count++; }
        if (count != Messages) { throw new InvalidOperationException($"{count} of {Messages} left."); }
    }

    private void Acknowledge()
    {
        if (!_sender.TryAcknowledge(_sender.Sent, new LaneMarks(0, 0, _sender.Sent, 0), Instant.Zero)) { throw new InvalidOperationException("It was never sent."); }
    }
}
