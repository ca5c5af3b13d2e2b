using System.Net;
using System.Net.Sockets;

namespace Eit.Compat;

/// <summary>What stands before two servers: passes each new connection on to the one that is in charge; those there are stay where they are.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private volatile int _upstream;
    private int _carried;

    public Relay(int upstream)
    {
        _upstream = upstream;
        _listener.Start(1_024);
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Gets how many connections it has carried.</summary>
    public int Carried => _carried;

    /// <summary>Puts another server in charge.</summary>
    public void TurnTo(int upstream) => _upstream = upstream;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var carrying = new List<Task>();
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptSocketAsync(_stop.Token);
                _carried++;
                carrying.RemoveAll(static carried => carried.IsCompleted);
                carrying.Add(CarryAsync(client, _upstream));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(carrying);
        }
    }

    private async Task CarryAsync(Socket client, int upstream)
    {
        using (client)
        using (var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true })
        {
            client.NoDelay = true;
            try { await server.ConnectAsync(IPAddress.Loopback, upstream, _stop.Token); }
            catch (Exception gone) when (gone is SocketException or OperationCanceledException) { return; }
            await Task.WhenAll(CopyAsync(client, server), CopyAsync(server, client));
        }
    }

    private async Task CopyAsync(Socket from, Socket to)
    {
        byte[] buffer = new byte[16 * 1024];
        try
        {
            int count;
            while ((count = await from.ReceiveAsync(buffer, _stop.Token)) > 0) { await to.SendAsync(buffer.AsMemory(0, count), _stop.Token); }
            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception gone) when (gone is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            from.Close(0);
            to.Close(0);
        }
    }
}
