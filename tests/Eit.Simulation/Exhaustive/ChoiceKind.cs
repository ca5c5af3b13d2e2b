namespace Eit.Simulation.Exhaustive;

/// <summary>What a world can choose to let happen.</summary>
internal enum ChoiceKind
{
    // What will happen sooner or later.

    /// <summary>The next packet of a direction arrives.</summary>
    Deliver,

    /// <summary>What else was on the way in a direction of a cut transport is lost, and the loss is noticed.</summary>
    Notice,

    /// <summary>A dial reaches the server.</summary>
    Arrive,

    /// <summary>A handler finishes.</summary>
    HandlerDone,

    /// <summary>A deadline that is near comes: of an ack, of a gap.</summary>
    TimePasses,

    /// <summary>A line takes what an end has to write.</summary>
    Write,

    /// <summary>A client that sleeps is woken.</summary>
    Wake,

    /// <summary>A client gives up a dial whose answer has fallen silent on the way.</summary>
    TimeOutDial,

    /// <summary>Nothing else is left to happen, and time goes on until it is.</summary>
    Wait,

    // What may happen, or not.

    /// <summary>An application sends.</summary>
    Send,

    /// <summary>A cycle is requested at the client, or asked for by the server.</summary>
    Cycle,

    /// <summary>A transport is cut.</summary>
    Cut,

    /// <summary>A direction falls silent.</summary>
    Stop,

    /// <summary>A dial fails and never arrives.</summary>
    FailDial,

    /// <summary>A client gives a dial up, which may arrive all the same, or has.</summary>
    GiveUpDial,

    /// <summary>A deadline that is far away comes: the other end, or the network, was slow.</summary>
    Jump,

    /// <summary>An application closes.</summary>
    Close,

    /// <summary>The client is put to sleep.</summary>
    Pause,

    /// <summary>A dial that was given up reaches the server.</summary>
    ArriveLate,
}
