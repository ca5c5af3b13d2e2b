using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>Why a dial failed.</summary>
/// <param name="Kind">What it failed at.</param>
/// <param name="Reason">In words.</param>
public sealed record DialFailure(DialFailureKind Kind, string Reason)
{
    /// <summary>Gets the HTTP status of the answer; null if there was none.</summary>
    public int? HttpStatus { get; init; }

    /// <summary>Gets where the answer points to, as it says it; null if it is no redirect.</summary>
    public string? Location { get; init; }

    /// <summary>Gets the wait that the server asked for; null if it did not.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Gets the code of the close that came instead of welcome; null if none did.</summary>
    public CloseCode? Code { get; init; }
}
