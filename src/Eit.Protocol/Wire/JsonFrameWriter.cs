using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Eit.Protocol.Wire;

/// <summary>Writes frames in <c>eit.v1.json</c>.</summary>
/// <remarks>
/// Written by hand, because a data frame is the hot path: its payload is copied once, in runs between the characters that JSON escapes.
/// Members stand in a fixed order, which <see cref="JsonFrameReader"/> reads fast; the protocol gives the order no meaning.
/// </remarks>
public sealed class JsonFrameWriter : FrameWriter
{
    private const int BufferBytes = 20 * 1024;
    private const int NearBytes = 16;
    private const int EscapeBytesMax = 6;                         // \u001f
    private static readonly SearchValues<byte> s_escaped = SearchValues.Create([.. Enumerable.Range(0, 32).Select(i => (byte)i), (byte)'"', (byte)'\\']);

    private byte[] _buffer = [];
    private int _length;

    /// <summary>Writes the hello of an upgrade request (S1.2).</summary>
    /// <param name="hello">What it says; without its <see cref="Hello.Agent"/> where it would be too long with it (V1.11).</param>
    /// <returns>The value of the header; null if it is too long even so, and hello has to be a frame.</returns>
    public static string? HelloHeaderOf(Hello hello)
    {
        ArgumentNullException.ThrowIfNull(hello);
        var writer = new JsonFrameWriter();                         // Whatever the encoding of the session (B3.3).
        writer.Begin();
        writer.WriteHello(hello);
        string header = Base64Url.EncodeToString(writer.End().Span);
        writer.Release();
        if (header.Length <= WireLimits.HelloHeaderCharsMax) { return header; }
        return hello.Agent is null ? null : HelloHeaderOf(hello with { Agent = null });
    }

    /// <inheritdoc/>
    public override int Length => _length;

    /// <inheritdoc/>
    public override bool IsText => true;

    /// <inheritdoc/>
    public override void Begin()
    {
        if (_buffer.Length == 0) { _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes); }
        _length = 1;                                              // Room for the bracket that only an array needs.
        FrameCount = 0;
    }

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> End()
    {
        if (FrameCount <= 1) { return _buffer.AsMemory(1, _length - 1); }
        _buffer[0] = (byte)'[';
        Raw("]"u8);
        return _buffer.AsMemory(0, _length);
    }

    /// <inheritdoc/>
    public override void Release()
    {
        if (_buffer.Length > 0) { ArrayPool<byte>.Shared.Return(_buffer); }
        (_buffer, _length, FrameCount) = ([], 0, 0);
    }

    /// <inheritdoc/>
    public override void WriteHello(Hello hello)
    {
        ArgumentNullException.ThrowIfNull(hello);
        Open(FrameType.Hello);
        Member("instance"u8, hello.Instance.ToString());
        Member("epoch"u8, hello.Epoch);
        Member("want"u8, WireNames.Of(hello.Want));
        Member("why"u8, hello.Why);
        if (hello.Session is { } session)
        {
            Member("session"u8, session.ToString());
            Member("proof"u8, hello.Proof ?? string.Empty);
            Member("received"u8, hello.Received);
            Member("processed"u8, hello.Processed);
        }
        Member("timeout"u8, hello.Timeout);
        Member("max"u8, hello.MessageBytesMax);
        Member("credit"u8, hello.Credit);
        Member(hello.Features, hello.Agent);
        Close();
    }

    /// <inheritdoc/>
    public override void WriteWelcome(Welcome welcome)
    {
        ArgumentNullException.ThrowIfNull(welcome);
        Open(FrameType.Welcome);
        Member("session"u8, welcome.Session.ToString());
        if (welcome.Secret is { } secret) { Member("secret"u8, secret); }
        Member("epoch"u8, welcome.Epoch);
        Member("resumed"u8, welcome.IsResumed);
        if (welcome.Why is { } why) { Member("why"u8, why); }
        if (welcome.IsStandby) { Member("standby"u8, value: true); }
        Member("received"u8, welcome.Received);
        Member("processed"u8, welcome.Processed);
        Member("timeout"u8, welcome.Timeout);
        Member("clientTimeout"u8, welcome.ClientTimeout);
        Member("max"u8, welcome.MessageBytesMax);
        Member("credit"u8, welcome.Credit);
        Member("window"u8, welcome.Window);
        Member("spread"u8, welcome.Spread);
        if (welcome.Expires is { } expires) { Member("expires"u8, expires); }
        Member(welcome.Features, welcome.Agent);
        Close();
    }

    /// <inheritdoc/>
    public override void WriteData(in Frame piece, ReadOnlySpan<byte> payload)
    {
        Reserve(payload.Length + 160);
        Separate();
        Raw("{\"t\":\"data\",\"n\":"u8);
        Number(piece.Number);
        if (piece.Lane != Lane.Normal) { Member("lane"u8, (long)piece.Lane); }
        if (piece.Kind != 0) { Member("kind"u8, (long)piece.Kind); }
        if (piece.HasMore) { Raw(",\"more\":true"u8); }
        if (piece.IsPrompt) { Raw(",\"prompt\":true"u8); }
        if (piece.WantsAck) { Raw(",\"ack\":true"u8); }
        if (piece.Life is { } life) { Member("life"u8, life); }
        if (piece.WrittenAt != 0) { Member("at"u8, piece.WrittenAt); }
        if (piece.IsText)
        {
            Raw(",\"text\":\""u8);
            Escaped(payload);
            Raw("\"}"u8);
        }
        else
        {
            Raw(",\"bin\":\""u8);
            Reserve(Base64.GetMaxEncodedToUtf8Length(payload.Length));
            Base64.EncodeToUtf8(payload, _buffer.AsSpan(_length), out _, out int written);
            _length += written;
            Raw("\"}"u8);
        }
    }

    /// <inheritdoc/>
    public override void WriteAck(long received, LaneMarks processed, Credit credit, ReadOnlySpan<long> expired = default, long? known = null, ReadOnlySpan<long> failed = default)
    {
        Separate();
        Raw("{\"t\":\"ack\",\"received\":"u8);
        Number(received);
        Member("processed"u8, processed);
        Member("credit"u8, credit);
        if (!expired.IsEmpty) { Member("expired"u8, expired); }
        if (known is { } count) { Member("known"u8, count); }
        if (!failed.IsEmpty) { Member("failed"u8, failed); }
        Close();
    }

    /// <inheritdoc/>
    public override void WriteNumber(FrameType type, long number)
    {
        Open(type);
        switch (type)
        {
            case FrameType.Ping or FrameType.Pong:
                Member("id"u8, number);
                break;
            case FrameType.Switch:
                Member("last"u8, number);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "Only ping, pong and switch are a number and nothing else.");
        }
        Close();
    }

    /// <inheritdoc/>
    public override void WriteResend(long received, Resend resend)
    {
        ArgumentNullException.ThrowIfNull(resend);
        Open(FrameType.Resend);
        Member("received"u8, received);
        Member("lost"u8, resend.Lost);
        Close();
    }

    /// <inheritdoc/>
    public override void WriteCycle(CycleRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        Open(FrameType.Cycle);
        Member("why"u8, request.Why);
        Member("within"u8, request.Within);
        Close();
    }

    /// <inheritdoc/>
    public override void WriteTerms(Terms terms)
    {
        ArgumentNullException.ThrowIfNull(terms);
        Open(FrameType.Terms);
        Member("spread"u8, terms.Spread);
        if (terms.Expires is { } expires) { Member("expires"u8, expires); }
        if (terms.IsOverloaded) { Member("overloaded"u8, value: true); }
        Close();
    }

    /// <inheritdoc/>
    public override void WriteClose(CloseNotice notice, long last)
    {
        ArgumentNullException.ThrowIfNull(notice);
        Open(FrameType.Close);
        Member("code"u8, (long)notice.Code);
        Member("reason"u8, notice.Reason);
        Member("last"u8, last);
        Close();
    }

    private void Open(FrameType type)
    {
        Separate();
        Raw("{\"t\":\""u8);
        Raw(Encoding.ASCII.GetBytes(WireNames.Of(type)));
        Raw("\""u8);
    }

    private void Close() => Raw("}"u8);

    private void Separate()
    {
        if (FrameCount++ > 0) { Raw(","u8); }
    }

    private void Member(ReadOnlySpan<byte> name, long value)
    {
        Name(name);
        Number(value);
    }

    private void Member(ReadOnlySpan<byte> name, TimeSpan value) => Member(name, WireTime.ToMilliseconds(value));

    private void Member(ReadOnlySpan<byte> name, bool value)
    {
        Name(name);
        Raw(value ? "true"u8 : "false"u8);
    }

    private void Member(ReadOnlySpan<byte> name, string value)
    {
        Name(name);
        Raw("\""u8);
        Escaped(Encoding.UTF8.GetBytes(value));
        Raw("\""u8);
    }

    private void Member(ReadOnlySpan<byte> name, LaneMarks marks)
    {
        Name(name);
        Raw("["u8);
        Number(marks.Critical);
        Raw(","u8);
        Number(marks.Interactive);
        Raw(","u8);
        Number(marks.Normal);
        Raw(","u8);
        Number(marks.Bulk);
        Raw("]"u8);
    }

    private void Member(ReadOnlySpan<byte> name, Credit credit)
    {
        Name(name);
        Raw("["u8);
        Number(credit.Messages);
        Raw(","u8);
        Number(credit.Bytes);
        Raw("]"u8);
    }

    private void Member(ReadOnlySpan<byte> name, ReadOnlySpan<long> numbers)
    {
        Name(name);
        Raw("["u8);
        for (int i = 0; i < numbers.Length; i++)
        {
            if (i > 0) { Raw(","u8); }
            Number(numbers[i]);
        }
        Raw("]"u8);
    }

    private void Member(FeatureSet features, string? agent)
    {
        for (int i = 0; i < features.Names.Count; i++)
        {
            if (i == 0)
            {
                Name("features"u8);
                Raw("["u8);
            }
            Raw(i == 0 ? "\""u8 : ",\""u8);
            Raw(Encoding.ASCII.GetBytes(features.Names[i]));
            Raw("\""u8);
        }
        if (features.Names.Count > 0) { Raw("]"u8); }
        if (agent is not null) { Member("agent"u8, agent); }
    }

    private void Name(ReadOnlySpan<byte> name)
    {
        Raw(",\""u8);
        Raw(name);
        Raw("\":"u8);
    }

    private void Number(long value)
    {
        Reserve(20);
        Utf8Formatter.TryFormat(value, _buffer.AsSpan(_length), out int written);
        _length += written;
    }

    /// <summary>What needs no escape is copied at once. Behind an escape it goes byte by byte for a while: in JSON inside of JSON the next one is near.</summary>
    private void Escaped(ReadOnlySpan<byte> utf8)
    {
        while (true)
        {
            int run = utf8.IndexOfAny(s_escaped);
            if (run < 0)
            {
                Raw(utf8);
                return;
            }
            Raw(utf8[..run]);
            int near = Math.Min(run + NearBytes, utf8.Length);
            EscapedOneByOne(utf8[run..near]);
            utf8 = utf8[near..];
        }
    }

    private void EscapedOneByOne(ReadOnlySpan<byte> utf8)
    {
        Reserve(utf8.Length * EscapeBytesMax);
        Span<byte> to = _buffer.AsSpan(_length);
        int written = 0;
        foreach (byte value in utf8)
        {
            if (value < ' ') { written += EscapeControl(value, to[written..]); }
            else
            {
                if (value is (byte)'"' or (byte)'\\') { to[written++] = (byte)'\\'; }
                to[written++] = value;
            }
        }
        _length += written;
    }

    private static int EscapeControl(byte value, Span<byte> to)
    {
        byte letter = value switch
        {
            (byte)'\n' => (byte)'n',
            (byte)'\r' => (byte)'r',
            (byte)'\t' => (byte)'t',
            _ => (byte)'u',
        };
        (to[0], to[1]) = ((byte)'\\', letter);
        if (letter != (byte)'u') { return 2; }
        (to[2], to[3]) = ((byte)'0', (byte)'0');
        (to[4], to[5]) = ((byte)"0123456789abcdef"[value >> 4], (byte)"0123456789abcdef"[value & 15]);
        return EscapeBytesMax;
    }

    private void Raw(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(_length));
        _length += bytes.Length;
    }

    private void Reserve(int bytes)
    {
        if (_buffer.Length - _length >= bytes) { return; }
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, _length + bytes));
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
