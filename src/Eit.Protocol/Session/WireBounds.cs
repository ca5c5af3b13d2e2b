namespace Eit.Protocol.Session;

/// <summary>Bounds of this implementation that a peer meets only when it is hostile.</summary>
internal static class WireBounds
{
    /// <summary>How many pieces may come early on a new transport.</summary>
    internal const int EarlyPiecesMax = 65_536;

    /// <summary>How many control frames may wait to leave on a transport; a peer that asks for more does not read.</summary>
    internal const int ControlFramesMax = 1_024;
}
