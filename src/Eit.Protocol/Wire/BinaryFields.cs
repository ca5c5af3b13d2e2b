using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace Eit.Protocol.Wire;

/// <summary>What follows the head of a frame in the binary encoding, taken in order: its fields, then its members.</summary>
/// <remarks>Whatever is missing or not legal makes all of it invalid; the frame is judged once, at its end.</remarks>
internal ref struct BinaryFields
{
    private readonly ReadOnlySpan<byte> _bytes;
    private int _at;
    private int _end;
    private long _memberId;

    internal BinaryFields(ReadOnlySpan<byte> bytes)
    {
        _bytes = bytes;
        _end = bytes.Length;
        IsValid = true;
    }

    /// <summary>Gets whether everything so far was there and legal.</summary>
    internal bool IsValid { get; private set; }

    internal void Require(bool isLegal) => IsValid &= isLegal;

    internal long Number()
    {
        int at = Varint.Read(_bytes[.._end], _at, out long value);
        Require(at >= 0);
        _at = Math.Max(_at, at);
        return value;
    }

    internal TimeSpan Time() => WireTime.FromMilliseconds(Number());

    internal int Number(int max)
    {
        long value = Number();
        Require(value <= max);
        return IsValid ? (int)value : 0;
    }

    internal LaneMarks Marks() => new(Number(), Number(), Number(), Number());

    internal Credit Credit() => new(Number(), Number());

    internal UInt128 Id()
    {
        ReadOnlySpan<byte> id = Take(16);
        return IsValid ? BinaryPrimitives.ReadUInt128BigEndian(id) : default;
    }

    /// <summary>A text with its length before it.</summary>
    internal string Text() => Text(Number());

    /// <summary>A text that is all of a member.</summary>
    internal string RestAsText() => Text(_end - _at);

    /// <summary>Numbers that are all of a member.</summary>
    internal long[] RestAsNumbers(int countMax)
    {
        var numbers = new List<long>();
        while (IsValid && _at < _end)
        {
            numbers.Add(Number());
            Require(numbers.Count <= countMax);
        }
        return [.. numbers];
    }

    /// <summary>Texts that are all of a member, and the names of features.</summary>
    internal FeatureSet RestAsFeatures()
    {
        var names = new List<string>();
        while (IsValid && _at < _end)
        {
            string name = Text();
            if (names.Count < FeatureSet.NamesMax && FeatureSet.IsName(name)) { names.Add(name); }
        }
        return FeatureSet.Of(names);
    }

    /// <summary>Goes on to the next member, which begins behind the one before.</summary>
    /// <param name="id">Its id; the caller takes all of its value, or skips it.</param>
    /// <returns>False at the end, and when something is not legal.</returns>
    internal bool NextMember(out long id)
    {
        if (_memberId > 0)
        {
            Require(_at == _end);
            _end = _bytes.Length;
        }
        id = 0;
        if (!IsValid || _at == _end) { return false; }
        id = Number();
        long length = Number();
        Require(id > _memberId && length <= _end - _at);
        if (!IsValid) { return false; }
        (_memberId, _end) = (id, _at + (int)length);
        return true;
    }

    internal void SkipMember() => _at = _end;

    internal void SkipMembers()
    {
        while (NextMember(out _)) { SkipMember(); }
    }

    private string Text(long length)
    {
        ReadOnlySpan<byte> utf8 = Take(length);
        Require(Utf8.IsValid(utf8));
        return IsValid ? Encoding.UTF8.GetString(utf8) : string.Empty;
    }

    private ReadOnlySpan<byte> Take(long length)
    {
        Require(length <= _end - _at);
        if (!IsValid) { return default; }
        ReadOnlySpan<byte> taken = _bytes.Slice(_at, (int)length);
        _at += (int)length;
        return taken;
    }
}
