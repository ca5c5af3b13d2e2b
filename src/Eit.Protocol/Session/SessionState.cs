using Eit.Backoff;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>Where a session stands with its transports.</summary>
public abstract record SessionState
{
    private SessionState() { }

    /// <summary>One transport carries the session.</summary>
    /// <param name="Epoch">Its epoch.</param>
    public sealed record Online(long Epoch) : SessionState;

    /// <summary>A client has opened a new transport and not yet switched to it; the old one carries the session while it lives.</summary>
    /// <param name="Old">The epoch of the old transport; null if it has been lost meanwhile.</param>
    /// <param name="New">The epoch of the new one.</param>
    public sealed record Proving(long? Old, long New) : SessionState;

    /// <summary>Data leaves on the new transport; what is on the old one still arrives.</summary>
    /// <param name="Old">The epoch of the old transport; null if it has been lost meanwhile.</param>
    /// <param name="New">The epoch of the new one.</param>
    public sealed record Crossing(long? Old, long New) : SessionState;

    /// <summary>There is no transport.</summary>
    /// <param name="Since">When the last one was lost.</param>
    /// <param name="Until">When the session ends if none comes.</param>
    public sealed record Detached(Instant Since, Instant Until) : SessionState;

    /// <summary>The session is over.</summary>
    /// <param name="Code">Why.</param>
    /// <param name="Reason">In words.</param>
    public sealed record Ended(CloseCode Code, string Reason) : SessionState;
}
