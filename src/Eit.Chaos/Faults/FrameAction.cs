namespace Eit.Chaos.Faults;

/// <summary>What is done to an Eit frame.</summary>
public enum FrameAction
{
    /// <summary>It does not arrive.</summary>
    Drop,

    /// <summary>It arrives later, and so does everything behind it.</summary>
    Delay,

    /// <summary>It arrives twice.</summary>
    Duplicate,

    /// <summary>The connection is ended after some of its bytes, or after all of them.</summary>
    Cut,

    /// <summary>It does not arrive; its sender is answered with a WebSocket close, and the connection ends.</summary>
    Close,
}
