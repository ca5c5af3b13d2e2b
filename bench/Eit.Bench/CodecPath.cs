using System.Diagnostics;
using System.Globalization;
using System.Text;
using Eit.Protocol.Wire;

namespace Eit.Bench;

/// <summary>What one frame costs to write and to read in either encoding, many to a WebSocket message, on one thread.</summary>
internal static class CodecPath
{
    private const int PayloadBytes = 100;
    private const int Frames = 95;                                 // Of bytes in base64 no more fit into 16 KiB.
    private const long FirstNumber = 1_234_567;
    private static readonly TimeSpan s_time = TimeSpan.FromMilliseconds(250);
    private static readonly byte[] s_payload = Encoding.ASCII.GetBytes(new string('x', PayloadBytes));
    private static readonly Frame[] s_texts = Pieces(isText: true);
    private static readonly Frame[] s_bytes = Pieces(isText: false);

    internal static void Run(int rounds)
    {
        (string Name, Action<FrameWriter> Write)[] shapes =
        [
            ("text of 100 B", writer => WriteData(writer, s_texts)),
            ("bytes, 100 B", writer => WriteData(writer, s_bytes)),
            ("ack", WriteAcks),
        ];
        Console.WriteLine($"The codecs alone, {Frames} frames to a WebSocket message: ns per frame, median of the rounds");
        Console.WriteLine("encoding  frame             write      read   bytes on the wire   allocated by reading, B");
        foreach ((string name, Action<FrameWriter> write) in shapes)
        {
            foreach (WireEncoding encoding in Enum.GetValues<WireEncoding>()) { Measure(encoding, name, write, rounds); }
        }
        Copy(rounds);
    }

    private static void Measure(WireEncoding encoding, string name, Action<FrameWriter> write, int rounds)
    {
        FrameWriter writer = WireEncodings.NewWriter(encoding);
        FrameReader reader = WireEncodings.NewReader(encoding);
        var frames = new FrameBatch();
        writer.Begin();
        write(writer);
        ReadOnlyMemory<byte> message = writer.End();
        int count = writer.FrameCount;
        double[] writing = new double[rounds];
        double[] reading = new double[rounds];
        long allocated = 0;
        long reads = 0;
        for (int round = -1; round < rounds; round++)
        {
            double wrote = Time(() =>
            {
                writer.Begin();
                write(writer);
                writer.End();
            }) / count;
            long before = GC.GetAllocatedBytesForCurrentThread();
            double read = Time(() =>
            {
                if (reader.Read(message, writer.IsText, frames) is { } violation) { throw new InvalidOperationException(violation.Reason); }
                reads++;
            }) / count;
            allocated += GC.GetAllocatedBytesForCurrentThread() - before;
            if (round >= 0) { (writing[round], reading[round]) = (wrote, read); }
        }
        Array.Sort(writing);
        Array.Sort(reading);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{encoding,-9} {name,-15} {writing[rounds / 2],7:N1} {reading[rounds / 2],9:N1} {message.Length / (double)count,19:N1} {allocated / (double)reads / count,25:N1}"));
    }

    /// <summary>For comparison: the payload alone, copied and made a string.</summary>
    private static void Copy(int rounds)
    {
        byte[] to = new byte[16 * 1024];
        double[] copying = new double[rounds];
        double[] stringing = new double[rounds];
        for (int round = -1; round < rounds; round++)
        {
            double copied = Time(() =>
            {
                for (int at = 0; at + PayloadBytes <= to.Length; at += PayloadBytes) { s_payload.CopyTo(to.AsSpan(at)); }
            }) / (to.Length / PayloadBytes);
            double made = Time(() =>
            {
                for (int at = 0; at + PayloadBytes <= to.Length; at += PayloadBytes) { _ = Encoding.Latin1.GetString(to.AsSpan(at, PayloadBytes)); }
            }) / (to.Length / PayloadBytes);
            if (round >= 0) { (copying[round], stringing[round]) = (copied, made); }
        }
        Array.Sort(copying);
        Array.Sort(stringing);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"          copy, string    {copying[rounds / 2],7:N1} {stringing[rounds / 2],9:N1}"));
    }

    private static void WriteData(FrameWriter writer, Frame[] pieces)
    {
        for (int i = 0; i < pieces.Length; i++) { writer.WriteData(in pieces[i], s_payload); }
    }

    private static void WriteAcks(FrameWriter writer)
    {
        for (long number = FirstNumber; number < FirstNumber + Frames; number++)
        {
            writer.WriteAck(number, new LaneMarks(0, 0, number, 0), new Credit(number + 1024, (number * PayloadBytes) + 1_048_576));
        }
    }

    private static Frame[] Pieces(bool isText) =>
        [.. Enumerable.Range(0, Frames).Select(i => new Frame { Type = FrameType.Data, Number = FirstNumber + i, Lane = Lane.Normal, IsText = isText })];

    /// <summary>Times an act.</summary>
    /// <returns>Nanoseconds for each time.</returns>
    private static double Time(Action act)
    {
        long times = 0;
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < s_time)
        {
            for (int i = 0; i < 16; i++) { act(); }
            times += 16;
        }
        return watch.Elapsed.TotalNanoseconds / times;
    }
}
