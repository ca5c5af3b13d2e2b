namespace Eit.Protocol.Wire;

/// <summary>Why a transport or a session ended (C1.1). Any number may come from a peer; <see cref="CloseCodes"/> knows what each range means.</summary>
public enum CloseCode
{
    /// <summary>The transport ended without a close.</summary>
    Lost = 1006,

    /// <summary>An end closed the session.</summary>
    Closed = 4000,

    /// <summary>The peer was silent for the time-out.</summary>
    Timeout = 4100,

    /// <summary>A newer transport has taken over.</summary>
    Cycled = 4101,

    /// <summary>The credentials of the transport have expired.</summary>
    Expired = 4102,

    /// <summary>The client has detached.</summary>
    Detached = 4103,

    /// <summary>A write did not get through.</summary>
    Stalled = 4104,

    /// <summary>The peer's handler is too slow for what is sent to it.</summary>
    SlowConsumer = 4105,

    /// <summary>The server has too much to do.</summary>
    Overloaded = 4200,

    /// <summary>The credential was not accepted, as HTTP 401 says it (A2.4).</summary>
    Unauthorized = 4201,

    /// <summary>Too many requests, as HTTP 429 says it (A2.4).</summary>
    TooManyRequests = 4202,

    /// <summary>The server is full or about to stop, as HTTP 503 says it (A2.4).</summary>
    Unavailable = 4203,

    /// <summary>The client has moved to another server.</summary>
    Moved = 4300,

    /// <summary>The session was not resumed in time, or the server no longer has it.</summary>
    SessionLost = 4301,

    /// <summary>The server is about to stop.</summary>
    Draining = 4400,

    /// <summary>The server has as many sessions as it can take.</summary>
    Full = 4401,

    /// <summary>The peer's handler was too slow again and again, and has finished with nothing in between.</summary>
    TooSlow = 4402,

    /// <summary>What came is not a frame.</summary>
    Malformed = 4500,

    /// <summary>A frame that has no place in this state.</summary>
    BadState = 4501,

    /// <summary>A number out of place.</summary>
    BadNumber = 4502,

    /// <summary>An acknowledgement of what was never sent.</summary>
    BadAck = 4503,

    /// <summary>A piece that does not fit its message.</summary>
    BadPiece = 4504,

    /// <summary>More than the credit.</summary>
    CreditExceeded = 4505,

    /// <summary>A WebSocket message beyond the limit.</summary>
    TooLarge = 4506,

    /// <summary>A message beyond the receiver's limit.</summary>
    MessageTooLarge = 4507,

    /// <summary>The client did not say hello in time.</summary>
    HelloTimeout = 4508,

    /// <summary>A handler failed, and the application wants its connection to end with that.</summary>
    HandlerFailed = 4509,

    /// <summary>The peer does not finish a message that it has begun.</summary>
    Unfinished = 4510,

    /// <summary>The server does not want this client.</summary>
    Forbidden = 4600,

    /// <summary>Another client has presented the same instance.</summary>
    Superseded = 4700,

    /// <summary>An epoch that is not above the highest seen.</summary>
    StaleEpoch = 4701,

    /// <summary>A proof that is not the session's.</summary>
    BadProof = 4702,

    /// <summary>A session of another principal.</summary>
    OtherPrincipal = 4703,
}
