using System.Text;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class BinaryEncodingTests
{
    private const string Ping = "02 84 01";
    private static readonly Frame s_text = new() { Type = FrameType.Data, Number = 1, Lane = Lane.Normal, IsText = true };

    [Fact, Clause("B1.1")]
    public void A_binary_message_holds_frames_one_behind_the_other()
    {
        byte[] three = BinaryWire.Write(
            writer => writer.WriteNumber(FrameType.Ping, 1), writer => writer.WriteNumber(FrameType.Switch, 5), writer => writer.WriteNumber(FrameType.Pong, 2));

        Assert.Equal("028401" + "028605" + "028502", BinaryWire.Hex(three));
        Assert.Equal(JsonWire.Read("""[{"t":"ping","id":1},{"t":"switch","last":5},{"t":"pong","id":2}]"""), BinaryWire.Read(three));
        Assert.Equal(JsonWire.Read("""{"t":"ping","id":1}"""), BinaryWire.Read(Ping));
        BinaryWire.AssertMalformed("B1.1", "");
        Assert.Equal(CloseCode.Malformed, new BinaryFrameReader().Read(BinaryWire.Bytes(Ping), isText: true, new FrameBatch())?.Code);
    }

    [Fact, Clause("B1.2")]
    public void A_varint_takes_as_few_bytes_as_it_needs()
    {
        (long Number, string Hex)[] legal =
        [
            (0, "00"), (1, "01"), (127, "7F"), (128, "8001"), (300, "AC02"), (16_383, "FF7F"), (16_384, "808001"), (2_097_151, "FFFF7F"), (2_097_152, "80808001"),
            (1L << 28, "8080808001"), (1L << 35, "808080808001"), (1L << 42, "80808080808001"), (1L << 49, "8080808080808001"), (WireLimits.NumberMax, "FFFFFFFFFFFFFF0F"),
        ];
        string[] broken =
        [
            "8000", "FF00", "808000", "8080808080808000",                     // Longer than they need to be.
            "8080808080808010", "FFFFFFFFFFFFFF7F", "808080808080808001", "FFFFFFFFFFFFFFFFFF01",   // Too large.
            "80", "FF", "FFFF", "FFFFFFFFFFFFFF",                             // Cut off.
        ];

        foreach ((long number, string hex) in legal)
        {
            Assert.Equal(hex, BinaryWire.Hex(BinaryWire.Write(writer => writer.WriteNumber(FrameType.Ping, number)))[4..]);
            Assert.Equal(number, BinaryWire.ReadOne(BinaryWire.Framed([0x84, .. BinaryWire.Bytes(hex)])).Number);
            Assert.Equal(number, BinaryWire.ReadOne(BinaryWire.Framed([0x87, 0x00, .. BinaryWire.Bytes(hex)])).Body is Resend resend ? resend.Lost : -1);
        }
        foreach (string hex in broken)
        {
            BinaryWire.AssertMalformed("B3.1", BinaryWire.Framed([0x84, .. BinaryWire.Bytes(hex)]));
            BinaryWire.AssertMalformed("B2.2", BinaryWire.Framed([0x22, .. BinaryWire.Bytes(hex)]));
            BinaryWire.AssertMalformed("B1.2", BinaryWire.Bytes(hex));
            BinaryWire.AssertMalformed("B1.2", BinaryWire.Bytes(Ping + hex));
        }
    }

    [Fact, Clause("B1.3")]
    public void A_frame_has_its_length_before_it()
    {
        byte[] one = BinaryWire.Write(writer => writer.WriteData(s_text, Encoding.ASCII.GetBytes(new string('x', 125))));
        byte[] two = BinaryWire.Write(writer => writer.WriteData(s_text, Encoding.ASCII.GetBytes(new string('x', 126))));
        byte[] three = BinaryWire.Write(writer => writer.WriteCycle(new CycleRequest(new string('x', 40_000), TimeSpan.Zero)));

        Assert.Equal("7F2601", BinaryWire.Hex(one[..3]));
        Assert.Equal("80012601", BinaryWire.Hex(two[..4]));
        Assert.Equal("C5B80288C0B802", BinaryWire.Hex(three[..7]));
        Assert.All([one, two, three], message => Assert.Equal(2, BinaryWire.Read((byte[])[.. message, .. BinaryWire.Bytes(Ping)]).Length));
        Assert.All((string[])["00", "00" + Ping, Ping + "00"], hex => BinaryWire.AssertMalformed("B1.3", hex));
        Assert.All((string[])["01", "03 84 01", "FFFFFFFFFFFFFF0F 84 01", "FFFFFFFF07 84 01", Ping + "03 84 01"], hex => BinaryWire.AssertMalformed("B1.3", hex));
    }

    [Fact, Clause("B1.4")]
    public void Every_field_stands_where_the_protocol_says()
    {
        var hello = new Hello
        {
            Instance = new InstanceId(new UInt128(0x0123456789ABCDEF, 0xFEDCBA9876543210)),
            Epoch = 300,
            Want = HelloWant.Resume,
            Why = "ö",
            Session = new SessionId(1),
            Proof = "ab",
            Received = 4,
            Processed = new LaneMarks(1, 2, 3, 4),
            Timeout = TimeSpan.FromSeconds(5),
            MessageBytesMax = 6,
            Credit = new Credit(7, 8),
        };

        string hex = BinaryWire.Hex(BinaryWire.Write(writer => writer.WriteHello(hello)));

        Assert.Equal("34" + "80" + "0123456789ABCDEFFEDCBA9876543210" + "AC02" + "01" + "02C3B6" + "8827" + "06" + "0708" + "00000000000000000000000000000001" + "026162" + "04" + "01020304", hex);
        Assert.Equal(hello, BinaryWire.ReadOne(hex).Body);
    }

    [Fact, Clause("B1.5")]
    public void What_is_cut_off_out_of_range_or_left_over_is_malformed()
    {
        string id = new('0', 32);
        string[] broken =
        [
            "84", "84 01 01", "84 01 01 00 00", "86", "87 01", "83 01 00 00 00 00 01", "88 01", "88 05 61 01", "88 01 FF 01", "88 03 EDA080 01", "89",
            "8A 9F1F 00 00", "8A 8827 00 00", "8A EE07 00 00", "8A A01F 01 00", "8A A01F 01 80 00",                      // Codes 3999, 5000 and 1006; reasons cut off and ill-formed.
            $"80 {id} 00 00 00 00 00 00 00", $"80 {id} 01 03 00 00 00 00 00", $"80 {id} 01 8080808010 00 00 00 00 00",   // Epoch 0, an unknown want, one that is 0 in 32 bits.
            $"80 {id} 01 01 00 00 00 00 00", $"80 {id} 01 01 00 00 00 00 00 {id} 00 00 00 00 00", "80 00",
            $"81 {id} 01 00 00 00 00 00 00 00 00 00 00 00 00 00", $"81 {id} 01 02 00 00 00 00 00 00 00 00 00 00 00 00",  // No secret; resumed is 0 or 1.
            "89 00 01 01 05 00", "89 00 01 00", "89 00 01 02 05 05", "89 00 02 01 00", "89 00 02 00 01 01 05", "89 00 02 00 02 00", "89 00 05 01",
            "83 01 00 00 00 00 01 01 02 02 05 05", "83 01 00 00 00 00 01 01 01 02 01 80",
            "83 01 00 00 00 00 01 01 01 81 02" + string.Concat(Enumerable.Repeat("01", 257)),                            // 257 expired.
        ];

        Assert.All(broken, hex => BinaryWire.AssertMalformed("B3.1", BinaryWire.Framed(BinaryWire.Bytes(hex))));
        Assert.All((string[])["03 26 01 C3", "04 26 01 80 41", "05 26 01 ED A0 80", "03 26 01 FF"], hex => BinaryWire.AssertMalformed("F1.5", hex));
        Assert.Equal(256, ((Ack)BinaryWire.ReadOne(BinaryWire.Framed(BinaryWire.Bytes("83 01 00 00 00 00 01 01 01 8002" + string.Concat(Enumerable.Repeat("01", 256))))).Body!).Expired.Count);
    }

    [Fact, Clause("B2.1")]
    public void The_head_of_a_data_frame_says_what_it_is()
    {
        foreach (int head in Enumerable.Range(0, 32))
        {
            var expected = new Frame
            {
                Type = FrameType.Data,
                Number = 7,
                Lane = (Lane)(head & 3),
                IsText = (head & 4) != 0,
                IsPrompt = (head & 8) != 0,
                WantsAck = (head & 16) != 0,
                Payload = "hello"u8.ToArray(),
            };
            byte[] message = [0x07, (byte)(head | 0x20), 0x07, .. "hello"u8];

            Assert.Equal(JsonWire.Show(expected), Assert.Single(BinaryWire.Read(message)));
            Assert.Equal(message, BinaryWire.Write(writer => writer.WriteData(expected, "hello"u8)));
        }
    }

    [Fact, Clause("B2.2")]
    public void A_number_is_left_out_where_it_follows_from_the_one_before()
    {
        byte[] message = BinaryWire.Write(
            writer => writer.WriteData(s_text with { Number = 41 }, "a"u8),
            writer => writer.WriteData(s_text with { Number = 42 }, "b"u8),
            writer => writer.WriteNumber(FrameType.Ping, 1),
            writer => writer.WriteData(s_text with { Number = 43 }, "c"u8),
            writer => writer.WriteData(s_text with { Number = 40 }, "d"u8));
        string[] read = BinaryWire.Read(message);

        Assert.Equal("03 26 29 61 | 02 06 62 | 02 84 01 | 02 06 63 | 03 26 28 64".Replace(" | ", " ", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal), BinaryWire.Hex(message));
        Assert.Equal(["Data 41", "Data 42", "Ping 1", "Data 43", "Data 40"], read.Select(line => string.Join(' ', line.Split(' ').Take(2))));
        Assert.Equal(read[1], BinaryWire.Read("03 26 29 61  03 26 2A 62")[1]);           // Written out it means the same.
        BinaryWire.AssertMalformed("B2.2", "02 06 61");
        BinaryWire.AssertMalformed("B2.2", Ping + "02 06 61");
        BinaryWire.AssertMalformed("B2.2", "03 26 00 61");
        BinaryWire.AssertMalformed("B2.2", "0A 26 FFFFFFFFFFFFFF0F 61  02 06 62");       // Above the largest number.
    }

    [Fact]
    public void The_next_message_begins_its_numbers_anew()
    {
        var writer = new BinaryFrameWriter();
        var reader = new BinaryFrameReader();
        var frames = new FrameBatch();
        for (int number = 1; number <= 3; number++)
        {
            writer.Begin();
            writer.WriteData(s_text with { Number = number }, "a"u8);

            Assert.Null(reader.Read(writer.End(), isText: false, frames));
            Assert.Equal(number, frames[0].Number);
        }
    }

    [Fact, Clause("B2.3")]
    public void Options_of_a_data_frame_come_in_order()
    {
        Frame full = s_text with { Lane = Lane.Critical, Kind = 255, HasMore = true, Life = TimeSpan.FromMilliseconds(300), WrittenAt = 400, Payload = "x"u8.ToArray() };
        const string Hex = "09 64 01 17 FF AC02 9003 78";

        Assert.Equal(BinaryWire.Bytes(Hex), BinaryWire.Write(writer => writer.WriteData(full, "x"u8)));
        Assert.Equal(JsonWire.Show(full), Assert.Single(BinaryWire.Read(Hex)));
        Assert.Equal(JsonWire.Show(full), Assert.Single(BinaryWire.Read("0D 64 01 1F FF AC02 9003 03 09 01 05 78")));   // And a member that nobody knows.
        Assert.Equal(BinaryWire.Read("04 26 01 78 79"), BinaryWire.Read("05 66 01 00 78 79"));
        Assert.Equal(BinaryWire.Read("04 26 01 78 79"), BinaryWire.Read("06 66 01 02 00 78 79"));
        string[] broken =
        [
            "02 66 01", "04 66 01 20 78", "03 66 01 10", "04 66 01 80 78", "03 66 01 02", "03 66 01 04", "05 66 01 04 80 00", "03 66 01 08", "04 66 01 08 01", "06 66 01 08 02 01 01", "07 66 01 08 03 00 01 05", "07 66 01 08 03 01 02 05",
        ];
        Assert.All(broken, hex => BinaryWire.AssertMalformed("B2.3", hex));
    }

    [Fact, Clause("B3.1")]
    public void Every_frame_has_its_head_its_fields_and_its_members()
    {
        (string Json, string Hex)[] frames =
        [
            ("""{"t":"ack","received":17,"processed":[0,0,15,0],"credit":[1024,1048576]}""", "83 11 00 00 0F 00 8008 808040"),
            ("""{"t":"ack","received":17,"processed":[0,0,15,0],"credit":[1024,1048576],"expired":[12,300],"known":3}""", "83 11 00 00 0F 00 8008 808040 01 03 0C AC02 02 01 03"),
            ("""{"t":"ping","id":3}""", "84 03"),
            ("""{"t":"pong","id":3}""", "85 03"),
            ("""{"t":"switch","last":41}""", "86 29"),
            ("""{"t":"resend","received":39,"lost":4}""", "87 27 04"),
            ("""{"t":"cycle","why":"drain","within":20000}""", "88 05 647261696E A09C01"),
            ("""{"t":"terms","spread":500,"expires":3600000}""", "89 F403 01 04 80DDDB01"),
            ("""{"t":"terms","spread":500,"overloaded":true}""", "89 F403 02 00"),
            ("""{"t":"close","code":4000,"reason":"done","last":41}""", "8A A01F 04 646F6E65 29"),
            ("""
             {"t":"welcome","session":"fedcba9876543210fedcba9876543210","epoch":2,"resumed":true,"received":9,"processed":[1,2,9,4],"timeout":5000,
              "clientTimeout":5000,"max":1048576,"credit":[1024,1048576],"window":120000,"spread":500}
             """, "81 fedcba9876543210fedcba9876543210 02 01 09 01020904 8827 8827 808040 8008 808040 C0A907 F403"),
        ];

        Assert.All(frames, frame => Assert.Equal(JsonWire.Read(frame.Json), BinaryWire.Read(BinaryWire.Framed(BinaryWire.Bytes(frame.Hex)))));
        foreach (int head in Enumerable.Range(0x80, 0x80).Except([0x80, 0x81, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A]))
        {
            BinaryWire.AssertMalformed("V1.5", BinaryWire.Framed((byte)head));
            BinaryWire.AssertMalformed("V1.5", BinaryWire.Framed((byte)head, 0x01));
        }
    }

    [Fact, Clause("B3.2")]
    public void A_binary_member_that_nobody_knows_is_ignored()
    {
        string[] unknown = ["7F 00", "7F 03 010203", "8080808001 01 FF", "64 00 65 00", "64 8001" + new string('0', 256)];
        for (ulong seed = 0; seed < 500; seed++)
        {
            byte[] frame = SingleControlFrame(seed);
            string[] expected = BinaryWire.Read(BinaryWire.Framed(frame));

            Assert.All(unknown, members => Assert.Equal(expected, BinaryWire.Read(BinaryWire.Framed([.. frame, .. BinaryWire.Bytes(members)]))));
            Assert.All((string[])["00 00", "7F", "7F 01", "7F 00 7F 00", "7F 00 7E 00", "7F 8000"], members =>
                BinaryWire.AssertMalformed("B3.1", BinaryWire.Framed([.. frame, .. BinaryWire.Bytes(members)])));
        }
    }

    private static byte[] SingleControlFrame(ulong seed)
    {
        for (ulong next = seed * 1_000; ; next++)
        {
            byte[] message = new RandomFrames(next).Message(new BinaryFrameWriter(), out string[] shown);
            if (shown.Length != 1 || shown[0].StartsWith("Data", StringComparison.Ordinal)) { continue; }
            int head = Varint.Read(message, 0, out _);
            return message[head..];
        }
    }
}
