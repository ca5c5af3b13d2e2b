using System.Buffers.Text;
using System.Text;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class HelloHeaderTests
{
    private const string Legal =
        """{"t":"hello","instance":"0123456789abcdef0123456789abcdef","epoch":1,"want":"new","why":"first","timeout":5000,"max":1048576,"credit":[1024,1048576]}""";

    [Fact]
    public void A_hello_in_base64url_is_read()
    {
        bool isRead = JsonFrameReader.TryReadHelloHeader(Encode(Legal), out Hello? hello);

        Assert.True(isRead);
        Assert.Equal(JsonWire.ReadOne(Legal).Body, hello);
    }

    [Fact]
    public void The_longest_hello_of_a_client_fits_the_header()
    {
        var longest = new Hello
        {
            Instance = new InstanceId(UInt128.MaxValue),
            Epoch = WireLimits.NumberMax,
            Want = HelloWant.Resume,
            Why = "network",
            Session = new SessionId(UInt128.MaxValue),
            Proof = new string('f', 64),
            Received = WireLimits.NumberMax,
            Processed = new LaneMarks(WireLimits.NumberMax, WireLimits.NumberMax, WireLimits.NumberMax, WireLimits.NumberMax),
            Timeout = TimeSpan.FromMilliseconds(300_000),
            MessageBytesMax = WireLimits.MessageBytesMaxMax,
            Credit = new Credit(WireLimits.NumberMax, WireLimits.NumberMax),
        };

        string header = Encode(JsonWire.Write(writer => writer.WriteHello(longest)));

        Assert.InRange(header.Length, 1, WireLimits.HelloHeaderCharsMax);
        Assert.True(JsonFrameReader.TryReadHelloHeader(header, out Hello? hello));
        Assert.Equal(longest, hello);
    }

    [Fact]
    public void A_header_of_the_largest_size_is_read_and_a_longer_one_is_not()
    {
        string largest = Encode(Legal.PadRight(768));
        string tooLarge = Encode(Legal.PadRight(769));

        Assert.Equal(WireLimits.HelloHeaderCharsMax, largest.Length);
        Assert.True(JsonFrameReader.TryReadHelloHeader(largest, out _));
        AssertRefused(tooLarge);
    }

    [Fact]
    public void What_is_not_base64url_without_padding_is_refused()
    {
        string padded = Convert.ToBase64String(Encoding.UTF8.GetBytes(Legal.PadRight(160)));
        string header = Encode(Legal);
        string[] broken =
        [
            padded, padded.Replace('=', '%'), header + "=", header[..^1], "", "A", "{}", Legal,
            header + " ", " " + header, header + "\n", header.Insert(8, " "), header.Insert(8, "+/+/"), header.Insert(8, "é"), header.Insert(8, "\0"),
        ];

        Assert.EndsWith("=", padded, StringComparison.Ordinal);
        Assert.All(broken, AssertRefused);
        AssertRefused(null!);
    }

    [Fact]
    public void What_is_not_one_hello_is_refused()
    {
        string[] others =
        [
            "", "{}", "[]", "null", $"[{Legal},{Legal}]", $"[{Legal},{{\"t\":\"ping\",\"id\":1}}]", Legal + Legal, Legal[..^1],
            Legal.Replace("\"epoch\":1", "\"epoch\":0", StringComparison.Ordinal),
        ];
        IEnumerable<string> frames = JsonFrame.Samples.Where(frame => frame.Value("t") != "\"hello\"").Select(frame => frame.ToString());

        Assert.All(others.Concat(frames), text => AssertRefused(Encode(text)));
    }

    [Fact]
    public void Whatever_the_header_is_reading_it_never_throws()
    {
        const string Characters = "ABCDEFabcdef0123456789-_+/=% \r\n\0é€";
        for (ulong seed = 0; seed < 2_000; seed++)
        {
            var chance = new RandomFrames(seed);
            char[] header = Encode(Legal).ToCharArray();
            for (int times = chance.Below(4); times > 0; times--) { header[chance.Below(header.Length)] = Characters[chance.Below(Characters.Length)]; }

            bool isRead = JsonFrameReader.TryReadHelloHeader(new string(header, 0, header.Length - chance.Below(4)), out Hello? hello);

            Assert.True(isRead == hello is not null, $"Seed {seed}");
        }
    }

    private static void AssertRefused(string header)
    {
        Assert.False(JsonFrameReader.TryReadHelloHeader(header, out Hello? hello), header);
        Assert.Null(hello);
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
