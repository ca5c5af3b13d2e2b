using System.Text;
using Eit.Backoff;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

/// <summary>Makes up legal frames, the same for the same seed.</summary>
/// <param name="seed">Any number.</param>
internal sealed class RandomFrames(ulong seed)
{
    private static readonly string[] s_texts =
    [
        "", "hello", "say \"hi\"", "C:\\path", "a\nb\tc\rd", "\0\u001f\u007f", "Grüße", "€", "😀 and 👍🏽", "\u2028", "\\u0041", "{\"t\":\"data\"}", "]},{[", "/+/",
    ];
    private static readonly string[] s_features = ["a", "failed", "x-2", "0", "one-of-two-and-thirty-characters"];
    private static readonly string?[] s_agents = [null, "eit-dotnet/1.0.0", "a \"client\" \\ (x; y)", new('~', 64)];
    private readonly SeededJitter _jitter = new(seed);
    private long _lastNumber;

    /// <summary>Draws a number below a bound.</summary>
    internal int Below(int bound) => (int)(_jitter.Next() * bound);

    internal bool Flip() => Below(2) == 0;

    internal T Pick<T>(IReadOnlyList<T> choices) => choices[Below(choices.Count)];

    /// <summary>Writes one to six frames into a message of JSON.</summary>
    /// <param name="shown">What reading them should give.</param>
    internal byte[] Message(out string[] shown) => Message(new JsonFrameWriter(), out shown);

    /// <summary>Writes one to six frames into a message: the same ones for the same seed, whatever the encoding.</summary>
    /// <param name="writer">Writes them.</param>
    /// <param name="shown">What reading them should give.</param>
    internal byte[] Message(FrameWriter writer, out string[] shown)
    {
        writer.Begin();
        shown = [.. Enumerable.Range(0, 1 + Below(6)).Select(_ => JsonWire.Show(WriteOne(writer)))];
        return writer.End().ToArray();
    }

    private Frame WriteOne(FrameWriter writer)
    {
        FrameType type = Flip() ? FrameType.Data : Pick(Enum.GetValues<FrameType>());
        switch (type)
        {
            case FrameType.Data:
                return WriteData(writer);
            case FrameType.Ack:
                var ack = new Ack { Received = Number(), Processed = Marks(), Credit = Credit() };
                if (Below(4) == 0) { ack.Expired = [.. Enumerable.Range(0, 1 + Below(5)).Select(_ => Number())]; }
                if (Below(4) == 0) { ack.Known = Number(); }
                if (Below(4) == 0) { ack.Failed = [.. Enumerable.Range(0, 1 + Below(5)).Select(_ => Number())]; }
                writer.WriteAck(ack.Received, ack.Processed, ack.Credit, ack.Expired.ToArray(), ack.Known, ack.Failed.ToArray());
                return new Frame { Type = type, Body = ack };
            case FrameType.Ping or FrameType.Pong or FrameType.Switch:
                long number = Number();
                writer.WriteNumber(type, number);
                return new Frame { Type = type, Number = number };
            case FrameType.Resend:
                long received = Number();
                var resend = new Resend(Number());
                writer.WriteResend(received, resend);
                return new Frame { Type = type, Number = received, Body = resend };
            case FrameType.Hello:
                Hello hello = MakeHello();
                writer.WriteHello(hello);
                return new Frame { Type = type, Body = hello };
            case FrameType.Welcome:
                Welcome welcome = MakeWelcome();
                writer.WriteWelcome(welcome);
                return new Frame { Type = type, Body = welcome };
            case FrameType.Cycle:
                var request = new CycleRequest(Pick(s_texts), Time());
                writer.WriteCycle(request);
                return new Frame { Type = type, Body = request };
            case FrameType.Terms:
                var terms = new Terms(Time(), Flip() ? Time() : null, Flip());
                writer.WriteTerms(terms);
                return new Frame { Type = type, Body = terms };
            case FrameType.Close:
                var notice = new CloseNotice((CloseCode)(4000 + Below(1000)), "a reason");
                long last = Number();
                writer.WriteClose(notice, last);
                return new Frame { Type = type, Number = last, Body = notice };
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private Frame WriteData(FrameWriter writer)
    {
        bool isPlain = Flip();                                     // Half of the frames are in the shape that is read fast.
        bool isText = isPlain || Flip();
        byte[] payload = isText ? Encoding.UTF8.GetBytes(Pick(s_texts) + Pick(s_texts)) : [.. Enumerable.Range(0, Below(20)).Select(_ => (byte)Below(256))];
        var frame = new Frame
        {
            Type = FrameType.Data,
            Number = _lastNumber = _lastNumber is > 0 and < WireLimits.NumberMax && Flip() ? _lastNumber + 1 : Math.Max(1, Number()),
            Lane = isPlain ? Lane.Normal : (Lane)Below(4),
            Kind = isPlain ? (byte)0 : (byte)Below(256),
            HasMore = !isPlain && Flip(),
            IsPrompt = Flip(),
            WantsAck = Below(4) == 0,
            Life = Below(4) == 0 ? Time() : null,
            WrittenAt = Below(4) == 0 ? Number() : 0,
            IsText = isText,
            Payload = payload,
        };
        writer.WriteData(frame, payload);
        return frame;
    }

    private Hello MakeHello()
    {
        var want = (HelloWant)Below(3);
        bool isNew = want == HelloWant.New;
        return new Hello
        {
            Instance = new InstanceId(Bits()),
            Epoch = Math.Max(1, Number()),
            Want = want,
            Why = Pick(s_texts),
            Session = isNew ? null : new SessionId(Bits()),
            Proof = isNew ? null : Pick(s_texts),
            Received = isNew ? 0 : Number(),
            Processed = isNew ? default : Marks(),
            Timeout = Time(),
            MessageBytesMax = Number(),
            Credit = Credit(),
            Features = Features(),
            Agent = Pick(s_agents),
        };
    }

    private Welcome MakeWelcome()
    {
        bool isResumed = Flip();
        return new Welcome
        {
            Session = new SessionId(Bits()),
            Secret = isResumed ? null : "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            Epoch = Number(),
            IsResumed = isResumed,
            Why = Flip() ? Pick(s_texts) : null,
            IsStandby = Flip(),
            Received = Number(),
            Processed = Marks(),
            Timeout = Time(),
            ClientTimeout = Time(),
            MessageBytesMax = Number(),
            Credit = Credit(),
            Window = Time(),
            Spread = Time(),
            Expires = Flip() ? Time() : null,
            Features = Features(),
            Agent = Pick(s_agents),
        };
    }

    /// <summary>Draws a number of any length, the ends of the range more often than chance would.</summary>
    private long Number() => Below(8) switch
    {
        0 => 0,
        1 => WireLimits.NumberMax,
        _ => (long)(_jitter.NextBits() >> 11) >> Below(53),
    };

    private UInt128 Bits() => new(_jitter.NextBits(), _jitter.NextBits());

    private FeatureSet Features() => FeatureSet.Of(Enumerable.Range(0, Below(4)).Select(_ => Pick(s_features)));

    private LaneMarks Marks() => new(Number(), Number(), Number(), Number());

    private Credit Credit() => new(Number(), Number());

    private TimeSpan Time() => TimeSpan.FromMilliseconds(Below(1_000_000_000));
}
