using Eit.Backoff;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>Where a client stands.</summary>
public abstract record ClientState
{
    private ClientState() { }

    /// <summary>It has not been started.</summary>
    public sealed record Idle : ClientState;

    /// <summary>It opens a transport, and has none.</summary>
    /// <param name="Attempt">0 for the first since the start or the loss.</param>
    /// <param name="Epoch">The epoch of the dial.</param>
    public sealed record Dialing(int Attempt, long Epoch) : ClientState;

    /// <summary>A transport carries its session.</summary>
    public sealed record Connected : ClientState;

    /// <summary>It has no transport and will dial.</summary>
    /// <param name="Attempt">The attempt that comes: 0 for the first since the start or the loss.</param>
    /// <param name="RedialAt">When.</param>
    public sealed record Waiting(int Attempt, Instant RedialAt) : ClientState;

    /// <summary>The server does not want it; it asks again rarely.</summary>
    /// <param name="Attempt">The attempt that comes.</param>
    /// <param name="RetryAt">When.</param>
    public sealed record Refused(int Attempt, Instant RetryAt) : ClientState;

    /// <summary>The application has put it to sleep; its session waits at the server.</summary>
    public sealed record Paused : ClientState;

    /// <summary>It is over.</summary>
    /// <param name="Code">Why.</param>
    /// <param name="Reason">In words.</param>
    public sealed record Closed(CloseCode Code, string Reason) : ClientState;
}
