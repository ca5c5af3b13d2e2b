using System.Net;
using System.Net.Sockets;

namespace Eit.Cli.Demo;

/// <summary>What stands between the client and the server: passes TCP on, and cuts, refuses and swallows on command.</summary>
internal sealed class DemoRelay : IAsyncDisposable
{
    private const int Backlog = 128;

    private readonly Lock _gate = new();
    private readonly IPEndPoint _server;
    private readonly IPEndPoint _address;
    private readonly List<DemoFlow> _flows = [];
    private readonly List<Task> _running = [];
    private Socket _listener;
    private bool _resetsNewcomers;
    private bool _isDisposed;

    internal DemoRelay(int serverPort)
    {
        _server = new IPEndPoint(IPAddress.Loopback, serverPort);
        _listener = Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _address = (IPEndPoint)_listener.LocalEndPoint!;
        Listen();
    }

    internal int Port => _address.Port;

    /// <summary>Gets how many connections it carries, those not counted that it swallows.</summary>
    internal int LiveCount
    {
        get
        {
            lock (_gate) { return _flows.Count(static flow => !flow.IsDark); }
        }
    }

    /// <summary>Resets a connection in the middle of the next bytes that go one way.</summary>
    /// <param name="cut">How.</param>
    /// <param name="isOldest">Whether the oldest is meant; else the newest.</param>
    /// <returns>Whether a connection was cut; false when there was none to cut, or it ended by itself.</returns>
    internal Task<bool> CutAsync(DemoCut cut, bool isOldest)
    {
        DemoFlow? flow;
        lock (_gate) { flow = isOldest ? _flows.Find(static flow => !flow.IsDark) : _flows.FindLast(static flow => !flow.IsDark); }
        return flow is not null && flow.Order(cut) ? cut.Done : Task.FromResult(false);
    }

    /// <summary>Swallows from now on all that comes on the connections there are; new ones go through.</summary>
    /// <returns>How many there were.</returns>
    internal int Blacken()
    {
        lock (_gate)
        {
            List<DemoFlow> live = _flows.FindAll(static flow => !flow.IsDark);
            live.ForEach(static flow => flow.Blacken());
            return live.Count;
        }
    }

    /// <summary>Lets nobody in until <see cref="Admit"/>; the connections there are go on.</summary>
    /// <param name="listens">Whether newcomers are accepted, and then reset; else nobody listens.</param>
    internal void Refuse(bool listens)
    {
        lock (_gate)
        {
            _resetsNewcomers = listens;
            if (listens) { return; }
            _listener.Dispose();
            _listener = Bind(_address);                            // Bound and not listening: the port stays ours, and dials are refused.
        }
    }

    /// <summary>Lets newcomers in again.</summary>
    internal void Admit()
    {
        lock (_gate)
        {
            if (_resetsNewcomers) { _resetsNewcomers = false; }
            else { Listen(); }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task[] running;
        lock (_gate)
        {
            _isDisposed = true;
            _listener.Dispose();
            _flows.ForEach(static flow => flow.Reset());
            running = [.. _running];
        }
        await Task.WhenAll(running);
    }

    private static Socket Bind(IPEndPoint address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
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

    private void Listen()
    {
        _listener.Listen(Backlog);
        _running.RemoveAll(static task => task.IsCompletedSuccessfully);
        _running.Add(AcceptAsync(_listener));
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (true)
        {
            Socket client;
            try { client = await listener.AcceptAsync(); }
            catch (SocketException early) when (early.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted) { continue; }
            catch (Exception closed) when (closed is SocketException or ObjectDisposedException) { return; }
            lock (_gate)
            {
                if (_resetsNewcomers || _isDisposed) { DemoFlow.ResetOne(client); }
                else { _running.Add(CarryAsync(client)); }
            }
        }
    }

    private async Task CarryAsync(Socket client)
    {
        var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        var flow = new DemoFlow(client, server);
        try
        {
            client.NoDelay = true;
            await server.ConnectAsync(_server);
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            flow.Reset();
            return;
        }
        lock (_gate)
        {
            if (_isDisposed) { flow.Reset(); }
            else { _flows.Add(flow); }
        }
        await flow.RunAsync();
        lock (_gate) { _flows.Remove(flow); }
    }
}
