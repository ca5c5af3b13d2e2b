using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>What a client machine tells its driver, to be passed on, in order.</summary>
public abstract record ClientOutput
{
    private ClientOutput() { }

    /// <summary>The state has changed.</summary>
    /// <param name="Previous">The state before.</param>
    /// <param name="Current">The state now.</param>
    /// <param name="Code">The close code that led to it; null if none did.</param>
    /// <param name="Reason">In words.</param>
    /// <param name="Failure">The failed dial that led to it; null if none did.</param>
    /// <param name="IsResumed">Whether, connected, the session of before goes on.</param>
    public sealed record StateChanged(ClientState Previous, ClientState Current, CloseCode? Code, string Reason, DialFailure? Failure, bool IsResumed) : ClientOutput;

    /// <summary>A planned cycle has ended.</summary>
    /// <param name="Failure">Why it changed nothing; null if it was done.</param>
    public sealed record CycleEnded(DialFailure? Failure) : ClientOutput;
}
