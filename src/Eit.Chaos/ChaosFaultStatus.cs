using Eit.Chaos.Faults;

namespace Eit.Chaos;

/// <summary>A fault of a proxy at one moment.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Fault">What it does.</param>
/// <param name="Hits">To how many connections it has applied.</param>
/// <param name="Acts">How often it did something that happens once: cut a connection, dropped a frame.</param>
public sealed record ChaosFaultStatus(string Name, ChaosFault Fault, int Hits, int Acts);
