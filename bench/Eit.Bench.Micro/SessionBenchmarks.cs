using BenchmarkDotNet.Attributes;
using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Bench.Micro;

/// <summary>The whole core at both ends: messages of 100 B are accepted, numbered, written, read, received, handed over and acknowledged.</summary>
public class SessionBenchmarks
{
    private const int Messages = 64;
    private readonly FrameBatch _frames = new();
    private SessionMachine _client = null!;
    private SessionMachine _server = null!;
    private FrameWriter _up = null!;
    private FrameWriter _down = null!;
    private FrameReader _reader = null!;
    private OutgoingMessage _message;

    /// <summary>Gets or sets the encoding.</summary>
    [ParamsAllValues]
    public WireEncoding Encoded { get; set; }

    /// <summary>Gets or sets whether the messages are texts.</summary>
    [Params(true, false)]
    public bool IsText { get; set; }

    /// <summary>Begins a session.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        var settings = new SessionSettings();
        var credit = new Credit(settings.WindowMessages, settings.WindowBytes);
        var hello = new Hello { Instance = default, Epoch = 1, Want = HelloWant.New, Timeout = TimeSpan.FromSeconds(5), MessageBytesMax = 1 << 20, Credit = credit };
        _server = SessionMachine.Accept(new SessionId(1), new byte[32], hello, new TransportTerms(TimeSpan.FromSeconds(5), TimeSpan.Zero, Expires: null), refusal: null, settings, new SeededJitter(1), Instant.Zero);
        var welcome = new Welcome { Session = new SessionId(1), Epoch = 1, IsResumed = false, Timeout = TimeSpan.FromSeconds(5), ClientTimeout = TimeSpan.FromSeconds(5), MessageBytesMax = 1 << 20, Credit = _server.Credit, Window = TimeSpan.FromSeconds(120), Spread = TimeSpan.Zero };
        _client = SessionMachine.Open(welcome, new byte[32], settings, new SeededJitter(2), Instant.Zero);
        (_up, _down, _reader) = (WireEncodings.NewWriter(Encoded), WireEncodings.NewWriter(Encoded), WireEncodings.NewReader(Encoded));
        _message = IsText ? new OutgoingMessage { Text = new string('x', 100), Lane = Lane.Normal } : new OutgoingMessage { Bytes = new byte[100], Lane = Lane.Normal };
    }

    /// <summary>One way, and the acknowledgement back.</summary>
    [Benchmark(OperationsPerInvoke = Messages)]
    public void ThereAndAcknowledged()
    {
        Instant now = Instant.Zero;
        for (int i = 0; i < Messages; i++)
        {
            if (_client.Accept(in _message, now, out _) != AcceptResult.Accepted) { throw new InvalidOperationException("The outbox is full."); }
        }
        if (!_client.Fill(1, _up, now)) { throw new InvalidOperationException("There is nothing to write."); }
        Read(_up);
        for (int i = 0; i < _frames.Count; i++) { _server.FrameReceived(1, in _frames[i], now); }
        while (_server.TryTakeMessage(now, out InboundMessage inbound)) { _server.Finished(in inbound, now); }
        if (!_server.WantsToWrite(1, now) || !_server.Fill(1, _down, now)) { return; }
        Read(_down);
        for (int i = 0; i < _frames.Count; i++)
        {
            if (_frames[i].Type != FrameType.Welcome) { _client.FrameReceived(1, in _frames[i], now); }
        }
    }

    private void Read(FrameWriter writer)
    {
        if (_reader.Read(writer.End(), writer.IsText, _frames) is { } violation) { throw new InvalidOperationException(violation.Reason); }
    }
}
