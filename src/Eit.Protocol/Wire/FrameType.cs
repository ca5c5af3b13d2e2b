namespace Eit.Protocol.Wire;

/// <summary>What a frame is.</summary>
public enum FrameType : byte
{
    /// <summary>A client introduces itself (S).</summary>
    Hello,

    /// <summary>A server's answer to it (S).</summary>
    Welcome,

    /// <summary>A piece of a message (F2).</summary>
    Data,

    /// <summary>Positions and credit (N).</summary>
    Ack,

    /// <summary>Are you there? (L1.1).</summary>
    Ping,

    /// <summary>The answer to a ping (L1.2).</summary>
    Pong,

    /// <summary>Where data leaves the old transport for the new one (H1.3).</summary>
    Switch,

    /// <summary>What is missing, please here (H1.6).</summary>
    Resend,

    /// <summary>The server asks for a hand-over (H1.1).</summary>
    Cycle,

    /// <summary>The server changes what its welcome said (S3.2).</summary>
    Terms,


    /// <summary>An end closes the session (C2).</summary>
    Close,
}
