namespace Eit.Faults.Tests;

/// <summary>How long a user would wait, with a time-out T of 2 s, dials of at most C = 2 s and a back-off of at most B = 0.5 s. Counted from the end of the fault.</summary>
internal static class Bounds
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    /// <summary>The end of a transport could be heard.</summary>
    internal static TimeSpan Loud { get; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Dials were refused meanwhile: B and a second.</summary>
    internal static TimeSpan Refused { get; } = TimeSpan.FromSeconds(1.5);

    /// <summary>A silence that goes on for the transports that met it: T, and a second to dial.</summary>
    internal static TimeSpan Silence { get; } = TimeSpan.FromSeconds(3);

    /// <summary>Nothing went through meanwhile, for so long: what is left of T, then max(B, C), and a second.</summary>
    internal static TimeSpan BlackHoled(double seconds) => TimeSpan.FromSeconds(Math.Max(0, 2 - seconds) + 2) + s_second;
}
