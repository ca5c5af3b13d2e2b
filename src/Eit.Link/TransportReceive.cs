using System.Runtime.InteropServices;
using Eit.Protocol.Wire;

namespace Eit.Link;

/// <summary>What one receive brought.</summary>
/// <param name="Kind">Bytes or a close.</param>
/// <param name="Count">How many bytes of the buffer were filled; 0 for a close.</param>
/// <param name="IsText">Whether the bytes belong to a text message.</param>
/// <param name="EndsMessage">Whether the message is complete with these bytes.</param>
/// <param name="Code">The code of a close, 1005 if it had none; it means nothing for data.</param>
/// <param name="Reason">The reason of a close; empty for data.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct TransportReceive(TransportReceiveKind Kind, int Count, bool IsText, bool EndsMessage, CloseCode Code, string Reason)
{
    /// <summary>The code of a close that came without one.</summary>
    public const CloseCode NoCode = (CloseCode)1005;

    /// <summary>Reports bytes of a message.</summary>
    /// <param name="count">How many bytes of the buffer were filled.</param>
    /// <param name="isText">Whether they belong to a text message.</param>
    /// <param name="endsMessage">Whether the message is complete with them.</param>
    public static TransportReceive Data(int count, bool isText, bool endsMessage) =>
        new(TransportReceiveKind.Data, count, isText, endsMessage, default, "");

    /// <summary>Reports the peer's close.</summary>
    /// <param name="code">Its code.</param>
    /// <param name="reason">Its reason.</param>
    public static TransportReceive Closed(CloseCode code, string reason) =>
        new(TransportReceiveKind.Closed, 0, IsText: false, EndsMessage: true, code, reason);
}
