namespace Eit.Simulation.Exhaustive;

/// <summary>What a world has only so much of.</summary>
internal enum Budget
{
    MessagesUp,
    MessagesDown,
    Cycles,
    CyclesAsked,
    Cuts,
    DialFailures,
    Stops,
    ClientJumps,
    ServerJumps,
    Closes,
    Pauses,

    /// <summary>How often time passes because nothing else is left to happen and not everything is settled.</summary>
    Patience,

    /// <summary>Not a budget: 1 when the client's application has closed, and nothing but its end can be the end.</summary>
    ClientHasClosed,

    /// <summary>How many budgets there are.</summary>
    Count,
}
