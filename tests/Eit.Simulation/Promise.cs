using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Simulation;

/// <summary>What an end has taken over when it accepted a message.</summary>
internal readonly record struct Promise(Lane Lane, int Bytes)
{
    /// <summary>What the sender waits for; null if for nothing.</summary>
    internal CompleteWhen? Awaits { get; init; }

    internal byte Kind { get; init; }

    /// <summary>The key of which only the latest counts; null without one.</summary>
    internal string? Key { get; init; }

    internal Instant AcceptedAt { get; init; }

    /// <summary>How long it is worth handing over; null: as long as the session lives.</summary>
    internal TimeSpan? Life { get; init; }

    internal Instant ExpiresAt => Life is { } life ? AcceptedAt + life : Instant.Never;

    /// <summary>What it may be replaced by has the same.</summary>
    internal (Lane Lane, byte Kind, string Key)? Slot => Key is null ? null : (Lane, Kind, Key);
}
