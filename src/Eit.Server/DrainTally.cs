using Eit.Protocol.Wire;

namespace Eit.Server;

/// <summary>Tells whether there is another server, by how the sessions end whose clients were asked to move: whoever came back here, and was answered 503, closes with <c>draining</c> (C3.3).</summary>
internal sealed class DrainTally
{
    /// <summary>Of two servers that a balancer takes in turn, the one that leaves is found so many times in a row in 1 of 256 drains.</summary>
    internal const int ReturnsMax = 8;

    private bool _hasMoved;

    /// <summary>Gets how many clients have come back.</summary>
    internal int Returns { get; private set; }

    /// <summary>Gets whether nobody can be expected to go anywhere else.</summary>
    internal bool IsAlone => !_hasMoved && Returns >= ReturnsMax;

    /// <summary>Tells how a session has ended.</summary>
    /// <param name="code">The code.</param>
    internal void Ended(CloseCode code)
    {
        if (code == CloseCode.Moved) { _hasMoved = true; }
        if (code == CloseCode.Draining) { Returns++; }
    }
}
