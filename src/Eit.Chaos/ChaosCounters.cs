namespace Eit.Chaos;

/// <summary>What a proxy has counted since its start.</summary>
/// <param name="Accepted">Connections that were accepted.</param>
/// <param name="Live">Connections that there are.</param>
/// <param name="TurnedAway">Connections that were reset at once because there were too many.</param>
/// <param name="DialFailures">Connections for which the upstream could not be reached, or whose TLS handshake failed.</param>
/// <param name="EndedByFaults">Connections that a fault has ended.</param>
/// <param name="BytesUp">Bytes that came from clients; with TLS of its own, those within it.</param>
/// <param name="BytesDown">Bytes that came from the upstream; with TLS of its own, those within it.</param>
public sealed record ChaosCounters(int Accepted, int Live, int TurnedAway, int DialFailures, int EndedByFaults, long BytesUp, long BytesDown);
