using System.Runtime.CompilerServices;
using Eit.Protocol.Wire;

namespace Eit.Link;

/// <summary>Knows which codes may stand in a WebSocket close (RFC 6455, 7.4).</summary>
internal static class SendableCloseCode
{
    /// <summary>Refuses a code that a peer would take for a violation of WebSocket.</summary>
    public static void Require(CloseCode code, [CallerArgumentExpression(nameof(code))] string? name = null)
    {
        if ((int)code is (>= 1000 and <= 1003) or (>= 1007 and <= 1014) or (>= 3000 and <= 4999)) { return; }
        throw new ArgumentOutOfRangeException(name, code, "The code may not stand in a WebSocket close.");
    }
}
