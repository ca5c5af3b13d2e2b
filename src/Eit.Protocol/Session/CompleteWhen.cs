namespace Eit.Protocol.Session;

/// <summary>When a send counts as done.</summary>
public enum CompleteWhen
{
    /// <summary>The peer's handler has finished with the message, or has failed (<see cref="SendOutcome.Failed"/>).</summary>
    Processed,

    /// <summary>The peer has the message.</summary>
    Received,

    /// <summary>This end has taken the message over.</summary>
    Accepted,
}
