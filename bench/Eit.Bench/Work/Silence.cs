using System.Diagnostics;
using System.Globalization;

namespace Eit.Bench;

/// <summary>The longest time between two messages at a client, and what was lost or came twice where they are numbered.</summary>
internal sealed class Silence
{
    private long _last;
    private long _longest;
    private long _expected;

    /// <summary>Gets the longest silence so far, in milliseconds; the one that lasts counts too.</summary>
    internal double LongestMs => Math.Max(Volatile.Read(ref _longest), Volatile.Read(ref _last) is var last and not 0 ? Stopwatch.GetTimestamp() - last : 0) * 1000.0 / Stopwatch.Frequency;

    /// <summary>Gets how many numbers were left out.</summary>
    internal long Lost { get; private set; }

    /// <summary>Gets how many came again, or too late.</summary>
    internal long Again { get; private set; }

    internal void Heard(ReadOnlySpan<char> number)
    {
        long now = Stopwatch.GetTimestamp();
        if (_last != 0 && now - _last > _longest) { Volatile.Write(ref _longest, now - _last); }
        Volatile.Write(ref _last, now);
        if (!long.TryParse(number.TrimEnd(' '), CultureInfo.InvariantCulture, out long value)) { return; }
        if (value < _expected)
        {
            Again++;
            return;
        }
        Lost += value - _expected;
        _expected = value + 1;
    }
}
