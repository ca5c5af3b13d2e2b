using System.Text;
using Eit.Protocol.Wire;
using FsCheck;
using FsCheck.Fluent;

namespace Eit.Protocol.Tests;

public class BothEncodingsTests
{
    private const int Seeds = 3_000;
    private static readonly byte[] s_interesting = [0x00, 0x01, 0x06, 0x20, 0x26, 0x46, 0x66, 0x7F, 0x80, 0x82, 0x83, 0x84, 0x8A, 0xC3, 0xED, 0xFF];

    [Fact, Clause("B1.6")]
    public void Every_frame_says_the_same_in_both_encodings()
    {
        Prop.ForAll<DoNotSize<ulong>>(seed =>
        {
            byte[] json = new RandomFrames(seed.Item).Message(new JsonFrameWriter(), out string[] expected);
            byte[] binary = new RandomFrames(seed.Item).Message(new BinaryFrameWriter(), out string[] same);

            return expected.SequenceEqual(same) && expected.SequenceEqual(JsonWire.Read(json)) && expected.SequenceEqual(BinaryWire.Read(binary));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Seeds));
    }

    [Fact]
    public void What_is_read_in_one_encoding_and_written_in_the_other_is_still_the_same()
    {
        for (ulong seed = 0; seed < Seeds; seed++)
        {
            byte[] json = new RandomFrames(seed).Message(new JsonFrameWriter(), out string[] expected);
            byte[] binary = new RandomFrames(seed).Message(new BinaryFrameWriter(), out _);

            Assert.Equal(binary, Rewrite(new JsonFrameReader(), json, new BinaryFrameWriter()));
            Assert.Equal(expected, BinaryWire.Read(Rewrite(new BinaryFrameReader(), binary, new BinaryFrameWriter())));
            Assert.Equal(json, Rewrite(new BinaryFrameReader(), binary, new JsonFrameWriter()));
        }
    }

    [Fact]
    public void A_text_is_made_a_string_only_where_it_is_a_short_whole_message()
    {
        (string Text, bool HasMore, bool IsMade)[] cases =
            [("hello", false, true), ("Grüße 😀", false, true), ("", false, true), (new string('x', 1024), false, true), (new string('x', 1025), false, false), ("hello", true, false)];

        foreach ((string text, bool hasMore, bool isMade) in cases)
        {
            var piece = new Frame { Type = FrameType.Data, Number = 1, Lane = Lane.Normal, IsText = true, HasMore = hasMore };
            Frame read = BinaryWire.ReadOne(BinaryWire.Write(writer => writer.WriteData(piece, Encoding.UTF8.GetBytes(text))));

            Assert.Equal(isMade ? text : null, read.Text);
            Assert.Equal(text, Encoding.UTF8.GetString(read.Payload.Span));
        }
    }

    [Fact]
    public void Whatever_bytes_come_the_binary_reader_never_throws()
    {
        int legal = 0;
        for (ulong seed = 0; seed < Seeds * 5; seed++)
        {
            var chance = new RandomFrames(seed);
            byte[] message = Mutate(chance.Message(new BinaryFrameWriter(), out _), chance);

            string[] read = BinaryWire.Read(message);

            if (read[0].StartsWith("Malformed", StringComparison.Ordinal)) { continue; }
            legal++;
            Assert.Equal(read, BinaryWire.Read(Rewrite(new BinaryFrameReader(), message, new BinaryFrameWriter())));
        }

        Assert.InRange(legal, Seeds / 4, Seeds * 4);                // Neither all legal nor all broken: the mutations stay close to the language.
    }

    [Fact]
    public void Every_message_of_up_to_three_bytes_is_read_or_malformed()
    {
        var reader = new BinaryFrameReader();
        var frames = new FrameBatch();
        byte[] message = new byte[3];
        long legal = 0;
        for (int bits = 0; bits < 1 << 24; bits += bits < 1 << 18 ? 1 : 61)
        {
            (message[0], message[1], message[2]) = ((byte)(bits >> 16), (byte)(bits >> 8), (byte)bits);
            for (int length = 1; length <= 3; length++)
            {
                Violation? violation = reader.Read(message.AsMemory(0, length), isText: false, frames);
                if (violation is null) { legal++; }
                else if (violation.Code != CloseCode.Malformed) { Assert.Fail($"{Convert.ToHexString(message)}: {violation}"); }
            }
        }

        Assert.True(legal > 0);
    }

    [Fact]
    public void A_binary_message_that_is_cut_inside_a_frame_is_malformed_and_between_frames_has_those_before()
    {
        for (ulong seed = 0; seed < 300; seed++)
        {
            byte[] message = new RandomFrames(seed).Message(new BinaryFrameWriter(), out string[] shown);

            int whole = 0;
            for (int length = 1; length <= message.Length; length++)
            {
                string[] read = BinaryWire.Read(message.AsMemory(0, length));
                bool isWhole = read.Length > whole && read.SequenceEqual(shown.Take(whole + 1));
                if (isWhole) { whole++; }
                else { Assert.Equal("Malformed", Assert.Single(read).Split(' ')[0]); }
            }
            Assert.Equal(shown.Length, whole);
        }
    }

    [Fact]
    public void A_binary_reader_and_a_batch_that_are_used_again_remember_nothing()
    {
        var reader = new BinaryFrameReader();
        var frames = new FrameBatch();
        for (ulong seed = 0; seed < Seeds; seed++)
        {
            var chance = new RandomFrames(seed);
            byte[] message = chance.Message(new BinaryFrameWriter(), out _);
            if (chance.Flip()) { message = Mutate(message, chance); }

            Assert.Equal(BinaryWire.Read(message), BinaryWire.Read(reader, message, frames));
            if (chance.Below(10) == 0) { frames.Trim(); }
        }
    }

    [Fact]
    public void The_reason_of_a_binary_violation_fits_a_websocket_close()
    {
        foreach (string hex in (string[])["", "80", "00", "02 06 61", "03 66 01 FF", "03 26 01 FF", "01 82", "01 84", "01 81"])
        {
            Violation? violation = new BinaryFrameReader().Read(BinaryWire.Bytes(hex), isText: false, new FrameBatch());

            Assert.Equal(violation!.Reason, CloseCodes.ToReason(violation.Reason));
        }
    }

    [Fact]
    public void Writing_and_reading_bytes_and_acks_allocates_nothing()
    {
        var writer = new BinaryFrameWriter();
        var reader = new BinaryFrameReader();
        var frames = new FrameBatch();
        byte[] payload = new byte[100];
        long violations = 0;
        void Step()
        {
            writer.Begin();
            for (int number = 1; number <= 100; number++)
            {
                writer.WriteData(new Frame { Type = FrameType.Data, Number = number, Lane = Lane.Normal }, payload);
                writer.WriteAck(number, new LaneMarks(0, 0, number, 0), new Credit(1_000_000, 1_000_000_000));
            }
            if (reader.Read(writer.End(), isText: false, frames) is not null) { violations++; }
        }
        for (int warmUp = 0; warmUp < 100; warmUp++) { Step(); }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int run = 0; run < 100; run++) { Step(); }

        Assert.Equal((0, 0), (GC.GetAllocatedBytesForCurrentThread() - before, violations));
    }

    /// <summary>Reads a message and writes what it says.</summary>
    internal static byte[] Rewrite(FrameReader reader, byte[] message, FrameWriter writer)
    {
        var frames = new FrameBatch();
        Assert.Null(reader.Read(message, isText: reader is JsonFrameReader, frames));
        writer.Begin();
        for (int i = 0; i < frames.Count; i++) { Write(writer, in frames[i]); }
        return writer.End().ToArray();
    }

    private static void Write(FrameWriter writer, in Frame frame)
    {
        switch (frame.Body)
        {
            case Ack ack: writer.WriteAck(ack.Received, ack.Processed, ack.Credit, ack.Expired.ToArray(), ack.Known, ack.Failed.ToArray()); break;
            case Hello hello: writer.WriteHello(hello); break;
            case Welcome welcome: writer.WriteWelcome(welcome); break;
            case Resend resend: writer.WriteResend(frame.Number, resend); break;
            case CycleRequest request: writer.WriteCycle(request); break;
            case Terms terms: writer.WriteTerms(terms); break;
            case CloseNotice notice: writer.WriteClose(notice, frame.Number); break;
            case null when frame.Type == FrameType.Data: writer.WriteData(in frame, frame.Payload.Span); break;
            default: writer.WriteNumber(frame.Type, frame.Number); break;
        }
    }

    private static byte[] Mutate(byte[] message, RandomFrames chance)
    {
        List<byte> bytes = [.. message];
        for (int times = 1 + chance.Below(3); times > 0; times--)
        {
            int at = chance.Below(bytes.Count);
            switch (chance.Below(6))
            {
                case 0: bytes[at] = chance.Pick(s_interesting); break;
                case 1: bytes[at] = (byte)chance.Below(256); break;
                case 2: bytes[at] ^= (byte)(1 << chance.Below(8)); break;
                case 3: bytes.Insert(at, chance.Pick(s_interesting)); break;
                case 4 when bytes.Count > 1: bytes.RemoveAt(at); break;
                default: bytes.InsertRange(chance.Below(bytes.Count), bytes.GetRange(at, chance.Below(bytes.Count - at))); break;
            }
        }
        return [.. bytes];
    }
}
