namespace Eit.Faults.Tests;

/// <summary>What a talk, or several of them, came to.</summary>
/// <param name="Sent">How many messages were sent, from the client.</param>
/// <param name="Heard">How many messages came, to the client.</param>
/// <param name="Lost">How many did not come although their session lives, or although their sender was told so.</param>
/// <param name="Duplicated">How many came again.</param>
/// <param name="Disordered">How many came too late for their order.</param>
/// <param name="Untrue">How many were told as not sent, and came.</param>
/// <param name="SessionsEnded">How many sessions ended before they were to.</param>
internal sealed record Finding(long Sent, long Heard, long Lost, int Duplicated, int Disordered, int Untrue, int SessionsEnded)
{
    internal static Finding Nothing { get; } = new(0, 0, 0, 0, 0, 0, 0);

    internal Finding Plus(Finding other) => new(
        Sent + other.Sent, Heard + other.Heard, Lost + other.Lost, Duplicated + other.Duplicated, Disordered + other.Disordered, Untrue + other.Untrue, SessionsEnded + other.SessionsEnded);
}
