using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Eit.Bench;

/// <summary>A TCP relay that holds every byte back for half of a round trip.</summary>
internal sealed class DelayRelay : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _upstream;
    private readonly TimeSpan _delay;

    internal DelayRelay(int upstream, TimeSpan roundTrip)
    {
        (_upstream, _delay) = (upstream, roundTrip / 2);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _ = AcceptAsync();
    }

    internal int Port { get; }

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
        await Task.WhenAll(CopyAsync(client, server), CopyAsync(server, client));
        client.Dispose();
    }

    private async Task CopyAsync(Socket from, Socket to)
    {
        var held = Channel.CreateUnbounded<(long DueAt, byte[] Bytes)>();
        Task forwarding = ForwardAsync(held.Reader, to);
        byte[] buffer = new byte[64 * 1024];
        try
        {
            int count;
            while ((count = await from.ReceiveAsync(buffer)) > 0) { held.Writer.TryWrite((Stopwatch.GetTimestamp() + (long)(_delay.TotalSeconds * Stopwatch.Frequency), buffer.AsSpan(0, count).ToArray())); }
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // One side is gone.
        }
        held.Writer.Complete();
        await forwarding;
    }

    private static async Task ForwardAsync(ChannelReader<(long DueAt, byte[] Bytes)> held, Socket to)
    {
        try
        {
            await foreach ((long dueAt, byte[] bytes) in held.ReadAllAsync())
            {
                double wait = (dueAt - Stopwatch.GetTimestamp()) * 1000.0 / Stopwatch.Frequency;
                if (wait > 0) { await Task.Delay(TimeSpan.FromMilliseconds(wait)); }
                for (int sent = 0; sent < bytes.Length;) { sent += await to.SendAsync(bytes.AsMemory(sent)); }
            }
            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // One side is gone.
        }
    }
}
