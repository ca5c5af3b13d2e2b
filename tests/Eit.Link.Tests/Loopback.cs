using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;

namespace Eit.Link.Tests;

/// <summary>Two ends of a TCP connection over the loopback interface.</summary>
internal static class Loopback
{
    public static async Task<(Stream Client, Stream Server)> ConnectAsync()
    {
        using TcpListener listener = new(IPAddress.Loopback, port: 0);
        listener.Start();
        Socket client = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Task<Socket> accepting = listener.AcceptSocketAsync();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        Socket server = await accepting;
        server.NoDelay = true;
        return (new NetworkStream(client, ownsSocket: true), new NetworkStream(server, ownsSocket: true));
    }

    public static WebSocketTransport Wrap(Stream stream, bool isServer, string? subprotocol, Action? abort = null) =>
        new(WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = isServer, SubProtocol = subprotocol }), abort);
}
