namespace Eit.Simulation;

/// <summary>A bug that is planted in a simulated end, to prove that the checks can fail.</summary>
internal enum Canary
{
    /// <summary>None.</summary>
    None,

    /// <summary>The client's driver says that a message is processed that no handler has seen, when a transport is lost: acknowledgement before delivery.</summary>
    ForgetsOnLoss,

    /// <summary>The server's driver hands a message over twice after a resume: no deduplication.</summary>
    RepeatsOnResume,

    /// <summary>The server's driver forgets once to say that a handler has finished: the credit of one message never comes back.</summary>
    ForgetsFinished,

    /// <summary>The client's driver hears one message of credit too little after a resume: credit that is lost with a transport.</summary>
    LosesCredit,

    /// <summary>The client's driver hears one message of credit too much after a resume: credit that comes back twice.</summary>
    ReturnsCreditTwice,

    /// <summary>The server's driver tells of each twentieth message that its handler has thrown where it has not, and the reverse.</summary>
    MistakesFailures,
}
