using System.Text;
using Eit.Backoff;
using Eit.Protocol.Wire;

namespace Eit.Fuzz;

/// <summary>Makes legal frames that say what a hostile peer could: near to what is true, or absurd.</summary>
/// <param name="chance">Decides.</param>
internal sealed class FrameForge(Chance chance)
{
    private static readonly string[] s_texts = ["", "hello", "say \"hi\"", "C:\\path", "a\nb\tc\rd", "\0\u001f\u007f", "Grüße", "€", "😀 and 👍🏽", "\u2028", "\\u0041", "{\"t\":\"data\"}", "]},{["];
    private static readonly FrameType[] s_types = Enum.GetValues<FrameType>();

    /// <summary>Makes a proof for an epoch: a hostile client knows the secret of its own session.</summary>
    internal Func<long, string>? Prove { get; init; }

    /// <summary>Changes a list of frames at one place or two.</summary>
    internal void Change(List<Frame> frames)
    {
        for (int times = 1 + chance.Below(2); times > 0; times--)
        {
            int at = frames.Count == 0 ? 0 : chance.Below(frames.Count);
            switch (frames.Count == 0 ? 0 : chance.Below(8))
            {
                case 0: frames.Insert(at, Make(frames.Count == 0 ? 1 : NumberOf(frames[at]))); break;
                case 1: frames.RemoveAt(at); break;
                case 2: frames.Add(frames[at]); break;
                case 3: frames.Reverse(at, frames.Count - at); break;
                default: frames[at] = Change(frames[at]); break;
            }
        }
        if (frames.Count == 0) { frames.Add(Make(near: 1)); }
    }

    /// <summary>Makes a frame of any type.</summary>
    /// <param name="near">A number that would make sense now.</param>
    internal Frame Make(long near)
    {
        FrameType type = chance.Flip() ? FrameType.Data : chance.Pick<FrameType>(s_types);
        return Change(type switch
        {
            FrameType.Data => new Frame { Type = type, Number = Math.Max(1, near), Lane = (Lane)chance.Below(4), IsText = true, Payload = Text() },
            FrameType.Ack => new Frame { Type = type, Body = new Ack { Received = near, Credit = new Credit(1024, 1 << 20) } },
            FrameType.Resend => new Frame { Type = type, Number = near, Body = new Resend(1) },
            FrameType.Cycle => new Frame { Type = type, Body = new CycleRequest(chance.Pick("drain", "age", "deploy", ""), TimeSpan.FromSeconds(chance.Below(10))) },
            FrameType.Terms => new Frame { Type = type, Body = new Terms(TimeSpan.FromSeconds(chance.Below(3)), Expires: null) },
            FrameType.Close => new Frame { Type = type, Number = near, Body = new CloseNotice((CloseCode)(4000 + chance.Below(1000)), "enough") },
            FrameType.Hello => new Frame { Type = type, Body = MakeHello() },
            FrameType.Welcome => new Frame { Type = type, Body = MakeWelcome() },
            _ => new Frame { Type = type, Number = near },
        });
    }

    /// <summary>Changes one thing of a hello.</summary>
    internal Hello Change(Hello hello)
    {
        Hello other = chance.Below(11) switch
        {
            0 => hello with { Epoch = Math.Max(1, chance.Number(hello.Epoch)) },
            1 => hello with { Received = chance.Number(hello.Received) },
            2 => hello with { Processed = Change(hello.Processed) },
            3 => hello with { Timeout = chance.Time(hello.Timeout) },
            4 => hello with { MessageBytesMax = chance.Number(hello.MessageBytesMax) },
            5 => hello with { Credit = Change(hello.Credit) },
            6 => hello with { Instance = new InstanceId(chance.Id()) },
            7 when hello.Want != HelloWant.New => hello with { Want = hello.Want == HelloWant.Cycle ? HelloWant.Resume : HelloWant.Cycle },
            8 when hello.Want != HelloWant.New => hello with { Session = new SessionId(chance.Id()) },
            9 => hello with { Features = MakeFeatures() },
            10 => hello with { Agent = chance.Pick<string>(s_texts) },
            _ => hello with { Why = chance.Pick<string>(s_texts) },
        };
        bool provesIt = other.Want != HelloWant.New && Prove is not null && chance.Is(0.8);
        return provesIt ? other with { Proof = Prove!(other.Epoch) } : other;
    }

    private static long NumberOf(in Frame frame) => frame.Body is Ack ack ? ack.Received : frame.Number;

    private Frame Change(Frame frame) => frame.Body switch
    {
        Ack ack => frame with { Body = Change(ack) },
        Hello hello => frame with { Body = Change(hello) },
        Welcome welcome => frame with { Body = Change(welcome) },
        Resend resend => chance.Flip() ? frame with { Number = chance.Number(frame.Number) } : frame with { Body = new Resend(chance.Number(resend.Lost)) },
        CycleRequest request => frame with { Body = request with { Within = chance.Time(request.Within) } },
        Terms terms => frame with { Body = chance.Flip() ? terms with { Spread = chance.Time(terms.Spread) } : terms with { Expires = chance.Time(TimeSpan.FromSeconds(5)), IsOverloaded = chance.Flip() } },
        CloseNotice notice => chance.Flip() ? frame with { Number = chance.Number(frame.Number) } : frame with { Body = notice with { Code = (CloseCode)(4000 + chance.Below(1000)) } },
        _ when frame.Type == FrameType.Data => ChangeData(frame),
        _ => frame with { Number = chance.Number(frame.Number) },
    };

    private Frame ChangeData(Frame frame) => chance.Below(9) switch
    {
        <= 2 => frame with { Number = Math.Max(1, chance.Number(frame.Number)) },
        3 => frame with { Lane = (Lane)chance.Below(4) },
        4 => frame with { HasMore = !frame.HasMore },
        5 => frame with { Kind = (byte)chance.Below(256) },
        6 => frame with { Life = chance.Time(TimeSpan.FromSeconds(1)), IsPrompt = chance.Flip(), WantsAck = chance.Flip() },
        7 => frame with { IsText = false, Payload = chance.Bytes(chance.Pick(0, 1, 17, 1000)) },
        _ => frame with { IsText = true, Payload = Text() },
    };

    private Ack Change(Ack ack) => chance.Below(6) switch
    {
        0 => ack with { Received = chance.Number(ack.Received) },
        1 => ack with { Processed = Change(ack.Processed) },
        2 => ack with { Credit = Change(ack.Credit) },
        3 => ack with { Expired = MakeNumbers(ack.Received) },
        4 => ack with { Failed = MakeNumbers(ack.Received) },
        _ => ack with { Known = chance.Number(near: 0) },
    };

    private Welcome Change(Welcome welcome) => chance.Below(16) switch
    {
        0 => welcome with { Session = new SessionId(chance.Id()) },
        1 => welcome with { Epoch = chance.Number(welcome.Epoch) },
        2 => welcome with { IsResumed = !welcome.IsResumed, Secret = welcome.Secret ?? string.Empty },
        3 => welcome with { Received = chance.Number(welcome.Received) },
        4 => welcome with { Processed = Change(welcome.Processed) },
        5 => welcome with { Timeout = chance.Time(welcome.Timeout) },
        6 => welcome with { ClientTimeout = chance.Time(welcome.ClientTimeout) },
        7 => welcome with { MessageBytesMax = chance.Number(welcome.MessageBytesMax) },
        8 => welcome with { Credit = Change(welcome.Credit) },
        9 => welcome with { Window = chance.Time(welcome.Window) },
        10 => welcome with { Spread = chance.Time(welcome.Spread) },
        11 => welcome with { Expires = chance.Time(TimeSpan.FromSeconds(5)) },
        12 => welcome with { IsStandby = !welcome.IsStandby },
        13 => welcome with { Features = MakeFeatures() },
        14 => welcome with { Agent = chance.Pick<string>(s_texts) },
        _ => welcome with { Secret = chance.Pick("", "=", "AAAA", "not base64!", new string('A', 43), new string('A', 4000)) },
    };

    /// <summary>What this implementation has or a part of it, and what nobody has.</summary>
    private FeatureSet MakeFeatures() => FeatureSet.Of([.. Features.All.Where(_ => chance.Flip()), .. Enumerable.Range(0, chance.Pick(0, 1, 40)).Select(static i => $"future-{i}")]);

    private long[] MakeNumbers(long near) => [.. Enumerable.Range(0, 1 + chance.Below(chance.Is(0.1) ? WireLimits.UnhandledMax : 4)).Select(_ => chance.Number(near))];

    private LaneMarks Change(LaneMarks marks)
    {
        var lane = (Lane)chance.Below(LaneMarks.LaneCount);
        return marks.With(lane, chance.Number(marks[lane]));
    }

    private Credit Change(Credit credit) => chance.Flip() ? credit with { Messages = chance.Number(credit.Messages) } : credit with { Bytes = chance.Number(credit.Bytes) };

    private byte[] Text() => Encoding.UTF8.GetBytes(chance.Pick<string>(s_texts) + (chance.Is(0.05) ? new string('x', chance.Below(20_000)) : string.Empty));

    private Hello MakeHello() => new()
    {
        Instance = new InstanceId(chance.Id()),
        Epoch = 1 + chance.Below(5),
        Want = HelloWant.New,
        Timeout = TimeSpan.FromSeconds(5),
        MessageBytesMax = 1 << 20,
        Credit = new Credit(1024, 1 << 20),
    };

    private Welcome MakeWelcome() => new()
    {
        Session = new SessionId(chance.Id()),
        Secret = new string('A', 43),
        Epoch = 1 + chance.Below(5),
        IsResumed = false,
        Timeout = TimeSpan.FromSeconds(5),
        ClientTimeout = TimeSpan.FromSeconds(5),
        MessageBytesMax = 1 << 20,
        Credit = new Credit(1024, 1 << 20),
        Window = TimeSpan.FromSeconds(120),
        Spread = TimeSpan.FromMilliseconds(500),
    };
}
