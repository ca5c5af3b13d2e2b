namespace Eit.Chaos;

/// <summary>How a connection is ended.</summary>
public enum CutWay
{
    /// <summary>Both ends see a reset (RST).</summary>
    Reset,

    /// <summary>Both ends see the end of the stream (FIN), as a gateway ends a tunnel.</summary>
    Close,
}
