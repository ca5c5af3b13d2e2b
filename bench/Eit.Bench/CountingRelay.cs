using System.Net;
using System.Net.Sockets;

namespace Eit.Bench;

/// <summary>A TCP relay that counts what goes each way.</summary>
internal sealed class CountingRelay : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _upstream;
    private readonly Direction _up = new();
    private readonly Direction _down = new();

    internal CountingRelay(int upstream)
    {
        _upstream = upstream;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _ = AcceptAsync();
    }

    internal int Port { get; }

    /// <summary>Gets what has gone each way; what came at once on an idle line counts as one packet.</summary>
    internal (long UpBytes, long UpPackets, long DownBytes, long DownPackets) Counts => (Volatile.Read(ref _up.Bytes), Volatile.Read(ref _up.Packets), Volatile.Read(ref _down.Bytes), Volatile.Read(ref _down.Packets));

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptSocketAsync();
                _ = TunnelAsync(client);
            }
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // The run is over.
        }
    }

    private async Task TunnelAsync(Socket client)
    {
        using Socket server = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        await server.ConnectAsync(IPAddress.Loopback, _upstream);
        await Task.WhenAny(CopyAsync(client, server, _up), CopyAsync(server, client, _down));
        client.Dispose();
    }

    private static async Task CopyAsync(Socket from, Socket to, Direction direction)
    {
        byte[] buffer = new byte[4 * 1024];
        try
        {
            int count;
            while ((count = await from.ReceiveAsync(buffer)) > 0)
            {
                Interlocked.Add(ref direction.Bytes, count);
                Interlocked.Increment(ref direction.Packets);
                for (int sent = 0; sent < count;) { sent += await to.SendAsync(buffer.AsMemory(sent, count - sent)); }
            }
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // One side is gone.
        }
    }

    private sealed class Direction
    {
        internal long Bytes;
        internal long Packets;
    }
}
