using Eit.Chaos.Faults;
using Eit.Protocol.Wire;

namespace Eit.Chaos.Tests;

public class WordsTests
{
    public static TheoryData<string> Lines =>
    [
        "latency", "latency,delay=250ms,jitter=1500ms,distribution=normal,direction=up,toxicity=0.25", "latency,delay=0ms",
        "bandwidth,bytesPerSecond=1000", "slicer,averageBytes=7,variationBytes=3,delay=2ms", "corrupt,afterBytes=9,every=100,direction=down",
        "slow-open,delay=2s,jitter=1m", "slow-close,delay=1h", "silence,toxicity=0.5", "refuse",
        "reset", "reset,after=3s", "reset,afterBytes=100,direction=up", "reset,midway=true", "close,after=1m", "close,midway=true,direction=down",
        "black-hole,direction=up", "life-limit,limit=10m,jitter=1s,way=reset", "idle-limit,limit=5s,way=reset", "connection-limit,connections=3",
        "frame,frame=ack,nth=2,times=0,direction=up", "frame,action=delay,delay=2s", "frame,frame=welcome,action=cut,bytes=1,way=close", "frame,frame=data,action=close,code=4200,reason=busy",
    ];

    [Theory, MemberData(nameof(Lines))]
    public void A_fault_in_words_reads_as_it_is_written(string line)
    {
        ChaosFault fault = ChaosFault.Parse(line);

        Assert.Equal(line, fault.ToString());
        Assert.Equal(fault, ChaosFault.FromJson(fault.ToJson()));
    }

    [Fact]
    public void Every_kind_has_a_line_above()
    {
        Assert.Equal(ChaosFault.Kinds.Order(), ((IEnumerable<object[]>)Lines).Select(KindOf).Distinct().Order());
    }

    [Fact]
    public void Words_become_the_fields_that_they_name()
    {
        ChaosFault latency = ChaosFault.Parse("latency , delay = 1500 , jitter=0.5s,distribution=pareto,direction=down,toxicity=1");
        ChaosFault frame = ChaosFault.FromJson("""{"kind":"frame","frame":"welcome","action":"cut","bytes":1,"nth":3}""");
        ChaosFault size = ChaosFault.FromJson("""{"kind":"reset","afterBytes":"64KiB"}""");

        Assert.Equal(new LatencyFault { Delay = TimeSpan.FromSeconds(1.5), Jitter = TimeSpan.FromSeconds(0.5), Distribution = LatencyDistribution.Pareto, Direction = ChaosDirection.Down }, latency);
        Assert.Equal(new FrameFault { Frame = FrameType.Welcome, Action = FrameAction.Cut, Bytes = 1, Nth = 3 }, frame);
        Assert.Equal(new CutFault { AfterBytes = 65_536 }, size);
    }

    [Theory]
    [InlineData("bogus", "'bogus' is not a kind of fault; there are latency, bandwidth,")]
    [InlineData("latency,dealy=1s", "'dealy' is not known in latency; allowed: delay, jitter, distribution, direction, toxicity.")]
    [InlineData("latency,delay", "'delay' is not of the form field=value.")]
    [InlineData("latency,delay=1s,delay=2s", "'delay' is given twice.")]
    [InlineData("latency,delay=soon", "delay: 'soon' is not a time such as 250ms, 2s, 1.5m or 1h.")]
    [InlineData("latency,delay=-1", "delay: '-1' is not a time")]
    [InlineData("latency,delay=2h", "delay (2h) must be 0ms to 1h.")]
    [InlineData("latency,delay=99999999999999999h", "is not a time")]
    [InlineData("latency,distribution=poisson", "distribution: 'poisson' is not one of uniform, normal, pareto.")]
    [InlineData("latency,direction=1", "direction: '1' is not one of both, up, down.")]
    [InlineData("latency,toxicity=2", "toxicity (2) must be 0 to 1.")]
    [InlineData("latency,toxicity=often", "toxicity: 'often' is not a number such as 0.5.")]
    [InlineData("latency,toxicity=NaN", "toxicity (NaN) must be 0 to 1.")]
    [InlineData("bandwidth,bytesPerSecond=0", "bytesPerSecond (0) must be 1 to")]
    [InlineData("bandwidth,bytesPerSecond=1.5", "bytesPerSecond: '1.5' is not a whole number such as 1000 or 64KiB.")]
    [InlineData("bandwidth,bytesPerSecond=9223372036854775807GiB", "is not a whole number")]
    [InlineData("reset,midway=yes", "midway: 'yes' is not true or false.")]
    [InlineData("reset,midway=true,afterBytes=1", "Of after, afterBytes and midway only one can decide.")]
    [InlineData("reset,direction=up", "direction goes with afterBytes and midway only")]
    [InlineData("refuse,toxicity=0.5", "refuse applies to all connections")]
    [InlineData("frame,frame=hi", "frame: 'hi' is not one of hello, welcome, data, ack, ping, pong, switch, resend, cycle, terms, close, any.")]
    [InlineData("frame,reason=käse", "reason must be printable ASCII.")]
    [InlineData("", "'' is not a kind of fault")]
    public void A_wrong_word_is_named_with_what_is_allowed(string line, string says)
    {
        Assert.Contains(says, Assert.Throws<FormatException>(() => ChaosFault.Parse(line)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]", "A fault is a JSON object")]
    [InlineData("{", "It is not JSON")]
    [InlineData("{}", "A fault needs its kind, one of latency,")]
    [InlineData("""{"kind":"latency","delay":[1]}""", "delay is a text, a number, true or false")]
    [InlineData("""{"kind":"latency","delay":null}""", "delay is a text, a number, true or false")]
    [InlineData("""{"kind":"latency","delay":1,"delay":2}""", "'delay' is given twice.")]
    [InlineData("""{"kind":"latency","name":"x"}""", "'name' is not known in latency; allowed: kind, delay,")]
    public void Wrong_json_is_named_with_what_is_allowed(string json, string says)
    {
        Assert.Contains(says, Assert.Throws<FormatException>(() => ChaosFault.FromJson(json)).Message, StringComparison.Ordinal);
    }

    private static string KindOf(object[] line) => ((string)line[0]).Split(',')[0];
}
