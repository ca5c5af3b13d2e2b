using System.Net;
using System.Net.Sockets;

namespace Eit.EndToEnd.Tests;

/// <summary>A TCP relay in front of a server that cuts, refuses, swallows and slows down on command.</summary>
internal sealed class FaultRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly List<Tunnel> _tunnels = [];
    private readonly Task _accepting;
    private TaskCompletionSource _flow = Opened();
    private int _dials;

    internal FaultRelay(int upstream)
    {
        Upstream = upstream;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    internal int Port { get; }

    internal int Upstream { get; set; }

    /// <summary>Whether new connections are reset at once.</summary>
    internal bool Refuses { get; set; }

    /// <summary>How fast new connections carry each direction; null for as fast as it goes.</summary>
    internal SlowPath? SlowPath { get; set; }

    /// <summary>How many connections have been accepted.</summary>
    internal int Dials => Volatile.Read(ref _dials);

    /// <summary>Called for each new connection: after how many bytes up and down it is reset; null for never.</summary>
    internal Func<int, (long? Up, long? Down)> CutPlan { get; set; } = static _ => (null, null);

    internal int Live
    {
        get
        {
            lock (_gate) { return _tunnels.Count; }
        }
    }

    /// <summary>Resets every connection.</summary>
    internal int CutAll()
    {
        Tunnel[] tunnels;
        lock (_gate) { tunnels = [.. _tunnels]; }
        foreach (Tunnel tunnel in tunnels) { tunnel.Cut(); }
        return tunnels.Length;
    }

    /// <summary>Swallows from now on all that comes on the connections there are, and lets nobody know; new ones go through.</summary>
    internal void Blacken()
    {
        lock (_gate) { _tunnels.ForEach(static tunnel => tunnel.IsDark = true); }
    }

    /// <summary>Stops all bytes, and lets new connections hang.</summary>
    internal void Freeze()
    {
        lock (_gate)
        {
            if (_flow.Task.IsCompleted) { _flow = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously); }
        }
    }

    /// <summary>Lets everything flow again: what was held back, too.</summary>
    internal void Thaw()
    {
        lock (_gate) { _flow.TrySetResult(); }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Thaw();
        _listener.Stop();
        CutAll();
        await _accepting;
        Tunnel[] tunnels;
        lock (_gate) { tunnels = [.. _tunnels]; }
        foreach (Tunnel tunnel in tunnels) { await tunnel.Running; }
        _stop.Dispose();
    }

    private static TaskCompletionSource Opened()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }

    private Task FlowAsync()
    {
        lock (_gate) { return _flow.Task; }
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket client;
            try { client = await _listener.AcceptSocketAsync(_stop.Token); }
            catch (Exception failure) when (failure is OperationCanceledException or SocketException or ObjectDisposedException) { return; }
            if (Refuses)
            {
                client.LingerState = new LingerOption(enable: true, 0);
                client.Dispose();
                continue;
            }
            int number = Interlocked.Increment(ref _dials);
            (long? up, long? down) = CutPlan(number);
            var tunnel = new Tunnel(this, client, up, down);
            lock (_gate) { _tunnels.Add(tunnel); }
            tunnel.Start();
        }
    }

    private sealed class Tunnel(FaultRelay relay, Socket client, long? cutUp, long? cutDown)
    {
        private readonly Socket _server = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

        private volatile bool _isDark;

        internal Task Running { get; private set; } = Task.CompletedTask;

        internal bool IsDark
        {
            get => _isDark;
            set => _isDark = value;
        }

        internal void Start() => Running = RunAsync();

        internal void Cut()
        {
            Reset(client);
            Reset(_server);
        }

        private static void Reset(Socket socket)
        {
            try
            {
                socket.LingerState = new LingerOption(enable: true, 0);
                socket.Dispose();
            }
            catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
            {
                // It is gone already.
            }
        }

        private async Task RunAsync()
        {
            try
            {
                client.NoDelay = true;
                await relay.FlowAsync();
                await _server.ConnectAsync(IPAddress.Loopback, relay.Upstream);
                if (relay.SlowPath is { } slow) { await Task.WhenAll(CarryAsync(slow, client, _server), CarryAsync(slow, _server, client)); }
                else { await Task.WhenAll(CopyAsync(client, _server, cutUp), CopyAsync(_server, client, cutDown)); }
            }
            catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
            {
                // The upstream refuses; the client sees a reset.
            }
            Cut();
            lock (relay._gate) { relay._tunnels.Remove(this); }
        }

        private async Task CarryAsync(SlowPath slow, Socket from, Socket to)
        {
            try { await slow.CarryAsync(from, to); }
            catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
            {
                // One side is gone: so is the tunnel.
            }
            Cut();
        }

        private async Task CopyAsync(Socket from, Socket to, long? cutAfter)
        {
            byte[] buffer = new byte[16 * 1024];
            long left = cutAfter ?? long.MaxValue;
            try
            {
                while (true)
                {
                    int count = await from.ReceiveAsync(buffer);
                    await relay.FlowAsync();
                    if (IsDark && count == 0) { return; }
                    if (IsDark) { continue; }
                    if (count == 0)
                    {
                        to.Shutdown(SocketShutdown.Send);
                        return;
                    }
                    int allowed = (int)Math.Min(count, left);
                    for (int sent = 0; sent < allowed;) { sent += await to.SendAsync(buffer.AsMemory(sent, allowed - sent)); }
                    left -= allowed;
                    if (left == 0) { break; }
                }
            }
            catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
            {
                // One side is gone: so is the tunnel.
            }
            Cut();
        }
    }
}
