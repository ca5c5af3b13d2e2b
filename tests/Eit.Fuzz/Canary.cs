namespace Eit.Fuzz;

/// <summary>A bug that is planted, to prove that the checks can fail.</summary>
internal enum Canary
{
    /// <summary>None.</summary>
    None,

    /// <summary>A reader throws at some messages.</summary>
    ReaderThrows,

    /// <summary>A reader takes far more memory for some messages than they are long.</summary>
    ReaderHoards,

    /// <summary>A reader never comes back from some messages.</summary>
    ReaderHangs,

    /// <summary>A reader takes some messages for others.</summary>
    ReaderMisreads,

    /// <summary>The driver of a session hands a message over twice.</summary>
    RepeatsMessage,

    /// <summary>The driver of a session keeps the outcome of a message to itself.</summary>
    KeepsOutcome,

    /// <summary>The driver of a session lets an exception of its own through, when the peer breaks the protocol.</summary>
    ThrowsOnViolation,
}
