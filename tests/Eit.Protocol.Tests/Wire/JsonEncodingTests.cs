using System.Text;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class JsonEncodingTests
{
    [Fact, Clause("F1.1")]
    public void A_message_holds_one_frame_or_an_array_of_frames_in_order()
    {
        string one = JsonWire.Write(writer => writer.WriteNumber(FrameType.Ping, 1));
        string three = JsonWire.Write(
            writer => writer.WriteNumber(FrameType.Ping, 1), writer => writer.WriteNumber(FrameType.Switch, 5), writer => writer.WriteNumber(FrameType.Pong, 2));
        string[] neither =
        [
            "[]", " [ ] ", $"[[{one}]]", $"[{one},[{one}]]", $"[{one},1]", $"[{one},null]", $"{one}{one}", $"{one},{one}", "1", "null", "\"t\"", "true",
        ];

        Assert.Equal("""{"t":"ping","id":1}""", one);
        Assert.Equal("""[{"t":"ping","id":1},{"t":"switch","last":5},{"t":"pong","id":2}]""", three);
        Assert.Equal(["Ping 1", "Switch 5", "Pong 2"], TypesAndNumbers(three));
        Assert.Equal(["Ping 1"], TypesAndNumbers(one));
        Assert.Equal(["Ping 1"], TypesAndNumbers($"[{one}]"));
        Assert.Equal(["Ping 1", "Switch 5", "Pong 2"], TypesAndNumbers(three.Replace(",{", " ,\n{", StringComparison.Ordinal)));
        Assert.All(neither, JsonWire.AssertMalformed);
    }

    [Fact, Clause("F1.1")]
    public void Many_frames_of_every_sort_are_read_in_order()
    {
        string[] frames = [.. Enumerable.Range(1, 300).Select(n => n % 3 == 0 ? $$"""{"t":"ping","id":{{n}}}""" : $$"""{"t":"data","n":{{n}},"text":"{{n}}"}""")];

        string[] read = TypesAndNumbers($"[{string.Join(',', frames)}]");

        Assert.Equal(Enumerable.Range(1, 300).Select(n => n % 3 == 0 ? $"Ping {n}" : $"Data {n}"), read);
    }

    [Fact, Clause("F1.2")]
    public void The_type_of_a_frame_may_stand_anywhere_in_the_object()
    {
        foreach (JsonFrame frame in JsonFrame.Samples)
        {
            JsonFrame untyped = frame.Without("t");
            string[] expected = JsonWire.Read(frame.ToString());

            string[][] read =
            [
                .. Enumerable.Range(0, frame.Members.Count)
                    .Select(position => JsonWire.Read(untyped.Inserting(position, "t", frame.Value("t")).ToString())),
            ];

            Assert.All(read, one => Assert.Equal(expected, one));
            Assert.DoesNotContain("Malformed", expected[0], StringComparison.Ordinal);
        }
    }

    [Fact, Clause("F1.3")]
    public void Broken_json_is_malformed()
    {
        string[] broken =
        [
            "", " ", "{", "}", "[", "]", "{}", "[{}]", "{]", "[}", "hello",
            """{"t":"ping","id":1""", """[{"t":"ping","id":1}""", """{"t":"ping","id":1,}""", """{"t":"ping","id":1}}""", """[{"t":"ping","id":1},]""",
            """[,{"t":"ping","id":1}]""", """[{"t":"ping","id":1}{"t":"ping","id":1}]""", """[{"t":"ping","id":1}]x""", """{"t":"ping","id":1} {}""",
            "{\"t\":\"ping\",\"id\":1}\0", "\uFEFF{\"t\":\"ping\",\"id\":1}", """{"t":"ping","id":1}//""", """/**/{"t":"ping","id":1}""",
            """{'t':'ping','id':1}""", """{t:"ping","id":1}""", """{"t":ping,"id":1}""", """{"t" "ping","id":1}""", """{"t":"ping,"id":1}""",
            """{"t":"data","n":1,"text":"a"}x""", """{"t":"data","n":1,"text":"a"},""", """{"t":"data","n":1,"text":"a"}{"t":"data","n":2,"text":"b"}""",
            "{\"t\":\"data\",\"n\":1,\"text\":\"a\nb\"}", "{\"t\":\"data\",\"n\":1,\"text\":\"a\u001Fb\"}", """{"t":"data","n":1,"text":"a"b"}""",
            """{"t":"data","n":1,"text":"\x"}""", """{"t":"data","n":1,"text":"\u12g4"}""", """{"t":"data","n":1,"text":"\"}""",
            """{"t":"data","n":1,"text":"a" """, """{"t":"data","n":1,"text":"a """, """{"t":"data","n":1,"text":" """, """{"t":"data","n":1,"text": """,
            """{"t":"data","n":1""", """{"t":"data","n":""",
        ];

        Assert.All(broken, JsonWire.AssertMalformed);
        Assert.Equal(CloseCode.Malformed, new JsonFrameReader().Read("{\"t\":\"ping\",\"id\":1}"u8.ToArray(), isText: false, new FrameBatch())?.Code);
    }

    [Fact, Clause("F1.3")]
    public void A_frame_without_a_required_member_is_malformed()
    {
        IEnumerable<JsonFrame> lacking =
            from frame in JsonFrame.Samples
            from member in frame.Members
            where !frame.Optional.Contains(member.Name)
            select frame.Without(member.Name);

        Assert.All(lacking, frame => JsonWire.AssertMalformed(frame.ToString()));
    }

    [Fact, Clause("F1.3")]
    public void A_frame_without_its_optional_members_is_legal()
    {
        IEnumerable<JsonFrame> lacking =
            from frame in JsonFrame.Samples
            from name in frame.Optional
            select frame.Without(name);

        Assert.All(lacking, frame => Assert.DoesNotContain("Malformed", JsonWire.Read(frame.ToString())[0], StringComparison.Ordinal));
    }

    [Fact, Clause("F1.3")]
    public void A_member_that_is_given_twice_is_malformed()
    {
        IEnumerable<JsonFrame> doubled =
            from frame in JsonFrame.Samples
            from member in frame.Members
            from position in new[] { 0, frame.Members.Count }
            select frame.Inserting(position, member.Name, member.Value);

        Assert.All(doubled, frame => JsonWire.AssertMalformed(frame.ToString()));
        JsonWire.AssertMalformed("""{"t":"ping","id":3,"\u0069d":3}""");
        JsonWire.AssertMalformed("""{"t":"data","n":1,"text":"","te\u0078t":""}""");
        JsonWire.AssertMalformed("""{"t":"data","n":1,"text":"","bin":""}""");
    }

    [Fact, Clause("F1.3")]
    public void A_member_of_the_wrong_type_is_malformed()
    {
        string[] values = ["null", "true", "1", "\"1\"", "[]", "[1,2]", "[1,2,3,4]", "[1,2,3,4,5]", "[\"1\",\"2\"]", "[[1,2]]", "{}", "{\"t\":1}"];
        IEnumerable<JsonFrame> wrong =
            from frame in JsonFrame.Samples
            from member in frame.Members
            from value in values
            where ShapeOf(value) != ShapeOf(member.Value)
            where member.Name is not "features" || value[0] != '['
            where member.Name is not ("expired" or "failed") || !char.IsAsciiDigit(ShapeOf(value)[0])   // A list of any length.
            select frame.With(member.Name, value);

        Assert.All(wrong, frame => JsonWire.AssertMalformed(frame.ToString()));
    }

    [Fact, Clause("F1.3")]
    public void A_member_out_of_its_range_is_malformed()
    {
        (string Type, string Member, string Value)[] wrong =
        [
            ("data", "n", "0"), ("data", "lane", "4"), ("data", "kind", "256"),
            .. ((string[])["A", "AA", "AAA", "AA=", "A===", "AA==AA==", "-_-_", "AA*A", "AAA A", " AAAA", "AAAA\\n", "AA\\nAA", "\\ud800"]).Select(text => ("data", "bin", $"\"{text}\"")),
            .. ((string[])["", "0123456789ABCDEF0123456789abcdef", "0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcdef0"])
                .SelectMany(id => new[] { ("hello", "instance", $"\"{id}\""), ("hello", "session", $"\"{id}\""), ("welcome", "session", $"\"{id}\"") }),
            ("hello", "epoch", "0"), ("hello", "want", "\"more\""), ("close", "code", "3999"), ("close", "code", "5000"), ("close", "code", "1006"),
            ("ack", "processed", "[1,2,3]"), ("ack", "credit", "[1]"), ("ack", "credit", "[1,2,3]"),
        ];
        IEnumerable<JsonFrame> frames =
            from one in wrong
            from frame in JsonFrame.Samples
            where frame.Value("t") == $"\"{one.Type}\"" && frame.Members.Any(member => member.Name == one.Member)
            select frame.With(one.Member, one.Value);

        Assert.True(frames.Count() >= wrong.Length);
        Assert.All(frames, frame => JsonWire.AssertMalformed(frame.ToString()));
    }

    [Fact, Clause("F1.4")]
    public void Numbers_outside_0_to_2_pow_53_are_malformed()
    {
        string[] numbers =
        [
            "-1", "-9007199254740991", "0.5", "1.5", "1e-1", "9007199254740992", "9007199254740993", "9223372036854775807", "9223372036854775808",
            "18446744073709551617", "1e400", new string('9', 400),
        ];
        string[] notJson = ["01", "00", "+1", ".5", "1.", "0x1", "NaN", "Infinity", "1 2", "1_000", "--1", ""];
        JsonFrame[] frames =
        [
            .. from frame in JsonFrame.Samples
               from member in frame.Members
               where ShapeOf(member.Value) is "number" or "2 numbers" or "4 numbers"
               from number in (string[])[.. numbers, .. notJson]
               from value in PutInto(member.Value, number)
               select frame.With(member.Name, value),
        ];

        Assert.All(frames, frame => JsonWire.AssertMalformed(frame.ToString()));
        Assert.Equal(WireLimits.NumberMax, JsonWire.ReadOne("""{"t":"ping","id":9007199254740991}""").Number);
        Assert.Equal(0, JsonWire.ReadOne("""{"t":"ping","id":0}""").Number);
    }

    [Fact, Clause("F1.4")]
    public void The_largest_number_is_read_in_every_place_that_is_not_bounded_otherwise()
    {
        var ack = (Ack)JsonWire.ReadOne("""
            {"t":"ack","received":9007199254740991,"processed":[9007199254740991,1,2,3],"credit":[9007199254740991,9007199254740991]}
            """).Body!;
        var terms = (Terms)JsonWire.ReadOne("""{"t":"terms","spread":9007199254740991}""").Body!;

        Assert.Equal((WireLimits.NumberMax, new LaneMarks(WireLimits.NumberMax, 1, 2, 3)), (ack.Received, ack.Processed));
        Assert.Equal(new Credit(WireLimits.NumberMax, WireLimits.NumberMax), ack.Credit);
        Assert.Equal(TimeSpan.FromDays(36_525), terms.Spread);
    }

    [Fact, Clause("F1.5")]
    public void A_lone_surrogate_is_malformed()
    {
        string[] escaped = ["\\ud800", "\\udc00", "\\uDFFFa", "a\\ud83d", "\\ud83dx", "\\ud83d\\ud83d", "\\ude00\\ud83d", "\\ud83d\\n", "\\ud83d\\u0041"];
        byte[][] writtenOut =
        [
            [0xED, 0xA0, 0x80], [0xED, 0xB0, 0x80], [0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80], [0x80], [0xC3], [0xC0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xF0, 0x9F, 0x98],
        ];
        JsonFrame[] withText = [.. JsonFrame.Samples.Where(frame => frame.Members.Any(member => member.Name is "text" or "why" or "reason"))];

        foreach (JsonFrame frame in withText)
        {
            string name = frame.Members.First(member => member.Name is "text" or "why" or "reason").Name;
            Assert.All(escaped, text => JsonWire.AssertMalformed(frame.With(name, $"\"{text}\"").ToString()));
            Assert.All(writtenOut, bytes => JsonWire.AssertMalformed(Splice(frame.With(name, "\"~\"").ToString(), bytes)));
        }
        Assert.Equal(CloseCode.Malformed, JsonWire.ReadViolation("""{"t":"\ud800"}""").Code);
        Assert.Equal("😀", TextOf(JsonWire.ReadOne("""{"t":"data","n":1,"text":"\ud83d\ude00"}""")));
        Assert.Equal("😀", TextOf(JsonWire.ReadOne("""{"t":"data","n":1,"text":"😀"}""")));
    }

    [Fact, Clause("V1.4")]
    public void An_unknown_member_of_a_frame_is_ignored()
    {
        (string Name, string Value)[] unknown =
        [
            ("x", "1"), ("", "null"), ("T", "\"ping\""), ("Text", "5"), ("n ", "-1"), ("future", "-1.5e300"), ("x", "[[[[]]]]"), ("x", "{\"t\":\"data\",\"n\":[{}],\"text\":{}}"),
            ("aMemberOfAVeryLateVersionOfVersionOne", "\"\\n\""), ("Größe", "\"😀\""), ("\\u0078", "false"),
        ];
        foreach (JsonFrame frame in JsonFrame.Samples)
        {
            string[] expected = JsonWire.Read(frame.ToString());

            IEnumerable<JsonFrame> frames =
                from position in Enumerable.Range(0, frame.Members.Count + 1)
                from member in unknown
                select frame.Inserting(position, member.Name, member.Value);

            Assert.All(frames, one => Assert.Equal(expected, JsonWire.Read(one.ToString())));
            Assert.Equal(expected, JsonWire.Read(frame.Inserting(0, "x", "1").Inserting(1, "x", "2").ToString()));
        }
    }

    [Fact, Clause("V1.5")]
    public void An_unknown_frame_type_is_malformed()
    {
        string[] unknown = ["", "Data", "data ", "DATA", "text", "nack", "0", "2"];

        Assert.All(unknown, type => Assert.Equal((CloseCode.Malformed, "V1.5"), Judge($$"""{"t":"{{type}}"}""")));
        Assert.All(unknown, type => Assert.Equal((CloseCode.Malformed, "V1.5"), Judge($$"""{"n":1,"text":"hello","t":"{{type}}"}""")));
        Assert.All(unknown, type => Assert.Equal((CloseCode.Malformed, "V1.5"), Judge($$"""[{"t":"data","n":1,"text":"hello"},{"t":"{{type}}"},{"t":"ping","id":1}]""")));
    }

    [Fact, Clause("S2.1")]
    public void Every_hello_and_welcome_round_trips()
    {
        string[] whys = ["first", "loss", "age", "expiry", "drain", "network", "request", "", "a \"word\"\n", "Grüße 😀"];
        Hello[] hellos =
        [
            .. from why in whys
               from want in Enum.GetValues<HelloWant>()
               from number in (long[])[1, 17, WireLimits.NumberMax]
               select MakeHello(want, why, number),
        ];
        Welcome[] welcomes =
        [
            .. from why in (string?[])[null, "unknown", "ended"]
               from isResumed in (bool[])[false, true]
               from isStandby in (bool[])[false, true]
               from expires in (TimeSpan?[])[null, TimeSpan.Zero, TimeSpan.FromHours(1)]
               from number in (long[])[0, 17, WireLimits.NumberMax]
               select MakeWelcome(isResumed, why, isStandby, expires, number),
        ];

        Assert.All(hellos, hello => Assert.Equal(hello, JsonWire.ReadOne(JsonWire.Write(writer => writer.WriteHello(hello))).Body));
        Assert.All(welcomes, welcome => Assert.Equal(welcome, JsonWire.ReadOne(JsonWire.Write(writer => writer.WriteWelcome(welcome))).Body));
    }

    [Fact, Clause("F2.1")]
    public void A_data_frame_round_trips_in_every_form()
    {
        string[] texts = ["", "hello", "\"\\/\b\f\n\r\t\0\u001f\u007f", "Grüße € 😀", new('x', WireLimits.PieceBytesMax), new('"', WireLimits.PieceBytesMax)];
        int[] lengths = [0, 1, 2, 3, 256, WireLimits.PieceBytesMax];
        (bool IsText, byte[] Payload)[] payloads =
        [
            .. texts.Select(text => (true, Encoding.UTF8.GetBytes(text))),
            .. lengths.Select(length => (false, Enumerable.Range(0, length).Select(i => (byte)(255 - i)).ToArray())),
        ];
        Frame[] pieces =
        [
            .. from payload in payloads
               from lane in Enum.GetValues<Lane>()
               from kind in (byte[])[0, 1, 255]
               from hasMore in (bool[])[false, true]
               from isPrompt in (bool[])[false, true]
               from number in (long[])[1, WireLimits.NumberMax]
               let piece = new Frame { Type = FrameType.Data, Number = number, Lane = lane, Kind = kind, HasMore = hasMore, IsPrompt = isPrompt }
               select piece with { IsText = payload.IsText, Payload = payload.Payload },
        ];

        Assert.All(pieces, piece => Assert.Equal(JsonWire.Show(piece), JsonWire.Show(JsonWire.ReadOne(JsonWire.Write(writer => writer.WriteData(piece, piece.Payload.Span))))));
    }

    [Fact]
    public void Every_other_frame_round_trips()
    {
        string[] written =
        [
            JsonWire.Write(writer => writer.WriteAck(17, new LaneMarks(0, 0, 15, 0), new Credit(1024, 1_048_576))),
            JsonWire.Write(writer => writer.WriteNumber(FrameType.Ping, 3)),
            JsonWire.Write(writer => writer.WriteNumber(FrameType.Pong, 3)),
            JsonWire.Write(writer => writer.WriteNumber(FrameType.Switch, 41)),
            JsonWire.Write(writer => writer.WriteResend(39, new Resend(Lost: 4))),
            JsonWire.Write(writer => writer.WriteCycle(new CycleRequest("drain", TimeSpan.FromSeconds(20)))),
            JsonWire.Write(writer => writer.WriteTerms(new Terms(TimeSpan.FromSeconds(0.5), TimeSpan.FromHours(1)))),
            JsonWire.Write(writer => writer.WriteClose(new CloseNotice(CloseCode.Closed, "done"), 41)),
        ];

        Assert.All(written, message => Assert.Contains(JsonFrame.Samples, frame => frame.ToString() == message));
    }

    private static string[] TypesAndNumbers(string message)
    {
        var frames = new FrameBatch();
        Assert.Null(new JsonFrameReader().Read(Encoding.UTF8.GetBytes(message), isText: true, frames));
        return [.. Enumerable.Range(0, frames.Count).Select(i => $"{frames[i].Type} {frames[i].Number}")];
    }

    private static (CloseCode Code, string Clause) Judge(string message)
    {
        Violation violation = JsonWire.ReadViolation(message);
        return (violation.Code, violation.Clause);
    }

    private static string ShapeOf(string value) => value[0] switch
    {
        '"' => "text",
        '{' => "object",
        't' or 'f' => "flag",
        'n' => "null",
        '[' when value.Contains('"', StringComparison.Ordinal) || value.StartsWith("[[", StringComparison.Ordinal) => "no numbers",
        '[' => $"{value.Count(c => c == ',') + (value == "[]" ? 0 : 1)} numbers",
        _ => "number",
    };

    private static IEnumerable<string> PutInto(string value, string number)
    {
        if (value[0] != '[') { return [number]; }
        string[] items = value.Trim('[', ']').Split(',');
        return items.Select((_, place) => $"[{string.Join(',', items.Select((item, index) => index == place ? number : item))}]");
    }

    private static byte[] Splice(string message, byte[] inPlaceOfTilde)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(message);
        int at = Array.IndexOf(bytes, (byte)'~');
        return [.. bytes[..at], .. inPlaceOfTilde, .. bytes[(at + 1)..]];
    }

    private static string TextOf(in Frame frame) => Encoding.UTF8.GetString(frame.Payload.Span);

    private static Hello MakeHello(HelloWant want, string why, long number) => new()
    {
        Instance = new InstanceId(UInt128.MaxValue - (UInt128)number),
        Epoch = number,
        Want = want,
        Why = why,
        Session = want == HelloWant.New ? null : new SessionId((UInt128)number),
        Proof = want == HelloWant.New ? null : new string('a', 64),
        Received = want == HelloWant.New ? 0 : number,
        Processed = want == HelloWant.New ? default : new LaneMarks(0, 1, number, number - 1),
        Timeout = TimeSpan.FromSeconds(5),
        MessageBytesMax = number,
        Credit = new Credit(number, number - 1),
    };

    private static Welcome MakeWelcome(bool isResumed, string? why, bool isStandby, TimeSpan? expires, long number) => new()
    {
        Session = new SessionId((UInt128)number),
        Secret = isResumed ? null : new string('A', 43),
        Epoch = number,
        IsResumed = isResumed,
        Why = why,
        IsStandby = isStandby,
        Received = number,
        Processed = new LaneMarks(number, 1, 0, number),
        Timeout = TimeSpan.FromSeconds(1),
        ClientTimeout = TimeSpan.FromSeconds(300),
        MessageBytesMax = number,
        Credit = new Credit(number, 0),
        Window = TimeSpan.Zero,
        Spread = TimeSpan.FromMilliseconds(500),
        Expires = expires,
    };
}
