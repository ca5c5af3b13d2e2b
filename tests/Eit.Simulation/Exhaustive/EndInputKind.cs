namespace Eit.Simulation.Exhaustive;

/// <summary>What can happen to one end.</summary>
internal enum EndInputKind
{
    /// <summary>The client is started.</summary>
    Start,

    /// <summary>A dial arrives at the server.</summary>
    Admit,

    /// <summary>A message, a close or a loss comes in on a transport.</summary>
    Receive,

    /// <summary>A dial has failed.</summary>
    DialFailed,

    /// <summary>The application sends its next message.</summary>
    Send,

    /// <summary>The application's handler has finished.</summary>
    HandlerDone,

    /// <summary>A cycle is requested at the client, or asked for by the server.</summary>
    Cycle,

    /// <summary>The clock of this end runs to its next deadline.</summary>
    TimePasses,

    /// <summary>The application closes the session.</summary>
    Close,

    /// <summary>The client is put to sleep, or woken.</summary>
    Pause,

    /// <summary>The line takes a message.</summary>
    Write,
}
