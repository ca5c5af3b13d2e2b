namespace Eit.Simulation.Exhaustive;

/// <summary>A dial that has not reached the server.</summary>
/// <param name="Epoch">Its epoch.</param>
/// <param name="Hello">What it says.</param>
/// <param name="IsGivenUp">Whether the client no longer waits for it; it may arrive all the same.</param>
internal readonly record struct PendingDial(int Epoch, int Hello, bool IsGivenUp);
