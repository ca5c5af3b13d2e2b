using System.Diagnostics;
using System.Globalization;
using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Bench;

/// <summary>What one message costs in the pure core, on one thread: accept, number and write, read, receive, hand over, finish.</summary>
internal static class CorePath
{
    private const int Batches = 40_000;
    private const int PerBatch = 100;
    private static readonly string s_text = new('x', 100);
    private static readonly byte[] s_bytes = new byte[100];

    internal static void Run(int rounds)
    {
        foreach (WireEncoding encoding in Enum.GetValues<WireEncoding>())
        {
            Run(encoding, rounds, new OutgoingMessage { Text = s_text, Lane = Lane.Normal });
            Run(encoding, rounds, new OutgoingMessage { Bytes = s_bytes, Lane = Lane.Normal });
        }
    }

    private static void Run(WireEncoding encoding, int rounds, in OutgoingMessage message)
    {
        Console.WriteLine($"The core alone, 100 B {(message.IsText ? "of text" : "of bytes")}, {encoding}: ns per message");
        Console.WriteLine("round   accept    write     read  receive   finish   allocated B");
        for (int round = 0; round <= rounds; round++)
        {
            var settings = new SessionSettings();
            var hello = new Hello { Instance = default, Epoch = 1, Want = HelloWant.New, Timeout = TimeSpan.FromSeconds(5), MessageBytesMax = 1 << 20, Credit = new Credit(settings.WindowMessages, settings.WindowBytes) };
            SessionMachine server = SessionMachine.Accept(new SessionId(1), new byte[32], hello, new TransportTerms(TimeSpan.FromSeconds(5), TimeSpan.Zero, Expires: null), refusal: null, settings, new SeededJitter(1), Instant.Zero);
            var welcome = new Welcome { Session = new SessionId(1), Epoch = 1, IsResumed = false, Timeout = TimeSpan.FromSeconds(5), ClientTimeout = TimeSpan.FromSeconds(5), MessageBytesMax = 1 << 20, Credit = server.Credit, Window = TimeSpan.FromSeconds(120), Spread = TimeSpan.Zero };
            SessionMachine client = SessionMachine.Open(welcome, new byte[32], settings, new SeededJitter(2), Instant.Zero);
            FrameWriter up = WireEncodings.NewWriter(encoding);
            FrameWriter down = WireEncodings.NewWriter(encoding);
            FrameReader reader = WireEncodings.NewReader(encoding);
            var frames = new FrameBatch();
            long[] ticks = new long[5];
            long allocated = GC.GetAllocatedBytesForCurrentThread();
            for (int batch = 0; batch < Batches; batch++) { Step(in message, client, server, up, down, reader, frames, ticks); }
            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
            if (round == 0) { continue; }
            Console.Write(string.Create(CultureInfo.InvariantCulture, $"{round,5}"));
            foreach (long time in ticks) { Console.Write(string.Create(CultureInfo.InvariantCulture, $"{time * 1e9 / Stopwatch.Frequency / Batches / PerBatch,9:N0}")); }
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{allocated / (double)Batches / PerBatch,14:N1}"));
        }
    }

    private static void Step(in OutgoingMessage outgoing, SessionMachine client, SessionMachine server, FrameWriter up, FrameWriter down, FrameReader reader, FrameBatch frames, long[] ticks)
    {
        Instant now = Instant.Zero;
        long at = Stopwatch.GetTimestamp();
        for (int i = 0; i < PerBatch; i++)
        {
            if (client.Accept(in outgoing, now, out _) != AcceptResult.Accepted) { throw new InvalidOperationException("The outbox is full."); }
        }
        Lap(ref at, ref ticks[0]);
        while (client.WantsToWrite(1, now) && client.Fill(1, up, now))
        {
            ReadOnlyMemory<byte> message = up.End();
            Lap(ref at, ref ticks[1]);
            if (reader.Read(message, up.IsText, frames) is { } violation) { throw new InvalidOperationException(violation.Reason); }
            Lap(ref at, ref ticks[2]);
            for (int i = 0; i < frames.Count; i++) { server.FrameReceived(1, in frames[i], now); }
            Lap(ref at, ref ticks[3]);
        }
        while (server.TryTakeMessage(now, out InboundMessage inbound)) { server.Finished(in inbound, now); }
        if (server.WantsToWrite(1, now) && server.Fill(1, down, now))
        {
            reader.Read(down.End(), down.IsText, frames);
            for (int i = 0; i < frames.Count; i++)
            {
                if (frames[i].Type != FrameType.Welcome) { client.FrameReceived(1, in frames[i], now); }
            }
        }
        Lap(ref at, ref ticks[4]);
    }

    private static void Lap(ref long at, ref long total)
    {
        long now = Stopwatch.GetTimestamp();
        total += now - at;
        at = now;
    }
}
