namespace Eit.Server;

/// <summary>What became of a broadcast at its sender.</summary>
/// <param name="Accepted">How many sessions have taken it over, those that wait for their client included: each of their clients gets it once, in its place.</param>
/// <param name="Refused">The sessions that have not, because their outbox is full or their client takes no message as large: they miss it. Sessions that close are not counted.</param>
public sealed record BroadcastResult(int Accepted, IReadOnlyList<EitSession> Refused)
{
    /// <summary>Gets those of <see cref="Refused"/> whose client takes no message as large (N3.10).</summary>
    public IReadOnlyList<EitSession> TooLarge { get; init; } = [];
}
