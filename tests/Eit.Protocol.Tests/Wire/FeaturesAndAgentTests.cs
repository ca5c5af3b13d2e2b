using System.Text;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class FeaturesAndAgentTests
{
    private const string Id = "0123456789abcdef0123456789abcdef";

    [Fact, Clause("V1.7")]
    public void Hello_and_welcome_name_the_features_of_their_end()
    {
        FeatureSet[] sets = [FeatureSet.None, FeatureSet.Of(["a"]), FeatureSet.Of(["x-2", "failed", "0"]), FeatureSet.Of(Enumerable.Range(10, 32).Select(static i => new string('a', 30) + i))];

        foreach (FeatureSet features in sets)
        {
            Assert.Equal(features, ((Hello)JsonWire.ReadOne(JsonWire.Write(writer => writer.WriteHello(MakeHello(features, "me/1")))).Body!).Features);
            Assert.Equal(features, ((Hello)BinaryWire.ReadOne(BinaryWire.Write(writer => writer.WriteHello(MakeHello(features, "me/1")))).Body!).Features);
            Assert.Equal(features, ((Welcome)JsonWire.ReadOne(JsonWire.Write(writer => writer.WriteWelcome(MakeWelcome(features)))).Body!).Features);
            Assert.Equal(features, ((Welcome)BinaryWire.ReadOne(BinaryWire.Write(writer => writer.WriteWelcome(MakeWelcome(features)))).Body!).Features);
        }
        Assert.Equal(["0", "failed", "x-2"], sets[2].Names);
        Assert.Equal(32, sets[3].Names.Count);
    }

    [Fact, Clause("V1.7")]
    public void Names_of_features_that_are_ill_formed_too_many_or_given_twice_do_no_harm()
    {
        string[] illFormed = ["", "A", "ä", "a b", "a_b", "a\n", new('a', 33), new('a', 100_000)];
        string[] many = [.. Enumerable.Range(0, 10_000).Select(static i => $"f{i}")];

        Assert.Equal(["a", "b"], ReadInBoth(["b", .. illFormed, "a", "b", "a"]).Names);
        Assert.Equal(many[..32].Order(StringComparer.Ordinal), ReadInBoth(many).Names);
        Assert.Equal(["f0"], ReadInBoth([.. Enumerable.Repeat("f0", 40), "a"]).Names);
        Assert.Same(FeatureSet.None, ReadInBoth(illFormed));
        Assert.All((string[])["1", "\"a\"", "{}", "null", "true", "[1]", "[\"a\",1]", "[[\"a\"]]", "[null]", "[{}]", "[\"\\ud800\"]"], value => JsonWire.AssertMalformed(HelloOf($"\"features\":{value}")));
        JsonWire.AssertMalformed(HelloOf("\"features\":[],\"features\":[]"));
    }

    [Fact, Clause("V1.10")]
    public void What_a_peer_calls_itself_is_made_harmless()
    {
        (string Said, string? Taken)[] names =
        [
            ("eit-dotnet/1.2.3", "eit-dotnet/1.2.3"), ("some client (x; y) ~", "some client (x; y) ~"), ("", null), (new('a', 64), new('a', 64)), (new('a', 65), new('a', 64)),
            ("a\u001b[31mb\r\n\0\u007f", "a?[31mb????"), ("Grün 😀", "Gr?n ?"), (new('ä', 200), new('?', 64)), ("\u202Eabc", "?abc"),
        ];

        foreach ((string said, string? taken) in names)
        {
            Hello hello = MakeHello(FeatureSet.None, said);
            Welcome welcome = MakeWelcome(FeatureSet.None) with { Agent = said };

            Assert.Equal(taken, ((Hello)JsonWire.ReadOne(JsonWire.Write(writer => writer.WriteHello(hello))).Body!).Agent);
            Assert.Equal(taken, ((Hello)BinaryWire.ReadOne(BinaryWire.Write(writer => writer.WriteHello(hello))).Body!).Agent);
            Assert.Equal(taken, ((Welcome)JsonWire.ReadOne(JsonWire.Write(writer => writer.WriteWelcome(welcome))).Body!).Agent);
            Assert.Equal(taken, ((Welcome)BinaryWire.ReadOne(BinaryWire.Write(writer => writer.WriteWelcome(welcome))).Body!).Agent);
        }
    }

    [Fact, Clause("V1.11")]
    public void A_hello_that_is_too_long_for_its_header_leaves_its_agent_out_and_then_is_a_frame()
    {
        FeatureSet few = FeatureSet.Of(["a", "b"]);
        FeatureSet some = FeatureSet.Of(Enumerable.Range(10, 8).Select(static i => new string('a', 30) + i));
        FeatureSet many = FeatureSet.Of(Enumerable.Range(10, 32).Select(static i => new string('a', 30) + i));
        Hello[] shortOnes = [MakeHello(few, "me/1"), MakeHello(few, agent: null), MakeHello(few, new string('"', 64))];
        Hello tooLongWithAgent = Longest(some, new string('a', 64));
        Hello tooLong = Longest(many, "me/1");

        Assert.All(shortOnes, hello => Assert.Equal(hello, ReadHeader(JsonFrameWriter.HelloHeaderOf(hello)!)));
        Assert.Equal(tooLongWithAgent with { Agent = null }, ReadHeader(JsonFrameWriter.HelloHeaderOf(tooLongWithAgent)!));
        Assert.Null(JsonFrameWriter.HelloHeaderOf(tooLong));
        Assert.Equal(tooLong, JsonWire.ReadOne(JsonWire.Write(writer => writer.WriteHello(tooLong))).Body);
    }

    [Fact]
    public void The_longest_hello_of_this_implementation_fits_its_header_and_an_ordinary_one_says_its_agent()
    {
        Hello ordinary = Longest(FeatureSet.Own, AgentName.Own) with { Received = 1_000_000_000, Processed = new LaneMarks(1_000_000, 1_000_000, 1_000_000_000, 1_000_000), Credit = new Credit(1_000_000_000, 1_000_000_000_000) };

        Assert.NotNull(JsonFrameWriter.HelloHeaderOf(Longest(FeatureSet.Own, new string('"', 64))));
        Assert.Equal(ordinary, ReadHeader(JsonFrameWriter.HelloHeaderOf(ordinary)!));
    }

    [Fact, Clause("E1.1")]
    public void Every_feature_of_this_implementation_is_in_the_table_of_the_protocol()
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "PROTOCOL.md"))) { root = Path.GetDirectoryName(root)!; }
        string[] lines = File.ReadAllLines(Path.Combine(root, "PROTOCOL.md"));

        IEnumerable<string> table = lines.SkipWhile(static line => line != "## E. Evolution").SkipWhile(static line => !line.StartsWith("| ---", StringComparison.Ordinal)).Skip(1)
            .TakeWhile(static line => line.StartsWith('|')).Select(static line => line.Split('`')[1]);

        Assert.Equal(Features.All.Order(StringComparer.Ordinal), table.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_names_and_the_agent_of_this_implementation_are_well_formed()
    {
        Assert.All(Features.All, static name => Assert.True(FeatureSet.IsName(name), name));
        Assert.Equal(Features.All.Order(StringComparer.Ordinal), FeatureSet.Own.Names);
        Assert.Matches("^eit-dotnet/[0-9.a-z-]+$", AgentName.Own);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Grün/1")]
    [InlineData("a\nb")]
    [InlineData("a234567890123456789012345678901234567890123456789012345678901234x")]
    public void An_agent_of_an_application_that_is_not_printable_ascii_is_refused_by_name(string agent)
    {
        string fault = Assert.Single(new SessionSettings { Agent = agent }.Faults("Eit:Session"));

        Assert.Contains("Eit:Session:Agent", fault, StringComparison.Ordinal);
        Assert.Empty(new SessionSettings { Agent = "my-app/2.1 (tables)" }.Faults());
    }

    private static FeatureSet ReadInBoth(string[] names)
    {
        byte[] value = [.. names.SelectMany(static name => BinaryWire.Framed(Encoding.UTF8.GetBytes(name)))];
        byte[] hello = BinaryWire.Write(static writer => writer.WriteHello(MakeHello(FeatureSet.None, agent: null)));
        byte[] binary = BinaryWire.Framed([.. hello[1..], 1, .. BinaryWire.Framed(value)]);
        string json = HelloOf($"\"features\":[{string.Join(',', names.Select(static name => System.Text.Json.JsonSerializer.Serialize(name)))}]");

        FeatureSet inJson = ((Hello)JsonWire.ReadOne(json).Body!).Features;

        Assert.Equal(inJson, ((Hello)BinaryWire.ReadOne(binary).Body!).Features);
        return inJson;
    }

    private static string HelloOf(string members) => $$"""{"t":"hello","instance":"{{Id}}","epoch":1,"want":"new","timeout":5000,"max":1000,"credit":[1,1000],{{members}}}""";

    private static Hello ReadHeader(string header)
    {
        Assert.InRange(header.Length, 1, WireLimits.HelloHeaderCharsMax);
        Assert.True(JsonFrameReader.TryReadHelloHeader(header, out Hello? hello));
        return hello!;
    }

    private static Hello MakeHello(FeatureSet features, string? agent) => new()
    {
        Instance = new InstanceId(1),
        Epoch = 1,
        Want = HelloWant.New,
        Timeout = TimeSpan.FromSeconds(5),
        MessageBytesMax = 1_000,
        Credit = new Credit(1, 1_000),
        Features = features,
        Agent = agent,
    };

    private static Hello Longest(FeatureSet features, string? agent) => new()
    {
        Instance = new InstanceId(UInt128.MaxValue),
        Epoch = WireLimits.NumberMax,
        Want = HelloWant.Resume,
        Why = "suspicion",
        Session = new SessionId(UInt128.MaxValue),
        Proof = new string('f', 64),
        Received = WireLimits.NumberMax,
        Processed = new LaneMarks(WireLimits.NumberMax, WireLimits.NumberMax, WireLimits.NumberMax, WireLimits.NumberMax),
        Timeout = TimeSpan.FromMilliseconds(300_000),
        MessageBytesMax = WireLimits.MessageBytesMaxMax,
        Credit = new Credit(WireLimits.NumberMax, WireLimits.NumberMax),
        Features = features,
        Agent = agent,
    };

    private static Welcome MakeWelcome(FeatureSet features) => new()
    {
        Session = new SessionId(1),
        Epoch = 1,
        IsResumed = true,
        Timeout = TimeSpan.FromSeconds(5),
        ClientTimeout = TimeSpan.FromSeconds(5),
        MessageBytesMax = 1_000,
        Credit = new Credit(1, 1_000),
        Window = TimeSpan.FromSeconds(120),
        Spread = TimeSpan.FromMilliseconds(500),
        Features = features,
        Agent = "server/1",
    };
}
