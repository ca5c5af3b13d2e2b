namespace Eit.Faults.Tests;

/// <summary>A rule of the protocol that a scripted peer breaks, to prove that the scenarios can fail.</summary>
public enum Mutation
{
    /// <summary>None.</summary>
    None,

    /// <summary>It says that a message is processed as soon as it has read it, and forgets those that it has not handed over when a transport is lost.</summary>
    AcknowledgesBeforeDelivery,

    /// <summary>It hands over what comes again after a resume.</summary>
    DoesNotDeduplicate,

    /// <summary>It takes a proof with any epoch, so that a hello works as often as one likes.</summary>
    DoesNotCheckEpochs,
}
