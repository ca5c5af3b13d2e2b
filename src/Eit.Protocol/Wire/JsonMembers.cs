using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Eit.Protocol.Wire;

/// <summary>Reads one frame of any shape: gathers its members in whatever order they stand, then makes the frame that its type asks for.</summary>
internal sealed class JsonMembers
{
    private static readonly string[] s_numbers = ["n", "lane", "kind", "received", "lost", "last", "id", "within", "spread", "expires", "code", "epoch", "timeout", "clientTimeout", "max", "window", "life", "at", "known"];
    private static readonly string[] s_strings = ["t", "why", "instance", "want", "session", "proof", "secret", "reason", "agent"];
    private static readonly string[] s_flags = ["more", "prompt", "ack", "resumed", "standby", "overloaded"];
    private static readonly string[] s_lists = ["processed", "credit", "expired", "failed"];

    private readonly Dictionary<string, long> _numbers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _strings = new(StringComparer.Ordinal);
    private readonly Dictionary<string, bool> _flags = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long[]> _lists = new(StringComparer.Ordinal);
    private ReadOnlyMemory<byte>? _text;
    private ReadOnlyMemory<byte>? _binary;
    private FeatureSet? _features;

    /// <summary>Reads the object that the reader stands on, to its end.</summary>
    internal Violation? Read(ref Utf8JsonReader reader, ReadOnlyMemory<byte> message, FrameBatch frames)
    {
        Forget();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!TryText(ref reader, out string name)) { return Malformed("F1.5", "The name of a member is not well-formed Unicode."); }
            reader.Read();
            Violation? violation = ReadMember(name, ref reader, message, frames);
            if (violation is not null) { return violation; }
        }

        if (!_strings.TryGetValue("t", out string? typeName)) { return Malformed("F1.3", "A frame lacks its type."); }
        if (!WireNames.TryType(typeName, out FrameType type)) { return Malformed("V1.5", "A frame has an unknown type."); }
        Frame? frame = Make(type, frames);
        if (frame is not { } made) { return Malformed("F1.3", $"A member of a {typeName} frame is missing or out of range."); }
        frames.Add(made);
        return null;
    }

    private void Forget()
    {
        _numbers.Clear();
        _strings.Clear();
        _flags.Clear();
        _lists.Clear();
        (_text, _binary, _features) = (null, null, null);
    }

    /// <summary>Reads the name or the string that the reader stands on.</summary>
    /// <returns>False if it is not well-formed Unicode.</returns>
    private static bool TryText(ref Utf8JsonReader reader, out string text)
    {
        text = string.Empty;
        try
        {
            text = reader.GetString() ?? string.Empty;
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>The decoder would skip white space, which is not base64: then the lengths do not fit.</summary>
    internal static bool TryDecode(ReadOnlySpan<byte> base64, Span<byte> bytes, out int written) =>
        Base64.DecodeFromUtf8(base64, bytes, out _, out written) == System.Buffers.OperationStatus.Done && Base64.GetMaxEncodedToUtf8Length(written) == base64.Length;

    private Violation? ReadMember(string name, ref Utf8JsonReader reader, ReadOnlyMemory<byte> message, FrameBatch frames)
    {
        if (name is "text") { return ReadText(ref reader, message, frames); }
        if (name is "bin") { return ReadBinary(ref reader, message, frames); }
        if (name is "features") { return ReadFeatures(ref reader); }
        if (Array.IndexOf(s_numbers, name) >= 0)
        {
            bool isRead = TryNumber(ref reader, out long number);
            return isRead && _numbers.TryAdd(name, number) ? null : Malformed(isRead ? "F1.3" : "F1.4", $"The member {name} is not a number in range, or is given twice.");
        }
        if (Array.IndexOf(s_strings, name) >= 0)
        {
            return TryString(ref reader, out string text) && _strings.TryAdd(name, text) ? null : Malformed("F1.3", $"The member {name} is not a string, or is given twice.");
        }
        if (Array.IndexOf(s_flags, name) >= 0)
        {
            bool isFlag = reader.TokenType is JsonTokenType.True or JsonTokenType.False;
            return isFlag && _flags.TryAdd(name, reader.TokenType == JsonTokenType.True) ? null : Malformed("F1.3", $"The member {name} is not true or false, or is given twice.");
        }
        if (Array.IndexOf(s_lists, name) >= 0)
        {
            return TryList(ref reader, name is "expired" or "failed" ? WireLimits.UnhandledMax : LaneMarks.LaneCount, out long[] list) && _lists.TryAdd(name, list) ? null : Malformed("F1.3", $"The member {name} is not a list of numbers, or is given twice.");
        }
        return SkipUnknown(ref reader);
    }

    /// <summary>Passes the value of a member that nobody knows (V1.4); it is well-formed all the same.</summary>
    private static Violation? SkipUnknown(ref Utf8JsonReader reader)
    {
        int depth = reader.CurrentDepth;
        do
        {
            bool isText = reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName;
            if (isText && !TryText(ref reader, out _)) { return Malformed("F1.5", "A text is not well-formed Unicode."); }
        }
        while ((reader.CurrentDepth > depth || reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray) && reader.Read());
        return null;
    }

    private Violation? ReadText(ref Utf8JsonReader reader, ReadOnlyMemory<byte> message, FrameBatch frames)
    {
        if (reader.TokenType != JsonTokenType.String || _text is not null) { return Malformed("F1.3", "The member text is not a string, or is given twice."); }
        try
        {
            Memory<byte> scratch = frames.Scratch(reader.ValueSpan.Length, message.Length);
            _text = scratch[..reader.CopyString(scratch.Span)];
            return null;
        }
        catch (InvalidOperationException)
        {
            return Malformed("F1.5", "The text is not well-formed Unicode.");
        }
    }

    private Violation? ReadBinary(ref Utf8JsonReader reader, ReadOnlyMemory<byte> message, FrameBatch frames)
    {
        if (reader.TokenType != JsonTokenType.String || _binary is not null) { return Malformed("F1.3", "The member bin is not base64, or is given twice."); }
        Memory<byte> scratch = frames.Scratch(reader.ValueSpan.Length, message.Length);
        bool isDecoded = reader.ValueIsEscaped ? TryDecodeEscaped(ref reader, scratch.Span, out int written) : TryDecode(reader.ValueSpan, scratch.Span, out written);
        if (!isDecoded) { return Malformed("F1.3", "The member bin is not base64."); }
        _binary = scratch[..written];
        return null;
    }

    private Violation? ReadFeatures(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray || _features is not null) { return Malformed("F1.3", "The member features is not a list of strings, or is given twice."); }
        var names = new List<string>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (!TryString(ref reader, out string name)) { return Malformed("F1.3", "The member features is not a list of strings."); }
            if (names.Count < FeatureSet.NamesMax && FeatureSet.IsName(name)) { names.Add(name); }
        }
        _features = FeatureSet.Of(names);
        return null;
    }

    /// <summary>Some writers of JSON escape the plus or the slash.</summary>
    private static bool TryDecodeEscaped(ref Utf8JsonReader reader, Span<byte> bytes, out int written)
    {
        written = 0;
        return TryString(ref reader, out string base64) && TryDecode(Encoding.UTF8.GetBytes(base64), bytes, out written);
    }

    private static bool TryString(ref Utf8JsonReader reader, out string text)
    {
        text = string.Empty;
        return reader.TokenType == JsonTokenType.String && TryText(ref reader, out text);
    }

    private static bool TryNumber(ref Utf8JsonReader reader, out long number)
    {
        number = 0;
        return reader.TokenType == JsonTokenType.Number && reader.ValueSpan[0] != (byte)'-' && reader.TryGetInt64(out number) && number <= WireLimits.NumberMax;
    }

    private static bool TryList(ref Utf8JsonReader reader, int countMax, out long[] list)
    {
        list = [];
        if (reader.TokenType != JsonTokenType.StartArray) { return false; }
        var numbers = new List<long>(LaneMarks.LaneCount);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (numbers.Count == countMax || !TryNumber(ref reader, out long number)) { return false; }
            numbers.Add(number);
        }
        list = [.. numbers];
        return true;
    }

    private Frame? Make(FrameType type, FrameBatch frames) => type switch
    {
        FrameType.Data => MakeData(),
        FrameType.Ack => MakeAck(frames),
        FrameType.Ping or FrameType.Pong => WithNumber(type, "id"),
        FrameType.Switch => WithNumber(type, "last"),
        FrameType.Resend => _numbers.TryGetValue("received", out long received) && _numbers.TryGetValue("lost", out long lost)
            ? new Frame { Type = type, Number = received, Body = new Resend(lost) } : null,
        FrameType.Cycle => _strings.TryGetValue("why", out string? why) && TryTime("within", out TimeSpan within)
            ? new Frame { Type = type, Body = new CycleRequest(why, within) } : null,
        FrameType.Terms => TryTime("spread", out TimeSpan spread)
            ? new Frame { Type = type, Body = new Terms(spread, TimeOrNull("expires"), _flags.GetValueOrDefault("overloaded")) } : null,
        FrameType.Close => _numbers.TryGetValue("code", out long code) && code is >= 4000 and <= 4999 && _strings.TryGetValue("reason", out string? reason) && _numbers.TryGetValue("last", out long last)
            ? new Frame { Type = type, Number = last, Body = new CloseNotice((CloseCode)code, CloseCodes.ToReason(reason)) } : null,
        FrameType.Hello => MakeHello(),
        FrameType.Welcome => MakeWelcome(),
        _ => null,
    };

    private Frame? WithNumber(FrameType type, string member) =>
        _numbers.TryGetValue(member, out long number) ? new Frame { Type = type, Number = number } : null;

    private Frame? MakeData()
    {
        if (!_numbers.TryGetValue("n", out long number) || number == 0) { return null; }
        if (_text is null == _binary is null) { return null; }
        long lane = _numbers.GetValueOrDefault("lane", (long)Lane.Normal);
        long kind = _numbers.GetValueOrDefault("kind");
        if (lane >= LaneMarks.LaneCount || kind > byte.MaxValue) { return null; }
        return new Frame
        {
            Type = FrameType.Data,
            Number = number,
            Lane = (Lane)lane,
            Kind = (byte)kind,
            IsText = _text is not null,
            HasMore = _flags.GetValueOrDefault("more"),
            IsPrompt = _flags.GetValueOrDefault("prompt"),
            WantsAck = _flags.GetValueOrDefault("ack"),
            Life = TimeOrNull("life"),
            WrittenAt = _numbers.GetValueOrDefault("at"),
            Payload = _text ?? _binary ?? default,
        };
    }

    private Frame? MakeAck(FrameBatch frames)
    {
        if (!_numbers.TryGetValue("received", out long received) || !TryMarks(out LaneMarks processed) || !TryCredit(out Credit credit)) { return null; }
        Ack ack = frames.NextAck();
        (ack.Received, ack.Processed, ack.Credit) = (received, processed, credit);
        (ack.Expired, ack.Known) = (_lists.GetValueOrDefault("expired", []), _numbers.TryGetValue("known", out long known) ? known : null);
        ack.Failed = _lists.GetValueOrDefault("failed", []);
        return new Frame { Type = FrameType.Ack, Body = ack };
    }

    private Frame? MakeHello()
    {
        if (!InstanceId.TryParse(_strings.GetValueOrDefault("instance"), out InstanceId instance)) { return null; }
        if (!WireNames.TryWant(_strings.GetValueOrDefault("want"), out HelloWant want)) { return null; }
        if (!_numbers.TryGetValue("epoch", out long epoch) || epoch == 0 || !TryTime("timeout", out TimeSpan timeout)) { return null; }
        if (!_numbers.TryGetValue("max", out long max) || !TryCredit(out Credit credit)) { return null; }
        SessionId session = default;
        LaneMarks processed = default;
        bool names = want != HelloWant.New;
        if (names && (!SessionId.TryParse(_strings.GetValueOrDefault("session"), out session) || !_strings.ContainsKey("proof"))) { return null; }
        if (names && (!_numbers.ContainsKey("received") || !TryMarks(out processed))) { return null; }
        var hello = new Hello
        {
            Instance = instance,
            Epoch = epoch,
            Want = want,
            Why = _strings.GetValueOrDefault("why", string.Empty),
            Session = names ? session : null,
            Proof = names ? _strings["proof"] : null,
            Received = names ? _numbers["received"] : 0,
            Processed = processed,
            Timeout = timeout,
            MessageBytesMax = max,
            Credit = credit,
            Features = _features ?? FeatureSet.None,
            Agent = AgentName.Harmless(_strings.GetValueOrDefault("agent")),
        };
        return new Frame { Type = FrameType.Hello, Body = hello };
    }

    private Frame? MakeWelcome()
    {
        if (!SessionId.TryParse(_strings.GetValueOrDefault("session"), out SessionId session) || !_flags.TryGetValue("resumed", out bool isResumed)) { return null; }
        if (!_numbers.TryGetValue("epoch", out long epoch) || !_numbers.TryGetValue("received", out long received) || !TryMarks(out LaneMarks processed)) { return null; }
        if (!TryTime("timeout", out TimeSpan timeout) || !TryTime("clientTimeout", out TimeSpan clientTimeout) || !_numbers.TryGetValue("max", out long max)) { return null; }
        if (!TryCredit(out Credit credit) || !TryTime("window", out TimeSpan window) || !TryTime("spread", out TimeSpan spread)) { return null; }
        if (!isResumed && !_strings.ContainsKey("secret")) { return null; }
        var welcome = new Welcome
        {
            Session = session,
            Secret = _strings.GetValueOrDefault("secret"),
            Epoch = epoch,
            IsResumed = isResumed,
            Why = _strings.GetValueOrDefault("why"),
            IsStandby = _flags.GetValueOrDefault("standby"),
            Received = received,
            Processed = processed,
            Timeout = timeout,
            ClientTimeout = clientTimeout,
            MessageBytesMax = max,
            Credit = credit,
            Window = window,
            Spread = spread,
            Expires = TimeOrNull("expires"),
            Features = _features ?? FeatureSet.None,
            Agent = AgentName.Harmless(_strings.GetValueOrDefault("agent")),
        };
        return new Frame { Type = FrameType.Welcome, Body = welcome };
    }

    private bool TryMarks(out LaneMarks marks)
    {
        bool isRead = _lists.TryGetValue("processed", out long[]? list) && list.Length == LaneMarks.LaneCount;
        marks = isRead ? new LaneMarks(list![0], list[1], list[2], list[3]) : default;
        return isRead;
    }

    private bool TryCredit(out Credit credit)
    {
        bool isRead = _lists.TryGetValue("credit", out long[]? list) && list.Length == 2;
        credit = isRead ? new Credit(list![0], list[1]) : default;
        return isRead;
    }

    private bool TryTime(string name, out TimeSpan time)
    {
        bool isRead = _numbers.TryGetValue(name, out long ms);
        time = isRead ? WireTime.FromMilliseconds(ms) : default;
        return isRead;
    }

    private TimeSpan? TimeOrNull(string name) => _numbers.TryGetValue(name, out long ms) ? WireTime.FromMilliseconds(ms) : null;

    private static Violation Malformed(string clause, string reason) => new(CloseCode.Malformed, clause, reason);
}
