using System.Text;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

/// <summary>The reader's fast way and its general way accept the same language and give the same frames.</summary>
public class JsonPathsTests
{
    private const int Seeds = 3_000;
    private static readonly byte[] s_interesting = [.. "{}[]\",:\\/ \n\0tnu0123456789-+.eE=Aa"u8, 0x1F, 0x7F, 0x80, 0xBF, 0xC3, 0xED, 0xF0, 0xFF];
    private static readonly string[] s_numbers =
        ["0", "1", "4", "256", "9007199254740991", "9007199254740992", "99999999999999999999", "00", "01", "-0", "-1", "1.0", "1e3", ""];
    private static readonly string[] s_tokens =
    [
        "null", "true", "false", "\"\"", "[]", "{}", "\"t\":\"data\"", "\"n\":0", "\"n\":1", "\"text\":\"\"",
        ",\"prompt\":true", ",\"prompt\":false", "\\u0000", "\\ud800", "\\ud83d\\ude00", "\\\"", "{\"t\":\"ping\",\"id\":1},", ",{\"t\":\"ping\",\"id\":0}", "]", "}",
    ];

    [Fact]
    public void What_the_writer_writes_both_ways_read_alike()
    {
        for (ulong seed = 0; seed < Seeds; seed++)
        {
            byte[] message = new RandomFrames(seed).Message(out string[] expected);

            AssertSame(seed, message, expected, JsonWire.Read(message));
            AssertSame(seed, message, expected, JsonWire.ReadGenerally(message));
        }
    }

    [Fact]
    public void Another_order_other_spaces_and_other_escapes_mean_the_same()
    {
        for (ulong seed = 0; seed < Seeds; seed++)
        {
            var chance = new RandomFrames(seed);
            byte[] message = chance.Message(out string[] expected);
            byte[] scrambled = JsonScrambler.Scramble(message, chance);

            AssertSame(seed, scrambled, expected, JsonWire.Read(scrambled));
            AssertSame(seed, scrambled, expected, JsonWire.ReadGenerally(scrambled));
        }
    }

    [Fact]
    public void Whatever_bytes_come_the_reader_never_throws_and_both_ways_agree()
    {
        int legal = 0;
        for (ulong seed = 0; seed < Seeds * 5; seed++)
        {
            var chance = new RandomFrames(seed);
            byte[] message = Mutate(chance.Message(out _), chance);

            string[] fast = JsonWire.Read(message);
            AssertSame(seed, message, JsonWire.ReadGenerally(message), fast);
            if (!fast[0].StartsWith("Malformed", StringComparison.Ordinal)) { legal++; }
        }

        Assert.InRange(legal, Seeds / 4, Seeds * 4);                // Neither all legal nor all broken: the mutations stay close to the language.
    }

    [Fact]
    public void A_reader_and_a_batch_that_are_used_again_remember_nothing()
    {
        var reader = new JsonFrameReader();
        var frames = new FrameBatch();
        for (ulong seed = 0; seed < Seeds; seed++)
        {
            var chance = new RandomFrames(seed);
            byte[] message = chance.Message(out _);
            if (chance.Flip()) { message = Mutate(message, chance); }
            if (chance.Flip()) { message = [(byte)' ', .. message]; }

            AssertSame(seed, message, JsonWire.Read(message), JsonWire.Read(reader, message, frames));
            if (chance.Below(10) == 0) { frames.Trim(); }
        }
    }

    [Fact]
    public void A_message_that_is_cut_anywhere_is_malformed()
    {
        for (ulong seed = 0; seed < 100; seed++)
        {
            byte[] message = new RandomFrames(seed).Message(out _);

            for (int length = 0; length < message.Length; length++) { JsonWire.AssertMalformed(message.AsMemory(0, length)); }
        }
    }

    [Theory]
    [InlineData("""{"t":"data","n":0,"text":""}""")]
    [InlineData("""{"t":"data","n":1,"text":""}""")]
    [InlineData("""{"t":"data","n":01,"text":""}""")]
    [InlineData("""{"t":"data","n":9007199254740991,"text":""}""")]
    [InlineData("""{"t":"data","n":9007199254740992,"text":""}""")]
    [InlineData("""{"t":"data","n":10000000000000000,"text":""}""")]
    [InlineData("""{"t":"data","n":,"text":""}""")]
    [InlineData("""{"t":"data","n":1,"prompt":true,"text":""}""")]
    [InlineData("""{"t":"data","n":1,"prompt":true,"prompt":true,"text":""}""")]
    [InlineData("""{"t":"data","n":1,"text":"","text":""}""")]
    [InlineData("""{"t":"data","n":1,"text":"\u0000"}""")]
    [InlineData("""{"t":"data","n":1,"text":"}""")]
    [InlineData("""[{"t":"data","n":0,"text":""},{"t":"ping","id":1}]""")]
    [InlineData("""[{"t":"data","n":1,"text":"a"},{"t":"data","n":2,"text":"\n"},{"t":"data","n":3,"text":"c"}]""")]
    [InlineData("""[{"t":"data","n":1,"text":"a"},{"t":"ack","received":1,"processed":[0,0,0,0],"credit":[1,2]}]""")]
    [InlineData("""[{"t":"data","n":1,"text":"a"},{"t":"ack","received":1,"processed":[0,0,0,0,0],"credit":[1,2]}]""")]
    [InlineData("""[{"t":"data","n":1,"text":"a"},{"t":"ack","received":01,"processed":[0,0,0,0],"credit":[1,2]}]""")]
    [InlineData("""[{"t":"data","n":1,"text":"a"},]""")]
    [InlineData("""[{"t":"data","n":1,"text":"a"}] """)]
    [InlineData("""[{"t":"data","n":1,"text":"a"}]]""")]
    [InlineData("""{"t":"data","n":1,"text":"a"}x""")]
    [InlineData("""{"t":"data","n":1,"text":"a"}{"t":"data","n":2,"text":"b"}""")]
    [InlineData("""{"t":"data","n":1,"text":"a"} """)]
    [InlineData("""{"t":"data","n":1,"bin":""}""")]
    [InlineData("""{"t":"data","n":1,"bin":"AAE="}""")]
    [InlineData("""{"t":"data","n":1,"bin":"AAE"}""")]
    [InlineData("""{"t":"data","n":1,"bin":"A AE="}""")]
    [InlineData("""{"t":"data","n":1,"bin":"AA-_"}""")]
    [InlineData("""{"t":"data","n":1,"bin":"AA\u002b="}""")]
    [InlineData("""{"t":"data","n":1,"bin":"AAE=","bin":""}""")]
    [InlineData("""[{"t":"data","n":1,"bin":"AAE="},{"t":"data","n":2,"lane":0,"bin":"AAAA"},{"t":"data","n":3,"text":"c"}]""")]
    [InlineData("""[{"t":"data","n":1,"bin":"AAE="},{"t":"data","n":2,"bin":"AA"}]""")]
    public void At_the_edges_of_the_fast_way_both_ways_agree(string message)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(message);

        Assert.Equal(JsonWire.ReadGenerally(bytes), JsonWire.Read(bytes));
    }

    private static byte[] Mutate(byte[] message, RandomFrames chance)
    {
        List<byte> bytes = [.. message];
        for (int times = 1 + chance.Below(3); times > 0; times--)
        {
            int at = chance.Below(bytes.Count);
            switch (chance.Below(7))
            {
                case 0:
                    bytes[at] = chance.Pick(s_interesting);
                    break;
                case 1:
                    bytes[at] = (byte)chance.Below(256);
                    break;
                case 2:
                    bytes.Insert(at, chance.Pick(s_interesting));
                    break;
                case 3 when bytes.Count > 1:
                    bytes.RemoveRange(at, Math.Min(bytes.Count - at, Math.Min(bytes.Count - 1, 1 + chance.Below(3))));
                    break;
                case 4:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(chance.Pick(s_tokens)));
                    break;
                case 5:
                    ReplaceNumber(bytes, at, chance.Pick(s_numbers));
                    break;
                default:
                    bytes.InsertRange(chance.Below(bytes.Count), bytes.GetRange(at, chance.Below(bytes.Count - at)));
                    break;
            }
        }
        return [.. bytes];
    }

    private static void ReplaceNumber(List<byte> bytes, int near, string number)
    {
        int start = bytes.FindIndex(near, value => value is >= (byte)'0' and <= (byte)'9');
        if (start < 0) { return; }
        int end = bytes.FindIndex(start, value => value is < (byte)'0' or > (byte)'9');
        bytes.RemoveRange(start, (end < 0 ? bytes.Count : end) - start);
        bytes.InsertRange(start, Encoding.UTF8.GetBytes(number));
    }

    private static void AssertSame(ulong seed, byte[] message, string[] expected, string[] actual) =>
        Assert.True(
            expected.SequenceEqual(actual),
            $"Seed {seed}: {Encoding.UTF8.GetString(message)}\nexpected {string.Join('\n', expected)}\nbut was {string.Join('\n', actual)}");
}
