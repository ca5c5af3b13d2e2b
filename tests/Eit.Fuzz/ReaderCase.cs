using System.Text;
using System.Text.RegularExpressions;
using Eit.Protocol.Wire;

namespace Eit.Fuzz;

/// <summary>Messages for the reader of one encoding. What it takes is written again, in both encodings, and has to stay the same.</summary>
internal sealed partial class ReaderCase : FuzzCase
{
    private const int InputsMax = 64;

    /// <summary>What a message may cost: the shortest frame takes two bytes, and a list of frames that has to grow twice the room of its frames.</summary>
    private const int BytesPerByteMax = 256;
    private const int BytesAlways = 64 * 1024;

    private readonly WireEncoding _encoding;
    private readonly FuzzSettings _settings;
    private readonly Chance _chance;
    private readonly FrameForge _forge;
    private readonly FrameReader _reader;
    private readonly FrameWriter _json = new JsonFrameWriter();
    private readonly FrameWriter _binary = new BinaryFrameWriter();

    internal ReaderCase(WireEncoding encoding, ulong seed, FuzzSettings settings)
    {
        (_encoding, _settings, _chance) = (encoding, settings, new Chance(seed));
        _forge = new FrameForge(_chance);
        _reader = PlantedReader.Make(encoding, settings);
    }

    internal override FuzzTarget Target => IsJson ? FuzzTarget.Json : FuzzTarget.Binary;

    private bool IsJson => _encoding == WireEncoding.Json;

    internal override void Run()
    {
        while (Inputs < InputsMax)
        {
            byte[] message = Make();
            Inputs++;
            Tell?.Invoke(Convert.ToHexString(message));
            Check(message);
        }
        _json.Release();
        _binary.Release();
    }

    private byte[] Make()
    {
        byte[] message = _settings.Corpus.Pick(_encoding, _chance);
        switch (_chance.Below(10))
        {
            case 0:
                return _chance.Bytes(_chance.Below(64));
            case <= 3:
                return Forged(message);
            case 4:
                return ByteMutator.Mutate(Forged(message), message, _chance);
            case 5 when _chance.Is(0.01):
                return Long(message);
            default:
                return ByteMutator.Mutate(message, _settings.Corpus.Pick(_encoding, _chance), _chance);
        }
    }

    private byte[] Forged(byte[] message)
    {
        List<Frame> frames = Frames.Copy(_encoding, message) ?? [];
        _forge.Change(frames);
        return Frames.Write(_encoding, frames);
    }

    /// <summary>Something short over and over, up to the longest message.</summary>
    private byte[] Long(byte[] message)
    {
        byte[] unit = _chance.Below(4) switch
        {
            0 when !IsJson => [1, (byte)_chance.Below(256)],
            0 => "{\"t\":\"ping\",\"id\":1},"u8.ToArray(),
            1 => _chance.Bytes(1 + _chance.Below(4)),
            2 when IsJson => _chance.Pick("["u8.ToArray(), "{\"x\":"u8.ToArray(), "\\u0041"u8.ToArray(), "{}"u8.ToArray(), "9"u8.ToArray()),
            _ => message,
        };
        if (unit.Length == 0) { return unit; }
        byte[] all = new byte[WireLimits.TransportMessageBytesMax];
        for (int i = 0; i < all.Length; i++) { all[i] = unit[i % unit.Length]; }
        if (!IsJson && _chance.Flip()) { (all[0], all[1], all[2]) = (2, 0x10, 1); }
        if (IsJson && _chance.Flip()) { all[0] = (byte)'['; }
        return _chance.Flip() ? all : ByteMutator.Mutate(all, message, _chance);
    }

    private void Check(byte[] message)
    {
        var frames = new FrameBatch();
        Violation? violation = null;
        Bounded(BytesAlways + ((long)BytesPerByteMax * message.Length), () => violation = _reader.Read(message, IsJson, frames));
        string read = Describe(_encoding, violation, frames);
        if (IsJson) { CheckEveryWay(message, read); }
        if (_chance.Is(0.01) && WireEncodings.NewReader(_encoding).Read(message, !IsJson, new FrameBatch()) is null) { throw new FuzzException("A message of the other kind was taken."); }
        if (violation is not null)
        {
            CheckViolation(violation);
            return;
        }
        CheckFrames(frames, message.Length);
        byte[] binary = Frames.Write(_binary, frames);
        byte[] json = Frames.Write(_json, frames);
        string asBinary = Describe(WireEncoding.Binary, new BinaryFrameReader().Read(binary, isText: false, frames), frames);
        byte[] back = Frames.Write(_json, frames);
        string asJson = Describe(WireEncoding.Json, new JsonFrameReader().Read(json, isText: true, frames), frames);
        bool isSame = json.AsSpan().SequenceEqual(back) && Frames.Write(_binary, frames).AsSpan().SequenceEqual(binary);
        if (!isSame) { throw new FuzzException($"It does not mean the same in both encodings: {read} | {asBinary} | {asJson}"); }
    }

    /// <summary>What is read in one pass and what the general reader reads is the same language: a space before it makes it read in general.</summary>
    private void CheckEveryWay(byte[] message, string read)
    {
        var frames = new FrameBatch();
        byte[] spaced = [(byte)' ', .. message];
        string general = Describe(WireEncoding.Json, new JsonFrameReader().Read(spaced, isText: true, frames), frames);
        bool isEmpty = message.Length == 0;
        if (!isEmpty && !string.Equals(read, general, StringComparison.Ordinal)) { throw new FuzzException($"The fast reader and the general one differ: {read} | {general}"); }
    }

    private static string Describe(WireEncoding encoding, Violation? violation, FrameBatch frames)
    {
        if (violation is not null) { return violation.ToString(); }
        FrameWriter writer = new JsonFrameWriter();
        string text = $"{encoding} {frames.Count}: {Encoding.UTF8.GetString(Frames.Write(writer, frames))}";
        writer.Release();
        return text;
    }

    private static void CheckViolation(Violation violation)
    {
        if (violation.Code != CloseCode.Malformed || !ClauseId().IsMatch(violation.Clause) || violation.Reason.Length == 0) { throw new FuzzException($"The violation is not a defined one: {violation}"); }
    }

    private static void CheckFrames(FrameBatch frames, int messageBytes)
    {
        if (frames.Count == 0) { throw new FuzzException("A message without a frame was taken."); }
        long payload = 0;
        for (int i = 0; i < frames.Count; i++)
        {
            ref readonly Frame frame = ref frames[i];
            payload += frame.Payload.Length;
            bool isInRange = frame.Number is >= 0 and <= WireLimits.NumberMax && Enum.IsDefined(frame.Type) && Enum.IsDefined(frame.Lane);
            if (!isInRange || (frame.Type == FrameType.Data && frame.Number == 0)) { throw new FuzzException($"A frame out of range was taken: {frame}"); }
            if (frame.IsText && !System.Text.Unicode.Utf8.IsValid(frame.Payload.Span)) { throw new FuzzException("A text was taken that is not well-formed."); }
            if (frame.Text is { } text && !Encoding.UTF8.GetBytes(text).AsSpan().SequenceEqual(frame.Payload.Span)) { throw new FuzzException("A text is not its payload."); }
        }
        if (payload > messageBytes) { throw new FuzzException("More payload was read than the message is long."); }
    }

    [GeneratedRegex(@"^[A-Z][0-9]+\.[0-9]+$")]
    internal static partial Regex ClauseId();
}
