using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Eit.Bench;

/// <summary>A TCP relay that holds every byte back for half of a round trip, and the first ones of a connection for a whole one more: the connection itself takes that.</summary>
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
        await Task.Delay(2 * _delay);
        await Task.WhenAll(CopyAsync(client, server), CopyAsync(server, client));
        client.Dispose();
    }

    private async Task CopyAsync(Socket from, Socket to)
    {
        using var held = new BlockingCollection<(long DueAt, byte[] Bytes)>();
        var forwarding = new Thread(() => Forward(held, to)) { IsBackground = true };
        forwarding.Start();
        byte[] buffer = new byte[64 * 1024];
        try
        {
            int count;
            while ((count = await from.ReceiveAsync(buffer)) > 0) { held.Add((Stopwatch.GetTimestamp() + (long)(_delay.TotalSeconds * Stopwatch.Frequency), buffer.AsSpan(0, count).ToArray())); }
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // One side is gone.
        }
        held.CompleteAdding();
        await Task.Run(forwarding.Join);
    }

    /// <summary>A thread of its own: the timers of the pool are too coarse.</summary>
    private static void Forward(BlockingCollection<(long DueAt, byte[] Bytes)> held, Socket to)
    {
        try
        {
            foreach ((long dueAt, byte[] bytes) in held.GetConsumingEnumerable())
            {
                while (Stopwatch.GetTimestamp() < dueAt) { Thread.Sleep(Math.Max(0, (int)((dueAt - Stopwatch.GetTimestamp()) * 1000 / Stopwatch.Frequency))); }
                for (int sent = 0; sent < bytes.Length;) { sent += to.Send(bytes.AsSpan(sent)); }
            }
            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // One side is gone.
        }
    }
}
