namespace Eit.Protocol.Session;

/// <summary>What a transport is to its session (invariant 4). One that is superseded is not known any more.</summary>
public enum TransportRole
{
    /// <summary>New data leaves on it.</summary>
    Active,

    /// <summary>It is open and has not been switched to.</summary>
    Candidate,

    /// <summary>It may still deliver what was announced, and acknowledge.</summary>
    Retiring,
}
