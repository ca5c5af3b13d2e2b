namespace Eit.Backoff.Tests;

/// <summary>Short words for times: a test's clock starts at zero and is moved by hand.</summary>
internal static class Times
{
    internal static Instant At(double seconds) => Instant.Zero + TimeSpan.FromSeconds(seconds);

    internal static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    internal static TimeSpan Minutes(double minutes) => TimeSpan.FromMinutes(minutes);
}
