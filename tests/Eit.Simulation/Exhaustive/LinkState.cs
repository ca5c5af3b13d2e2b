namespace Eit.Simulation.Exhaustive;

/// <summary>A transport that has reached the server.</summary>
internal struct LinkState
{
    internal int Epoch;

    /// <summary>Whether the client has heard anything on it.</summary>
    internal bool IsHeard;

    internal DirectionState ToServer;

    internal DirectionState ToClient;

    internal readonly bool IsGone => ToServer.IsDone && ToClient.IsDone;
}
