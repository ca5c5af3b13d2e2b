using System.Text;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class JsonFrameReaderTests
{
    [Fact]
    public void Every_escape_that_json_has_is_read()
    {
        Frame frame = JsonWire.ReadOne("""{"t":"data","n":1,"text":"\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\uD83D\uDE00"}""");

        Assert.Equal("\"\\/\b\f\n\r\tAé€😀", TextOf(frame));
    }

    [Fact]
    public void Names_and_types_may_be_escaped()
    {
        Frame frame = JsonWire.ReadOne("""{"\u0074":"\u0064at\u0061","\u006e":5,"te\u0078t":"hello"}""");

        Assert.Equal(JsonWire.Show(JsonWire.ReadOne("""{"t":"data","n":5,"text":"hello"}""")), JsonWire.Show(frame));
    }

    [Fact]
    public void Base64_may_be_escaped_as_any_string()
    {
        Frame frame = JsonWire.ReadOne("""{"t":"data","n":1,"bin":"\u002B\/+\/AA=\u003d"}""");

        Assert.Equal([0xFB, 0xFF, 0xBF, 0x00], frame.Payload.ToArray());
        Assert.False(frame.IsText);
    }

    [Fact]
    public void All_256_bytes_are_read_from_base64()
    {
        byte[] bytes = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];

        Frame frame = JsonWire.ReadOne($$"""{"t":"data","n":1,"bin":"{{Convert.ToBase64String(bytes)}}"}""");

        Assert.Equal(bytes, frame.Payload.ToArray());
    }

    [Fact]
    public void An_empty_text_and_empty_bytes_are_payloads()
    {
        Frame text = JsonWire.ReadOne("""{"t":"data","n":1,"text":""}""");
        Frame binary = JsonWire.ReadOne("""{"t":"data","n":1,"bin":""}""");

        Assert.Equal((true, 0), (text.IsText, text.Payload.Length));
        Assert.Equal((false, 0), (binary.IsText, binary.Payload.Length));
    }

    [Fact]
    public void What_is_left_out_of_a_data_frame_has_its_default()
    {
        Frame frame = JsonWire.ReadOne("""{"t":"data","n":1,"text":"hello"}""");
        Frame spelledOut = JsonWire.ReadOne("""{"t":"data","n":1,"lane":2,"kind":0,"more":false,"prompt":false,"text":"hello"}""");

        Assert.Equal((Lane.Normal, 0, false, false), (frame.Lane, frame.Kind, frame.HasMore, frame.IsPrompt));
        Assert.Equal(JsonWire.Show(frame), JsonWire.Show(spelledOut));
    }

    [Fact]
    public void A_nesting_that_is_far_too_deep_is_malformed()
    {
        string deep = new string('[', 100_000) + new string(']', 100_000);

        JsonWire.AssertMalformed(deep);
        JsonWire.AssertMalformed($$"""{"t":"ping","id":1,"x":{{deep}}}""");
        JsonWire.AssertMalformed(new string('[', 100_000));
        JsonWire.AssertMalformed(string.Concat(Enumerable.Repeat("{\"x\":", 100_000)));
    }

    [Fact]
    public void An_unknown_member_may_be_nested_ten_deep()
    {
        string nested = new string('[', 10) + new string(']', 10);

        Assert.Equal(FrameType.Ping, JsonWire.ReadOne($$"""{"t":"ping","id":1,"x":{{nested}}}""").Type);
    }

    [Fact]
    public void A_batch_of_the_largest_websocket_message_is_read()
    {
        string[] frames = [.. Enumerable.Range(1, 12).Select(n => $$"""{"t":"data","n":{{n}},"text":"{{new string((char)('a' + n), 16_384)}}\n"}""")];

        string[] read = JsonWire.Read($"[{string.Join(',', frames)}]");

        Assert.Equal(12, read.Length);
        Assert.All(read.Zip(frames), pair => Assert.Equal(JsonWire.Read(pair.Second)[0], pair.First));
    }

    [Fact]
    public void A_violation_says_which_clause_was_broken()
    {
        Assert.Equal("F1.3", JsonWire.ReadViolation("{").Clause);
        Assert.Equal("F1.4", JsonWire.ReadViolation("""{"t":"ping","id":-1}""").Clause);
        Assert.Equal("F1.5", JsonWire.ReadViolation("""{"t":"data","n":1,"text":"\ud800"}""").Clause);
        Assert.Equal("V1.5", JsonWire.ReadViolation("""{"t":"pang"}""").Clause);
    }

    [Fact]
    public void The_reason_of_a_violation_fits_a_websocket_close()
    {
        string[] broken =
        [
            "", "{", "[]", "5", """{"t":"pang"}""", """{"t":"ping"}""", """{"t":"ping","id":-1}""", """{"t":"data","n":1,"text":5}""", """{"t":"data","n":1,"bin":"*"}""",
        ];

        Assert.All(broken, message => Assert.Equal(JsonWire.ReadViolation(message).Reason, CloseCodes.ToReason(JsonWire.ReadViolation(message).Reason)));
    }

    [Fact]
    public void The_reason_of_a_close_is_made_fit_to_be_passed_on()
    {
        var notice = (CloseNotice)JsonWire.ReadOne($$"""{"t":"close","code":4000,"reason":"tschüß\n{{new string('x', 200)}}","last":0}""").Body!;

        Assert.Equal("tsch???" + new string('x', 116), notice.Reason);
    }

    [Fact]
    public void A_time_that_is_absurdly_long_stands_for_a_hundred_years()
    {
        var request = (CycleRequest)JsonWire.ReadOne("""{"t":"cycle","why":"age","within":9007199254740991}""").Body!;

        Assert.Equal(TimeSpan.FromDays(36_525), request.Within);
    }

    [Fact]
    public void A_hello_for_a_new_session_needs_no_positions_and_takes_none()
    {
        var hello = (Hello)JsonWire.ReadOne(JsonFrame.Samples.First(frame => frame.ToString().Contains("\"new\"", StringComparison.Ordinal))
            .Inserting(1, "received", "5").Inserting(2, "processed", "[1,1,1,1]").ToString()).Body!;

        Assert.Equal((null, null, 0, default), (hello.Session, hello.Proof, hello.Received, hello.Processed));
    }

    [Fact]
    public void Several_acks_in_one_message_are_kept_apart()
    {
        var frames = new FrameBatch();
        byte[] message = """[{"t":"ack","received":1,"processed":[0,0,0,0],"credit":[1,1]},{"t":"ack","received":2,"processed":[0,0,1,0],"credit":[2,2]}]"""u8.ToArray();

        Violation? violation = new JsonFrameReader().Read(message, isText: true, frames);

        Assert.Null(violation);
        Assert.Equal([1L, 2L], Enumerable.Range(0, frames.Count).Select(i => ((Ack)frames[i].Body!).Received));
    }

    private static string TextOf(in Frame frame) => Encoding.UTF8.GetString(frame.Payload.Span);
}
