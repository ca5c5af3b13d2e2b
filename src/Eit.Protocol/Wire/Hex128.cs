using System.Buffers;
using System.Globalization;

namespace Eit.Protocol.Wire;

internal static class Hex128
{
    internal const int Length = 32;
    private static readonly SearchValues<char> s_digits = SearchValues.Create("0123456789abcdef");

    internal static string Format(UInt128 value) => value.ToString("x32", CultureInfo.InvariantCulture);

    internal static bool TryParse(string? text, out UInt128 value)
    {
        value = default;
        return text is { Length: Length }
            && !text.AsSpan().ContainsAnyExcept(s_digits)
            && UInt128.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }
}
