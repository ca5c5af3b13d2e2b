using System.Text;
using System.Text.Unicode;

namespace Eit.Protocol.Wire;

/// <summary>Reads frames in <c>eit.v1.bin</c>. Payloads are lent from the message itself.</summary>
public sealed class BinaryFrameReader : FrameReader
{
    private const int ShortTextBytesMax = 1024;

    /// <inheritdoc/>
    public override Violation? Read(ReadOnlyMemory<byte> message, bool isText, FrameBatch frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        frames.Clear();
        if (isText) { return Malformed("B1.1", "A text message came in the binary encoding."); }
        ReadOnlySpan<byte> bytes = message.Span;
        if (bytes.IsEmpty) { return Malformed("B1.1", "The message is empty."); }
        long number = 0;
        int at = 0;
        while (at < bytes.Length)
        {
            at = Varint.Read(bytes, at, out long length);
            if (at < 0) { return Malformed("B1.2", "The length of a frame is not a varint of the shortest form."); }
            if (length == 0 || length > bytes.Length - at) { return Malformed("B1.3", "A frame is empty, or longer than its message."); }
            ReadOnlySpan<byte> frame = bytes.Slice(at, (int)length);
            Violation? violation = frame[0] switch
            {
                < BinaryLayout.IsControl => ReadData(frame, message.Slice(at, (int)length), ref number, frames),
                BinaryLayout.IsControl | (int)FrameType.Ack => ReadAck(frame, frames),
                _ => ReadOther(frame, frames),
            };
            if (violation is not null) { return violation; }
            at += (int)length;
        }
        return null;
    }

    /// <summary>Reads a data frame.</summary>
    /// <param name="bytes">The frame, from its head on.</param>
    /// <param name="memory">The same, to lend the payload from.</param>
    /// <param name="number">The number of the data frame before it in its message, 0 for none; becomes its own.</param>
    /// <param name="frames">Receives the frame.</param>
    private static Violation? ReadData(ReadOnlySpan<byte> bytes, ReadOnlyMemory<byte> memory, ref long number, FrameBatch frames)
    {
        int head = bytes[0];
        int at = 1;
        bool isNumbered = (head & BinaryLayout.HasNumber) == 0 ? number++ is > 0 and < WireLimits.NumberMax : TryNumber(bytes, ref at, out number) && number > 0;
        if (!isNumbered) { return Malformed("B2.2", "A data frame has no number, or one out of range."); }
        (bool hasMore, byte kind, TimeSpan? life, long writtenAt) = (false, 0, null, 0);
        bool isRead = (head & BinaryLayout.HasOptions) == 0 || TryOptions(bytes, ref at, out hasMore, out kind, out life, out writtenAt);
        if (!isRead) { return Malformed("B2.3", "The options of a data frame are cut off, or not known."); }
        ReadOnlySpan<byte> payload = bytes[at..];
        bool isText = (head & BinaryLayout.IsText) != 0;
        bool isAscii = isText && Ascii.IsValid(payload);
        if (isText && !isAscii && !Utf8.IsValid(payload)) { return Malformed("F1.5", "The text is not well-formed UTF-8."); }
        bool isShort = isText && !hasMore && payload.Length <= ShortTextBytesMax;
        frames.Add(new Frame
        {
            Type = FrameType.Data,
            Number = number,
            Lane = (Lane)(head & BinaryLayout.LaneMask),
            Kind = kind,
            IsText = isText,
            HasMore = hasMore,
            IsPrompt = (head & BinaryLayout.IsPrompt) != 0,
            WantsAck = (head & BinaryLayout.WantsAck) != 0,
            Life = life,
            WrittenAt = writtenAt,
            Payload = memory[at..],
            Text = !isShort ? null : isAscii ? Encoding.Latin1.GetString(payload) : Encoding.UTF8.GetString(payload),   // Latin-1 widens in one pass.
        });
        return null;
    }

    private static bool TryOptions(ReadOnlySpan<byte> bytes, ref int at, out bool hasMore, out byte kind, out TimeSpan? life, out long writtenAt)
    {
        (hasMore, kind, life, writtenAt) = (false, 0, null, 0);
        if (at == bytes.Length) { return false; }
        int options = bytes[at++];
        if ((options & ~BinaryLayout.AllOptions) != 0) { return false; }
        hasMore = (options & BinaryLayout.HasMore) != 0;
        if ((options & BinaryLayout.HasKind) != 0)
        {
            if (at == bytes.Length) { return false; }
            kind = bytes[at++];
        }
        if ((options & BinaryLayout.HasLife) != 0)
        {
            if (!TryNumber(bytes, ref at, out long ms)) { return false; }
            life = WireTime.FromMilliseconds(ms);
        }
        if ((options & BinaryLayout.HasWrittenAt) != 0 && !TryNumber(bytes, ref at, out writtenAt)) { return false; }
        return (options & BinaryLayout.HasMembers) == 0 || TrySkipMembers(bytes, ref at);
    }

    private static bool TryNumber(ReadOnlySpan<byte> bytes, ref int at, out long value)
    {
        at = Varint.Read(bytes, at, out value);
        return at >= 0;
    }

    /// <summary>No member of a data frame is known yet (V1.4).</summary>
    private static bool TrySkipMembers(ReadOnlySpan<byte> bytes, ref int at)
    {
        if (!TryNumber(bytes, ref at, out long length) || length > bytes.Length - at) { return false; }
        var members = new BinaryFields(bytes.Slice(at, (int)length));
        members.SkipMembers();
        at += (int)length;
        return members.IsValid;
    }

    private static Violation? ReadAck(ReadOnlySpan<byte> bytes, FrameBatch frames)
    {
        int at = Varint.Read(bytes, 1, out long received);
        at = Varint.Read(bytes, at, out long critical);
        at = Varint.Read(bytes, at, out long interactive);
        at = Varint.Read(bytes, at, out long normal);
        at = Varint.Read(bytes, at, out long bulk);
        at = Varint.Read(bytes, at, out long messages);
        at = Varint.Read(bytes, at, out long creditBytes);
        if (at < 0) { return Broken(FrameType.Ack); }
        Ack ack = frames.NextAck();
        (ack.Expired, ack.Known, ack.Failed) = ([], null, []);
        (ack.Received, ack.Processed, ack.Credit) = (received, new LaneMarks(critical, interactive, normal, bulk), new Credit(messages, creditBytes));
        if (at < bytes.Length && !TryAckMembers(new BinaryFields(bytes[at..]), ack)) { return Broken(FrameType.Ack); }
        frames.Add(new Frame { Type = FrameType.Ack, Body = ack });
        return null;
    }

    private static bool TryAckMembers(BinaryFields members, Ack ack)
    {
        while (members.NextMember(out long id))
        {
            switch (id)
            {
                case BinaryLayout.AckExpired: ack.Expired = members.RestAsNumbers(WireLimits.UnhandledMax); break;
                case BinaryLayout.AckKnown: ack.Known = members.Number(); break;
                case BinaryLayout.AckFailed: ack.Failed = members.RestAsNumbers(WireLimits.UnhandledMax); break;
                default: members.SkipMember(); break;
            }
        }
        return members.IsValid;
    }

    private static Violation? ReadOther(ReadOnlySpan<byte> bytes, FrameBatch frames)
    {
        var type = (FrameType)(bytes[0] & ~BinaryLayout.IsControl);
        var fields = new BinaryFields(bytes[1..]);
        Frame frame = type switch
        {
            FrameType.Ping or FrameType.Pong or FrameType.Switch => ReadNumber(type, ref fields),
            FrameType.Resend => ReadResend(ref fields),
            FrameType.Cycle => ReadCycle(ref fields),
            FrameType.Terms => ReadTerms(ref fields),
            FrameType.Close => ReadClose(ref fields),
            FrameType.Hello => ReadHello(ref fields),
            FrameType.Welcome => ReadWelcome(ref fields),
            _ => default,                                          // Also where data would stand, which has a head of its own.
        };
        if (frame.Type != type) { return Malformed("V1.5", "A frame has an unknown type."); }
        if (!fields.IsValid) { return Broken(type); }
        frames.Add(frame);
        return null;
    }

    private static Frame ReadNumber(FrameType type, ref BinaryFields fields)
    {
        long number = fields.Number();
        fields.SkipMembers();
        return new Frame { Type = type, Number = number };
    }

    private static Frame ReadResend(ref BinaryFields fields)
    {
        (long received, long lost) = (fields.Number(), fields.Number());
        fields.SkipMembers();
        return new Frame { Type = FrameType.Resend, Number = received, Body = new Resend(lost) };
    }

    private static Frame ReadCycle(ref BinaryFields fields)
    {
        var request = new CycleRequest(fields.Text(), fields.Time());
        fields.SkipMembers();
        return new Frame { Type = FrameType.Cycle, Body = request };
    }

    private static Frame ReadTerms(ref BinaryFields fields)
    {
        var terms = new Terms(fields.Time(), Expires: null);
        while (fields.NextMember(out long id))
        {
            switch (id)
            {
                case BinaryLayout.TermsExpires: terms = terms with { Expires = fields.Time() }; break;
                case BinaryLayout.TermsOverloaded: terms = terms with { IsOverloaded = true }; break;
                default: fields.SkipMember(); break;
            }
        }
        return new Frame { Type = FrameType.Terms, Body = terms };
    }

    private static Frame ReadClose(ref BinaryFields fields)
    {
        (int code, string reason, long last) = (fields.Number(max: 4999), fields.Text(), fields.Number());
        fields.Require(code >= 4000);
        fields.SkipMembers();
        return new Frame { Type = FrameType.Close, Number = last, Body = new CloseNotice((CloseCode)code, CloseCodes.ToReason(reason)) };
    }

    private static Frame ReadHello(ref BinaryFields fields)
    {
        var hello = new Hello
        {
            Instance = new InstanceId(fields.Id()),
            Epoch = fields.Number(),
            Want = (HelloWant)fields.Number(max: (int)HelloWant.Cycle),
            Why = fields.Text(),
            Timeout = fields.Time(),
            MessageBytesMax = fields.Number(),
            Credit = fields.Credit(),
        };
        fields.Require(hello.Epoch > 0);
        if (hello.Want != HelloWant.New)
        {
            hello = hello with { Session = new SessionId(fields.Id()), Proof = fields.Text(), Received = fields.Number(), Processed = fields.Marks() };
        }
        while (fields.NextMember(out long id))
        {
            switch (id)
            {
                case BinaryLayout.HelloFeatures: hello = hello with { Features = fields.RestAsFeatures() }; break;
                case BinaryLayout.HelloAgent: hello = hello with { Agent = AgentName.Harmless(fields.RestAsText()) }; break;
                default: fields.SkipMember(); break;
            }
        }
        return new Frame { Type = FrameType.Hello, Body = hello };
    }

    private static Frame ReadWelcome(ref BinaryFields fields)
    {
        var welcome = new Welcome
        {
            Session = new SessionId(fields.Id()),
            Epoch = fields.Number(),
            IsResumed = fields.Number(max: 1) == 1,
            Received = fields.Number(),
            Processed = fields.Marks(),
            Timeout = fields.Time(),
            ClientTimeout = fields.Time(),
            MessageBytesMax = fields.Number(),
            Credit = fields.Credit(),
            Window = fields.Time(),
            Spread = fields.Time(),
        };
        while (fields.NextMember(out long id))
        {
            switch (id)
            {
                case BinaryLayout.WelcomeSecret: welcome = welcome with { Secret = fields.RestAsText() }; break;
                case BinaryLayout.WelcomeWhy: welcome = welcome with { Why = fields.RestAsText() }; break;
                case BinaryLayout.WelcomeStandby: welcome = welcome with { IsStandby = true }; break;
                case BinaryLayout.WelcomeExpires: welcome = welcome with { Expires = fields.Time() }; break;
                case BinaryLayout.WelcomeFeatures: welcome = welcome with { Features = fields.RestAsFeatures() }; break;
                case BinaryLayout.WelcomeAgent: welcome = welcome with { Agent = AgentName.Harmless(fields.RestAsText()) }; break;
                default: fields.SkipMember(); break;
            }
        }
        fields.Require(welcome.IsResumed || welcome.Secret is not null);
        return new Frame { Type = FrameType.Welcome, Body = welcome };
    }

    private static Violation Broken(FrameType type) => Malformed("B3.1", $"What a {WireNames.Of(type)} frame says is cut off, out of range or more than it should be.");

    private static Violation Malformed(string clause, string reason) => new(CloseCode.Malformed, clause, reason);
}
