using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Eit.Protocol.Wire;

/// <summary>Reads frames in <c>eit.v1.json</c>.</summary>
/// <remarks>
/// A data frame in the shape that <see cref="JsonFrameWriter"/> gives it is read in one pass over its bytes; everything else, which is legal in any
/// order and spacing, by the general reader. Both accept the same language: what the fast way is not sure of it leaves to the general one.
/// </remarks>
public sealed class JsonFrameReader : FrameReader
{
    private const int ShortTextBytesMax = 1024;
    private static readonly SearchValues<byte> s_notPlain = SearchValues.Create([.. Enumerable.Range(0, 32).Select(i => (byte)i), (byte)'"', (byte)'\\']);
    private static readonly Frame s_plainText = new() { Type = FrameType.Data, Lane = Lane.Normal, IsText = true };
    private static readonly SearchValues<char> s_base64Url = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
    private readonly JsonMembers _members = new();

    /// <inheritdoc/>
    public override Violation? Read(ReadOnlyMemory<byte> message, bool isText, FrameBatch frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        frames.Clear();
        if (!isText) { return Malformed("A binary message came in the JSON encoding."); }
        ReadOnlySpan<byte> bytes = message.Span;
        if (bytes.IsEmpty) { return Malformed("The message is empty."); }
        return bytes[0] == (byte)'[' ? ReadArray(message, frames) : ReadSingle(message, frames);
    }

    /// <summary>Reads the hello of an upgrade request (S1.2).</summary>
    /// <param name="header">The value of the header.</param>
    /// <param name="hello">What it says.</param>
    /// <returns>False if it is not a hello.</returns>
    public static bool TryReadHelloHeader(string header, out Hello? hello)
    {
        hello = null;
        if (header is null or { Length: > WireLimits.HelloHeaderCharsMax }) { return false; }
        if (header.AsSpan().ContainsAnyExcept(s_base64Url) || !Base64Url.IsValid(header)) { return false; }   // IsValid alone would take padding and white space.
        var frames = new FrameBatch();
        byte[] json = Base64Url.DecodeFromChars(header);
        if (json.AsSpan().TrimStart(" \t\r\n"u8) is not [(byte)'{', ..]) { return false; }   // Not an array of one either.
        Violation? violation = new JsonFrameReader().Read(json, isText: true, frames);
        if (violation is null && frames.Count == 1) { hello = frames[0].Body as Hello; }
        frames.Trim();
        return hello is not null;
    }

    private Violation? ReadSingle(ReadOnlyMemory<byte> message, FrameBatch frames)
    {
        int end = TryFastData(message, 0, frames);
        return end == message.Length ? null : ReadGeneral(message, frames);
    }

    private Violation? ReadArray(ReadOnlyMemory<byte> message, FrameBatch frames)
    {
        ReadOnlySpan<byte> bytes = message.Span;
        int position = 1;
        while (true)
        {
            int end = TryFastData(message, position, frames);
            if (end < 0) { end = TryFastAck(bytes, position, frames); }
            if (end < 0 || end >= bytes.Length) { return ReadGeneral(message, frames); }
            if (bytes[end] == (byte)']') { return end == bytes.Length - 1 ? null : ReadGeneral(message, frames); }
            if (bytes[end] != (byte)',') { return ReadGeneral(message, frames); }
            position = end + 1;
        }
    }

    /// <summary>Reads a data frame in the writer's own shape.</summary>
    /// <returns>The position after it, or -1 if it is anything else.</returns>
    private static int TryFastData(ReadOnlyMemory<byte> message, int position, FrameBatch frames)
    {
        ReadOnlySpan<byte> rest = message.Span[position..];
        if (!rest.StartsWith("{\"t\":\"data\",\"n\":"u8)) { return -1; }
        int at = 16;
        if (!TryNumber(rest, ref at, out long number) || number == 0) { return -1; }
        Frame frame = s_plainText;
        bool isPlain = TryExpect(rest, ref at, ",\"text\":\""u8);
        if (!isPlain)
        {
            if (!TryOptional(rest, ref at, ref frame)) { return -1; }
            if (TryExpect(rest, ref at, ",\"bin\":\""u8)) { return TryFastBinary(message, position, at, frame with { Number = number, IsText = false }, frames); }
            if (!TryExpect(rest, ref at, ",\"text\":\""u8)) { return -1; }
        }
        int length = rest[at..].IndexOfAny(s_notPlain);
        if (length < 0 || rest[at + length] != (byte)'"' || at + length + 1 >= rest.Length || rest[at + length + 1] != (byte)'}') { return -1; }
        ReadOnlySpan<byte> text = rest.Slice(at, length);
        bool isAscii = Ascii.IsValid(text);
        if (!isAscii && !Utf8.IsValid(text)) { return -1; }
        string? shortText = length > ShortTextBytesMax ? null : isAscii ? Encoding.Latin1.GetString(text) : Encoding.UTF8.GetString(text);   // Latin-1 widens in one pass.
        frames.Add(frame with { Number = number, Payload = message.Slice(position + at, length), Text = shortText });
        return position + at + length + 2;
    }

    /// <summary>Reads the rest of a data frame of bytes in the writer's own shape.</summary>
    private static int TryFastBinary(ReadOnlyMemory<byte> message, int position, int at, in Frame frame, FrameBatch frames)
    {
        ReadOnlySpan<byte> rest = message.Span[(position + at)..];
        int length = rest.IndexOfAny(s_notPlain);
        if (length < 0 || rest[length] != (byte)'"' || length + 1 >= rest.Length || rest[length + 1] != (byte)'}') { return -1; }
        Memory<byte> scratch = frames.Scratch(length, message.Length);
        if (!JsonMembers.TryDecode(rest[..length], scratch.Span, out int written)) { return -1; }
        frames.Add(frame with { Payload = scratch[..written] });
        return position + at + length + 2;
    }

    /// <summary>Reads the members between the number and the text, in the writer's order.</summary>
    private static bool TryOptional(ReadOnlySpan<byte> rest, ref int at, ref Frame frame)
    {
        (long lane, long kind, long ms, long writtenAt) = ((long)Lane.Normal, 0, 0, 0);
        if (TryExpect(rest, ref at, ",\"lane\":"u8) && !(TryNumber(rest, ref at, out lane) && lane < LaneMarks.LaneCount)) { return false; }
        if (TryExpect(rest, ref at, ",\"kind\":"u8) && !(TryNumber(rest, ref at, out kind) && kind <= byte.MaxValue)) { return false; }
        bool hasMore = TryExpect(rest, ref at, ",\"more\":true"u8);
        bool isPrompt = TryExpect(rest, ref at, ",\"prompt\":true"u8);
        bool wantsAck = TryExpect(rest, ref at, ",\"ack\":true"u8);
        bool hasLife = TryExpect(rest, ref at, ",\"life\":"u8);
        if (hasLife && !TryNumber(rest, ref at, out ms)) { return false; }
        if (TryExpect(rest, ref at, ",\"at\":"u8) && !TryNumber(rest, ref at, out writtenAt)) { return false; }
        frame = frame with
        {
            Lane = (Lane)lane,
            Kind = (byte)kind,
            HasMore = hasMore,
            IsPrompt = isPrompt,
            WantsAck = wantsAck,
            Life = hasLife ? WireTime.FromMilliseconds(ms) : null,
            WrittenAt = writtenAt,
        };
        return true;
    }

    /// <summary>Reads an ack frame in the writer's own shape.</summary>
    /// <returns>The position after it, or -1 if it is anything else.</returns>
    private static int TryFastAck(ReadOnlySpan<byte> bytes, int position, FrameBatch frames)
    {
        ReadOnlySpan<byte> rest = bytes[position..];
        int at = 0;
        if (!TryExpect(rest, ref at, "{\"t\":\"ack\",\"received\":"u8) || !TryNumber(rest, ref at, out long received)) { return -1; }
        if (!TryExpect(rest, ref at, ",\"processed\":["u8) || !TryNumber(rest, ref at, out long critical)) { return -1; }
        if (!TryExpect(rest, ref at, ","u8) || !TryNumber(rest, ref at, out long interactive)) { return -1; }
        if (!TryExpect(rest, ref at, ","u8) || !TryNumber(rest, ref at, out long normal)) { return -1; }
        if (!TryExpect(rest, ref at, ","u8) || !TryNumber(rest, ref at, out long bulk)) { return -1; }
        if (!TryExpect(rest, ref at, "],\"credit\":["u8) || !TryNumber(rest, ref at, out long messages)) { return -1; }
        if (!TryExpect(rest, ref at, ","u8) || !TryNumber(rest, ref at, out long creditBytes)) { return -1; }
        if (!TryExpect(rest, ref at, "]}"u8)) { return -1; }
        Ack ack = frames.NextAck();
        (ack.Expired, ack.Known, ack.Failed) = ([], null, []);
        (ack.Received, ack.Processed, ack.Credit) = (received, new LaneMarks(critical, interactive, normal, bulk), new Credit(messages, creditBytes));
        frames.Add(new Frame { Type = FrameType.Ack, Body = ack });
        return position + at;
    }

    private static bool TryExpect(ReadOnlySpan<byte> bytes, ref int at, ReadOnlySpan<byte> expected)
    {
        if (!bytes[at..].StartsWith(expected)) { return false; }
        at += expected.Length;
        return true;
    }

    private static bool TryNumber(ReadOnlySpan<byte> bytes, ref int at, out long number)
    {
        number = 0;
        int start = at;
        while (at < bytes.Length && bytes[at] is >= (byte)'0' and <= (byte)'9')
        {
            if (at - start == 16) { return false; }
            number = (number * 10) + (bytes[at] - '0');
            at++;
        }
        bool hasLeadingZero = at - start > 1 && bytes[start] == (byte)'0';
        return at > start && at < bytes.Length && !hasLeadingZero && number <= WireLimits.NumberMax;
    }

    private Violation? ReadGeneral(ReadOnlyMemory<byte> message, FrameBatch frames)
    {
        frames.Clear();
        try
        {
            var reader = new Utf8JsonReader(message.Span, new JsonReaderOptions { MaxDepth = 16 });
            reader.Read();
            bool isArray = reader.TokenType == JsonTokenType.StartArray;
            if (isArray) { reader.Read(); }
            while (reader.TokenType == JsonTokenType.StartObject)
            {
                Violation? violation = _members.Read(ref reader, message, frames);
                if (violation is not null) { return violation; }
                reader.Read();
                if (!isArray) { break; }
            }
            if (isArray ? reader.TokenType != JsonTokenType.EndArray : reader.TokenType != JsonTokenType.EndObject && frames.Count != 1) { return Malformed("A message is an object or an array of objects."); }
            if (frames.Count == 0) { return Malformed("A message holds at least one frame."); }
            if (reader.Read()) { return Malformed("Something follows the message."); }
            return null;
        }
        catch (JsonException)
        {
            return Malformed("The message is not well-formed JSON.");
        }
    }

    private static Violation Malformed(string reason) => new(CloseCode.Malformed, "F1.3", reason);
}
