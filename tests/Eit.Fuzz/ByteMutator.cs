namespace Eit.Fuzz;

/// <summary>Changes the bytes of a message, with no idea of what they mean.</summary>
internal static class ByteMutator
{
    private static readonly byte[] s_interesting = [0x00, 0x01, 0x02, 0x7F, 0x80, 0x81, 0x83, 0xBF, 0xC0, 0xED, 0xF4, 0xFF, .. "\"\\{}[]:,-+.eE019tfnu/ \n"u8];
    private static readonly byte[][] s_words =
    [
        .. new[] { "\"t\":", "\"n\":", "9007199254740991", "9007199254740992", "-1", "1e3", "\\u0000", "\\ud800", "null", "true", "[]", "{}", "\"text\":\"\"", "\"bin\":\"\"", "\"t\":\"data\"", "[[[[[[[[[[[[[[[[[", "\"more\":true," }
            .Select(System.Text.Encoding.UTF8.GetBytes),
        [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
        [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10],
    ];

    /// <param name="message">What to begin with; not changed itself.</param>
    /// <param name="other">Another message, of which a part may be taken over.</param>
    /// <param name="chance">Decides.</param>
    internal static byte[] Mutate(ReadOnlySpan<byte> message, ReadOnlySpan<byte> other, Chance chance)
    {
        var bytes = new List<byte>(message.Length + 16);
        bytes.AddRange(message);
        for (int times = 1 + chance.Below(4); times > 0; times--)
        {
            if (bytes.Count == 0) { bytes.Add(chance.Pick(s_interesting)); }
            int at = chance.Below(bytes.Count);
            switch (chance.Below(11))
            {
                case 0: bytes[at] = chance.Pick(s_interesting); break;
                case 1: bytes[at] = (byte)chance.Below(256); break;
                case 2: bytes[at] ^= (byte)(1 << chance.Below(8)); break;
                case 3: bytes.Insert(at, chance.Pick(s_interesting)); break;
                case 4: bytes.RemoveAt(at); break;
                case 5: bytes.RemoveRange(at, 1 + chance.Below(bytes.Count - at)); break;
                case 6: bytes.InsertRange(chance.Below(bytes.Count), bytes.GetRange(at, chance.Below(Math.Min(bytes.Count - at, 4096)))); break;
                case 7: bytes[at] = (byte)(bytes[at] + chance.Below(9) - 4); break;
                case 8: bytes.InsertRange(at, chance.Pick(s_words)); break;
                case 9: ReplaceNumber(bytes, at, chance); break;
                default: Splice(bytes, at, other, chance); break;
            }
        }
        return [.. bytes];
    }

    /// <summary>Puts a word of numbers in the place of digits, if there are any.</summary>
    private static void ReplaceNumber(List<byte> bytes, int at, Chance chance)
    {
        while (at < bytes.Count && bytes[at] is < (byte)'0' or > (byte)'9') { at++; }
        int end = at;
        while (end < bytes.Count && bytes[end] is >= (byte)'0' and <= (byte)'9') { end++; }
        if (at == end) { return; }
        bytes.RemoveRange(at, end - at);
        bytes.InsertRange(at, System.Text.Encoding.ASCII.GetBytes(chance.Number(near: 1000).ToString(System.Globalization.CultureInfo.InvariantCulture)));
    }

    private static void Splice(List<byte> bytes, int at, ReadOnlySpan<byte> other, Chance chance)
    {
        if (other.IsEmpty) { return; }
        int from = chance.Below(other.Length);
        ReadOnlySpan<byte> part = other.Slice(from, chance.Below(Math.Min(other.Length - from, 4096)));
        if (chance.Flip()) { bytes.RemoveRange(at, bytes.Count - at); }
        bytes.InsertRange(at, part.ToArray());
    }
}
