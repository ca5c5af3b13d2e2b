using Eit.Protocol.Wire;

namespace Eit.Connection;

/// <summary>A change of a connection's state.</summary>
/// <param name="Previous">The state before.</param>
/// <param name="Current">The state now.</param>
/// <param name="Reason">Why, in words for a log.</param>
public sealed record EitStateChange(EitConnectionState Previous, EitConnectionState Current, string Reason)
{
    /// <summary>Gets the close code that led to it; null if none did.</summary>
    public CloseCode? Code { get; init; }

    /// <summary>Gets the HTTP status of the failed dial that led to it; null if there was none.</summary>
    public int? HttpStatus { get; init; }

    /// <summary>Gets the time until the next dial; null if none is planned.</summary>
    public TimeSpan? NextAttemptIn { get; init; }

    /// <summary>Gets how many dials have failed since the loss.</summary>
    public int Attempt { get; init; }

    /// <summary>Gets whether, connected, the session of before goes on; else it is a new one.</summary>
    public bool IsResumed { get; init; }
}
