using System.Net;
using System.Net.Sockets;

namespace Eit.Chaos.Flows;

/// <summary>What sockets do when they end.</summary>
internal static class Sockets
{
    private const int DrainBytes = 16 * 1024;

    /// <summary>Tells whether an exception means that a connection is gone, or was given up.</summary>
    internal static bool IsGone(Exception failure) => failure is SocketException or IOException or ObjectDisposedException or OperationCanceledException or InvalidOperationException;

    internal static Socket Bind(IPEndPoint address)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(address);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Closes a socket so that its peer sees a reset and not an end.</summary>
    internal static void Reset(Socket socket)
    {
        try { socket.LingerState = new LingerOption(enable: true, seconds: 0); }
        catch (Exception gone) when (IsGone(gone))
        {
            // It is closed already.
        }
        socket.Dispose();
    }

    /// <summary>Closes a socket so that its peer sees the end of the stream: what still comes is read, for the system answers bytes that nobody has read with a reset.</summary>
    internal static async Task CloseAsync(Socket socket, CancellationToken limit)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
            byte[] buffer = new byte[DrainBytes];
            while (await socket.ReceiveAsync(buffer, limit).ConfigureAwait(false) > 0) { }
        }
        catch (Exception gone) when (IsGone(gone))
        {
            // The peer has gone first, or takes too long.
        }
        socket.Dispose();
    }
}
