namespace Eit.Protocol.Session;

/// <summary>Why a credential is asked for.</summary>
public enum TokenReason
{
    /// <summary>The first dial.</summary>
    First,

    /// <summary>A dial after a loss.</summary>
    Redial,

    /// <summary>A planned hand-over: the credential has to outlive the next transport.</summary>
    Cycle,

    /// <summary>The server has not accepted the last one (401), or it ended while it was in use, or nearly: a fresh one, not a cached one.</summary>
    Rejected,

    /// <summary>A planned hand-over because the last one is about to end: one that lives longer. If the last one comes again there is no dial, and the provider is asked again later.</summary>
    Expiring,
}
