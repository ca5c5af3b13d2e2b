using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Eit.Protocol.Wire;

/// <summary>Writes frames in <c>eit.v1.bin</c>.</summary>
public sealed class BinaryFrameWriter : FrameWriter
{
    private const int BufferBytes = 20 * 1024;

    /// <summary>Head, number, options, kind, life and clock.</summary>
    private const int DataPrefixBytesMax = 3 + (3 * Varint.BytesMax);

    /// <summary>The numbers that every ack has.</summary>
    private const int AckBytesMax = 7 * Varint.BytesMax;

    private byte[] _buffer = [];
    private int _length;
    private long _nextNumber;

    /// <inheritdoc/>
    public override int Length => _length;

    /// <inheritdoc/>
    public override bool IsText => false;

    /// <inheritdoc/>
    public override void Begin()
    {
        if (_buffer.Length == 0) { _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes); }
        (_length, _nextNumber, FrameCount) = (0, 0, 0);
    }

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> End() => _buffer.AsMemory(0, _length);

    /// <inheritdoc/>
    public override void Release()
    {
        if (_buffer.Length > 0) { ArrayPool<byte>.Shared.Return(_buffer); }
        (_buffer, _length, FrameCount) = ([], 0, 0);
    }

    /// <inheritdoc/>
    public override void WriteData(in Frame piece, ReadOnlySpan<byte> payload)
    {
        FrameCount++;
        Reserve(Varint.BytesMax + DataPrefixBytesMax + payload.Length);
        int head = (int)piece.Lane | (piece.IsText ? BinaryLayout.IsText : 0) | (piece.IsPrompt ? BinaryLayout.IsPrompt : 0) | (piece.WantsAck ? BinaryLayout.WantsAck : 0);
        bool isPlain = piece.Number == _nextNumber && !piece.HasMore && piece.Kind == 0 && piece.Life is null && piece.WrittenAt == 0;
        if (isPlain)
        {
            Put(1 + payload.Length);
            _buffer[_length++] = (byte)head;
        }
        else
        {
            WritePrefix(in piece, head, payload.Length);
        }
        _nextNumber = piece.Number + 1;
        payload.CopyTo(_buffer.AsSpan(_length));
        _length += payload.Length;
    }

    /// <inheritdoc/>
    public override void WriteAck(long received, LaneMarks processed, Credit credit, ReadOnlySpan<long> expired = default, long? known = null, ReadOnlySpan<long> failed = default)
    {
        int start = Open(FrameType.Ack);
        Reserve(AckBytesMax);
        Put(received);
        Put(processed.Critical);
        Put(processed.Interactive);
        Put(processed.Normal);
        Put(processed.Bulk);
        Put(credit.Messages);
        Put(credit.Bytes);
        if (!expired.IsEmpty) { Member(BinaryLayout.AckExpired, expired); }
        if (known is { } count) { Member(BinaryLayout.AckKnown, count); }
        if (!failed.IsEmpty) { Member(BinaryLayout.AckFailed, failed); }
        CloseLength(start);
    }

    /// <inheritdoc/>
    public override void WriteNumber(FrameType type, long number)
    {
        if (type is not (FrameType.Ping or FrameType.Pong or FrameType.Switch)) { throw new ArgumentOutOfRangeException(nameof(type), type, "Only ping, pong and switch are a number and nothing else."); }
        int start = Open(type);
        Number(number);
        CloseLength(start);
    }

    /// <inheritdoc/>
    public override void WriteResend(long received, Resend resend)
    {
        ArgumentNullException.ThrowIfNull(resend);
        int start = Open(FrameType.Resend);
        Number(received);
        Number(resend.Lost);
        CloseLength(start);
    }

    /// <inheritdoc/>
    public override void WriteCycle(CycleRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        int start = Open(FrameType.Cycle);
        Text(request.Why);
        Time(request.Within);
        CloseLength(start);
    }

    /// <inheritdoc/>
    public override void WriteTerms(Terms terms)
    {
        ArgumentNullException.ThrowIfNull(terms);
        int start = Open(FrameType.Terms);
        Time(terms.Spread);
        if (terms.Expires is { } expires) { Member(BinaryLayout.TermsExpires, WireTime.ToMilliseconds(expires)); }
        if (terms.IsOverloaded) { Member(BinaryLayout.TermsOverloaded, string.Empty); }
        CloseLength(start);
    }

    /// <inheritdoc/>
    public override void WriteClose(CloseNotice notice, long last)
    {
        ArgumentNullException.ThrowIfNull(notice);
        int start = Open(FrameType.Close);
        Number((long)notice.Code);
        Text(notice.Reason);
        Number(last);
        CloseLength(start);
    }

    /// <inheritdoc/>
    public override void WriteHello(Hello hello)
    {
        ArgumentNullException.ThrowIfNull(hello);
        int start = Open(FrameType.Hello);
        Id(hello.Instance.Value);
        Number(hello.Epoch);
        Number((long)hello.Want);
        Text(hello.Why);
        Time(hello.Timeout);
        Number(hello.MessageBytesMax);
        Credit(hello.Credit);
        if (hello.Session is { } session)
        {
            Id(session.Value);
            Text(hello.Proof ?? string.Empty);
            Number(hello.Received);
            Marks(hello.Processed);
        }
        if (hello.Features.Names.Count > 0) { Member(BinaryLayout.HelloFeatures, hello.Features); }
        if (hello.Agent is { } agent) { Member(BinaryLayout.HelloAgent, agent); }
        CloseLength(start);
    }

    /// <inheritdoc/>
    public override void WriteWelcome(Welcome welcome)
    {
        ArgumentNullException.ThrowIfNull(welcome);
        int start = Open(FrameType.Welcome);
        Id(welcome.Session.Value);
        Number(welcome.Epoch);
        Number(welcome.IsResumed ? 1 : 0);
        Number(welcome.Received);
        Marks(welcome.Processed);
        Time(welcome.Timeout);
        Time(welcome.ClientTimeout);
        Number(welcome.MessageBytesMax);
        Credit(welcome.Credit);
        Time(welcome.Window);
        Time(welcome.Spread);
        if (welcome.Secret is { } secret) { Member(BinaryLayout.WelcomeSecret, secret); }
        if (welcome.Why is { } why) { Member(BinaryLayout.WelcomeWhy, why); }
        if (welcome.IsStandby) { Member(BinaryLayout.WelcomeStandby, string.Empty); }
        if (welcome.Expires is { } expires) { Member(BinaryLayout.WelcomeExpires, WireTime.ToMilliseconds(expires)); }
        if (welcome.Features.Names.Count > 0) { Member(BinaryLayout.WelcomeFeatures, welcome.Features); }
        if (welcome.Agent is { } agent) { Member(BinaryLayout.WelcomeAgent, agent); }
        CloseLength(start);
    }

    /// <summary>Writes what stands before the payload of a data frame.</summary>
    private void WritePrefix(in Frame piece, int head, int payloadBytes)
    {
        Span<byte> prefix = stackalloc byte[DataPrefixBytesMax];
        int options = (piece.HasMore ? BinaryLayout.HasMore : 0) | (piece.Kind != 0 ? BinaryLayout.HasKind : 0)
            | (piece.Life is not null ? BinaryLayout.HasLife : 0) | (piece.WrittenAt != 0 ? BinaryLayout.HasWrittenAt : 0);
        bool hasNumber = piece.Number != _nextNumber;
        prefix[0] = (byte)(head | (hasNumber ? BinaryLayout.HasNumber : 0) | (options != 0 ? BinaryLayout.HasOptions : 0));
        int length = 1;
        if (hasNumber) { length += Varint.Write(prefix[length..], piece.Number); }
        if (options != 0) { prefix[length++] = (byte)options; }
        if (piece.Kind != 0) { prefix[length++] = piece.Kind; }
        if (piece.Life is { } life) { length += Varint.Write(prefix[length..], WireTime.ToMilliseconds(life)); }
        if (piece.WrittenAt != 0) { length += Varint.Write(prefix[length..], piece.WrittenAt); }
        Put(length + payloadBytes);
        prefix[..length].CopyTo(_buffer.AsSpan(_length));
        _length += length;
    }

    /// <summary>Begins a frame other than data.</summary>
    /// <returns>For <see cref="CloseLength"/>.</returns>
    private int Open(FrameType type)
    {
        FrameCount++;
        int start = OpenLength();
        Byte((byte)(BinaryLayout.IsControl | (int)type));
        return start;
    }

    /// <summary>Leaves room for a length that is not known yet; nearly all take one byte.</summary>
    private int OpenLength()
    {
        Byte(0);
        return _length;
    }

    /// <summary>Fills in the length of everything since; what is longer than usual moves up.</summary>
    private void CloseLength(int start)
    {
        int length = _length - start;
        int extra = Varint.Size(length) - 1;
        if (extra > 0)
        {
            Reserve(extra);
            _buffer.AsSpan(start, length).CopyTo(_buffer.AsSpan(start + extra));
            _length += extra;
        }
        Varint.Write(_buffer.AsSpan(start - 1), length);
    }

    private void Member(int id, long value)
    {
        Number(id);
        Number(Varint.Size(value));
        Number(value);
    }

    private void Member(int id, string value)
    {
        Number(id);
        Text(value);
    }

    private void Member(int id, ReadOnlySpan<long> numbers)
    {
        Number(id);
        int value = OpenLength();
        foreach (long number in numbers) { Number(number); }
        CloseLength(value);
    }

    private void Member(int id, FeatureSet features)
    {
        Number(id);
        int value = OpenLength();
        foreach (string name in features.Names) { Text(name); }
        CloseLength(value);
    }

    private void Time(TimeSpan value) => Number(WireTime.ToMilliseconds(value));

    private void Credit(Credit value)
    {
        Number(value.Messages);
        Number(value.Bytes);
    }

    private void Marks(LaneMarks value)
    {
        Number(value.Critical);
        Number(value.Interactive);
        Number(value.Normal);
        Number(value.Bulk);
    }

    private void Id(UInt128 value)
    {
        Reserve(16);
        BinaryPrimitives.WriteUInt128BigEndian(_buffer.AsSpan(_length), value);
        _length += 16;
    }

    private void Text(string value)
    {
        int bytes = Encoding.UTF8.GetByteCount(value);
        Number(bytes);
        Reserve(bytes);
        _length += Encoding.UTF8.GetBytes(value, _buffer.AsSpan(_length));
    }

    private void Number(long value)
    {
        Reserve(Varint.BytesMax);
        Put(value);
    }

    private void Byte(byte value)
    {
        Reserve(1);
        _buffer[_length++] = value;
    }

    /// <summary>Writes a number for which there is room.</summary>
    private void Put(long value) => _length += Varint.Write(_buffer.AsSpan(_length), value);

    private void Reserve(int bytes)
    {
        if (_buffer.Length - _length >= bytes) { return; }
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, _length + bytes));
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
