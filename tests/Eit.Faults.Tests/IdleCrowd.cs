using System.Net;
using System.Net.Sockets;

namespace Eit.Faults.Tests;

/// <summary>Connections that say nothing.</summary>
internal sealed class IdleCrowd : IDisposable
{
    private readonly List<Socket> _sockets = [];

    internal async Task GatherAsync(IPEndPoint server, int count)
    {
        for (int i = 0; i < count; i++)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            _sockets.Add(socket);
            await socket.ConnectAsync(server).Soon();
        }
    }

    public void Dispose() => _sockets.ForEach(static socket => socket.Dispose());
}
