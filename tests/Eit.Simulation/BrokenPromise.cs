using System.Globalization;
using System.Runtime.CompilerServices;

namespace Eit.Simulation;

/// <summary>The words for a broken promise, put together only if it is broken: nearly all are kept, and there are millions.</summary>
[InterpolatedStringHandler]
internal ref struct BrokenPromise
{
    private DefaultInterpolatedStringHandler _text;

    public BrokenPromise(int literalLength, int formattedCount, bool holds, out bool isBroken)
    {
        isBroken = !holds;
        _text = isBroken ? new DefaultInterpolatedStringHandler(literalLength, formattedCount, CultureInfo.InvariantCulture) : default;
    }

    public void AppendLiteral(string text) => _text.AppendLiteral(text);

    public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

    internal string Take() => _text.ToStringAndClear();
}
