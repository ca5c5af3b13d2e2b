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

    /// <summary>The server has not accepted the last one (401): a fresh one, not a cached one.</summary>
    Rejected,
}
