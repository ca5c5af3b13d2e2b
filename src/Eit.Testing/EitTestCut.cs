namespace Eit.Testing;

/// <summary>How transports are cut.</summary>
public enum EitTestCut
{
    /// <summary>Both ends see a reset at once; what is on the way is lost.</summary>
    Reset,

    /// <summary>Both ends see the end of the stream, after what is on the way, as a gateway ends a tunnel. No WebSocket close is said.</summary>
    Close,
}
