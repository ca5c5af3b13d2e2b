using System.Text;
using System.Text.Json;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class JsonFrameWriterTests
{
    private static readonly Frame s_text = new() { Type = FrameType.Data, Number = 1, Lane = Lane.Normal, IsText = true };

    [Fact]
    public void A_plain_text_is_written_as_the_protocol_shows_it()
    {
        Assert.Equal("""{"t":"data","n":17,"text":"hello"}""", JsonWire.Write(writer => writer.WriteData(s_text with { Number = 17 }, "hello"u8)));
    }

    [Fact]
    public void Defaults_are_left_out()
    {
        Frame full = s_text with { Lane = Lane.Critical, Kind = 16, HasMore = true, IsPrompt = true };

        Assert.Equal("""{"t":"data","n":1,"lane":0,"kind":16,"more":true,"prompt":true,"text":"x"}""", JsonWire.Write(writer => writer.WriteData(full, "x"u8)));
    }

    [Fact]
    public void Every_control_character_is_escaped_so_that_any_json_reader_reads_it()
    {
        string all = string.Concat(Enumerable.Range(0, 128).Select(i => (char)i)) + "é€😀\u2028\uFFFD";
        IEnumerable<string> texts = Enumerable.Range(0, 128).Select(i => ((char)i).ToString()).Append(all).Append("x" + all + all);

        Assert.All(texts, text =>
        {
            string message = JsonWire.Write(writer => writer.WriteData(s_text, Encoding.UTF8.GetBytes(text)));
            using var document = JsonDocument.Parse(message);

            Assert.DoesNotContain(message, c => c < ' ');
            Assert.Equal(text, document.RootElement.GetProperty("text").GetString());
            Assert.Equal(text, Encoding.UTF8.GetString(JsonWire.ReadOne(message).Payload.Span));
        });
    }

    [Fact]
    public void A_text_beyond_the_basic_plane_is_written_as_it_is()
    {
        Assert.Equal("""{"t":"data","n":1,"text":"😀👍🏽𝄞"}""", JsonWire.Write(writer => writer.WriteData(s_text, "😀👍🏽𝄞"u8)));
    }

    [Fact]
    public void Bytes_are_written_as_base64_with_padding()
    {
        Frame binary = s_text with { IsText = false };

        Assert.Equal("""{"t":"data","n":1,"bin":"+/+/AA=="}""", JsonWire.Write(writer => writer.WriteData(binary, [0xFB, 0xFF, 0xBF, 0x00])));
        Assert.Equal("""{"t":"data","n":1,"bin":""}""", JsonWire.Write(writer => writer.WriteData(binary, [])));
    }

    [Fact]
    public void Whatever_is_written_is_legal_json_of_as_many_frames()
    {
        for (ulong seed = 0; seed < 500; seed++)
        {
            byte[] message = new RandomFrames(seed).Message(out string[] shown);
            using var document = JsonDocument.Parse(message);

            int count = document.RootElement.ValueKind == JsonValueKind.Array ? document.RootElement.GetArrayLength() : 1;

            Assert.Equal(shown.Length, count);
        }
    }

    [Fact]
    public void Length_and_count_tell_what_the_message_has_come_to()
    {
        var writer = new JsonFrameWriter();
        writer.Begin();
        int lengthBefore = writer.Length;

        writer.WriteNumber(FrameType.Ping, 1);
        (int Length, int Count) one = (writer.Length, writer.FrameCount);
        writer.WriteNumber(FrameType.Ping, 1);
        (int Length, int Count) two = (writer.Length, writer.FrameCount);
        int ended = writer.End().Length;

        Assert.True(lengthBefore < one.Length && one.Length < two.Length && two.Length <= ended);
        Assert.Equal((1, 2), (one.Count, two.Count));
        Assert.InRange(ended - two.Length, 0, 2);
        Assert.True(writer.IsText);
    }

    [Fact]
    public void A_writer_is_used_again_after_each_message_and_after_a_release()
    {
        var writer = new JsonFrameWriter();
        string[] messages =
        [
            WriteTwoPings(writer),
            WriteTwoPings(writer),
            WriteOnePing(writer),
        ];

        writer.Release();
        int lengthReleased = writer.Length;
        writer.Release();

        Assert.Equal(0, lengthReleased);
        Assert.Equal(["""[{"t":"ping","id":1},{"t":"ping","id":2}]""", """[{"t":"ping","id":1},{"t":"ping","id":2}]""", """{"t":"ping","id":1}"""], messages);
        Assert.Equal("""{"t":"ping","id":1}""", WriteOnePing(writer));
    }

    [Fact]
    public void A_message_grows_beyond_its_first_buffer()
    {
        byte[] payload = Encoding.UTF8.GetBytes(new string('\0', WireLimits.PieceBytesMax));

        string message = JsonWire.Write([.. Enumerable.Range(1, 5).Select(n => (Action<FrameWriter>)(writer => writer.WriteData(s_text with { Number = n }, payload)))]);
        string[] read = JsonWire.Read(message);

        Assert.True(message.Length > 5 * 6 * WireLimits.PieceBytesMax);
        Assert.Equal(Enumerable.Range(1, 5).Select(n => JsonWire.Show(s_text with { Number = n, Payload = payload })), read);
    }

    [Fact]
    public void A_time_is_written_in_whole_milliseconds_from_zero()
    {
        TimeSpan[] times = [TimeSpan.FromSeconds(1.9999), TimeSpan.FromTicks(1), TimeSpan.FromSeconds(-1)];

        Assert.Equal(["1999", "0", "0"], times.Select(time => JsonFrame.Parse(JsonWire.Write(writer => writer.WriteTerms(new Terms(time, null)))).Value("spread")));
        Assert.Equal(TimeSpan.FromDays(36_525), ((Terms)JsonWire.ReadOne(JsonWire.Write(writer => writer.WriteTerms(new Terms(TimeSpan.MaxValue, null)))).Body!).Spread);
    }

    [Fact]
    public void A_frame_that_is_more_than_a_number_is_not_written_as_one()
    {
        FrameType[] others = [FrameType.Hello, FrameType.Welcome, FrameType.Data, FrameType.Ack, FrameType.Cycle, FrameType.Terms, FrameType.Close, FrameType.Resend];

        Assert.All(others, type => Assert.Throws<ArgumentOutOfRangeException>(() => JsonWire.Write(writer => writer.WriteNumber(type, 1))));
    }

    private static string WriteTwoPings(JsonFrameWriter writer)
    {
        writer.Begin();
        writer.WriteNumber(FrameType.Ping, 1);
        writer.WriteNumber(FrameType.Ping, 2);
        return Encoding.UTF8.GetString(writer.End().Span);
    }

    private static string WriteOnePing(JsonFrameWriter writer)
    {
        writer.Begin();
        writer.WriteNumber(FrameType.Ping, 1);
        return Encoding.UTF8.GetString(writer.End().Span);
    }
}
