namespace Eit.Connection;

/// <summary>Where a connection stands.</summary>
public enum EitConnectionState
{
    /// <summary>It has not been started.</summary>
    Idle,

    /// <summary>It opens a transport, and has none.</summary>
    Dialing,

    /// <summary>A transport carries its session. A planned cycle does not change this.</summary>
    Connected,

    /// <summary>It has no transport and will dial by itself.</summary>
    Waiting,

    /// <summary>The server does not want it (HTTP 403, close codes 4600 to 4699); it asks again rarely.</summary>
    Refused,

    /// <summary>The application has put it to sleep.</summary>
    Paused,

    /// <summary>It is over.</summary>
    Closed,
}
