using Eit.Backoff;

namespace Eit.Protocol.Wire;

/// <summary>What the ranges of close codes tell a client (C1.1).</summary>
public static class CloseCodes
{
    /// <summary>The longest reason of a close, in ASCII characters.</summary>
    public const int ReasonCharsMax = 123;

    /// <summary>Tells whether the session may be resumed.</summary>
    /// <param name="code">The code; one without a name counts by its range.</param>
    public static bool SessionLives(CloseCode code) => (int)code is < 4000 or > 4799 or (>= 4100 and <= 4299);

    /// <summary>Tells whether the client should dial again by itself.</summary>
    /// <param name="code">The code.</param>
    public static bool MayRedial(CloseCode code) => (int)code is < 4000 or > 4099;

    /// <summary>Tells whether the client has to take a new instance id first.</summary>
    /// <param name="code">The code.</param>
    public static bool NeedsNewInstance(CloseCode code) => (int)code is >= 4700 and <= 4799;

    /// <summary>Tells when the client should dial again.</summary>
    /// <param name="code">The code.</param>
    public static RedialCause RedialCauseOf(CloseCode code) => (int)code switch
    {
        (int)CloseCode.Expired => RedialCause.Expired,
        >= 4100 and <= 4199 => RedialCause.Local,
        >= 4200 and <= 4299 => RedialCause.Spread,
        >= 4300 and <= 4399 => RedialCause.Local,
        >= 4400 and <= 4499 => RedialCause.Spread,
        >= 4500 and <= 4599 => RedialCause.Failure,
        >= 4600 and <= 4699 => RedialCause.Refused,
        >= 4700 and <= 4799 => RedialCause.Failure,
        _ => RedialCause.Loss,
    };

    /// <summary>Makes a text fit for the reason of a WebSocket close: printable ASCII, at most <see cref="ReasonCharsMax"/> characters.</summary>
    /// <param name="text">Any text.</param>
    public static string ToReason(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return string.Create(Math.Min(text.Length, ReasonCharsMax), text, static (span, source) =>
        {
            for (int i = 0; i < span.Length; i++) { span[i] = source[i] is >= ' ' and <= '~' ? source[i] : '?'; }
        });
    }
}
