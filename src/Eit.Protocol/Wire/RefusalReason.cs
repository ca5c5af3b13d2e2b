using System.Globalization;

namespace Eit.Protocol.Wire;

/// <summary>The reason of a close that stands for a refused request: words, and before them the wait that the server asks for, if it does (A2.4).</summary>
public static class RefusalReason
{
    private const string Wait = "retry-after=";
    private const char End = ';';
    private const int DigitsMax = 9;

    /// <summary>Makes the reason.</summary>
    /// <param name="words">Why the request was refused.</param>
    /// <param name="retryAfter">The wait, told in whole seconds; null for none.</param>
    public static string Of(string words, TimeSpan? retryAfter)
    {
        ArgumentNullException.ThrowIfNull(words);
        TimeSpan? wait = PeerBounds.ClampRetryAfter(retryAfter);
        return CloseCodes.ToReason(wait is { } known ? string.Create(CultureInfo.InvariantCulture, $"{Wait}{(int)Math.Ceiling(known.TotalSeconds)}{End} {words}") : words);
    }

    /// <summary>Reads the wait.</summary>
    /// <param name="reason">The reason of a close.</param>
    /// <returns>The wait, at most <see cref="PeerBounds.RetryAfterMax"/>; null if none is told.</returns>
    public static TimeSpan? RetryAfterOf(string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        if (!reason.StartsWith(Wait, StringComparison.Ordinal)) { return null; }
        int end = reason.IndexOf(End, StringComparison.Ordinal);
        ReadOnlySpan<char> digits = end < 0 ? default : reason.AsSpan(Wait.Length, end - Wait.Length);
        bool isRead = digits.Length <= DigitsMax && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out _);
        return isRead ? PeerBounds.ClampRetryAfter(TimeSpan.FromSeconds(int.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture))) : null;
    }
}
