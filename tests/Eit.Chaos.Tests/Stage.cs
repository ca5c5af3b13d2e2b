using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Eit.Chaos.Tests;

/// <summary>A proxy in front of a bare listener; a test holds both ends of each connection in its hands.</summary>
internal sealed class Stage : IAsyncDisposable
{
    private readonly TcpListener _upstream;
    private readonly List<Socket> _sockets = [];

    private Stage(TcpListener upstream, ChaosProxy proxy)
    {
        (_upstream, Proxy) = (upstream, proxy);
    }

    internal ChaosProxy Proxy { get; }

    /// <summary>Whether the proxy has dialled and nobody has accepted.</summary>
    internal bool HasPending => _upstream.Pending();

    internal static Stage Start(TimeProvider? time = null, ulong seed = 0, Action<ChaosProxyOptions>? configure = null)
    {
        var upstream = new TcpListener(IPAddress.Loopback, 0);
        upstream.Start();
        var options = new ChaosProxyOptions { Upstream = upstream.LocalEndpoint, Seed = seed, TimeProvider = time ?? TimeProvider.System };
        configure?.Invoke(options);
        return new Stage(upstream, ChaosProxy.Start(options));
    }

    internal async Task<Socket> DialAsync()
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _sockets.Add(client);
        try { await client.ConnectAsync(Proxy.EndPoint).Soon(); }
        catch (SocketException early) when (early.SocketErrorCode == SocketError.ConnectionReset)
        {
            client.Dispose();                                      // The proxy was faster. Whoever reads to the end is told so.
        }
        return client;
    }

    internal async Task<Socket> AcceptAsync()
    {
        Socket server = await _upstream.AcceptSocketAsync().Soon();
        server.NoDelay = true;
        _sockets.Add(server);
        return server;
    }

    internal async Task<(Socket Client, Socket Server)> ConnectAsync()
    {
        int number = Proxy.Counters.Accepted + 1;
        Socket client = await DialAsync();
        Socket server = await AcceptAsync();
        await Proxy.WaitForAsync(happened => happened.Kind == ChaosEventKind.Dialled && happened.Connection == number).Soon();
        return (client, server);
    }

    /// <summary>Dials and waits until the proxy has taken it up, whatever it then does.</summary>
    internal async Task<(Socket Client, ChaosConnection? Connection)> DialSeenAsync()
    {
        int number = Proxy.Counters.Accepted + 1;
        Socket client = await DialAsync();
        await Proxy.WaitForAsync(happened => happened.Kind == ChaosEventKind.Opened && happened.Connection == number).Soon();
        return (client, Proxy.Connections.FirstOrDefault(connection => connection.Number == number));
    }

    public async ValueTask DisposeAsync()
    {
        await Proxy.DisposeAsync().AsTask().Soon();
        foreach (Socket socket in _sockets) { socket.Dispose(); }
        _upstream.Stop();
    }
}

/// <summary>What tests do with sockets.</summary>
internal static class SocketExtensions
{
    internal static async Task SendAllAsync(this Socket socket, byte[] bytes)
    {
        for (int sent = 0; sent < bytes.Length;) { sent += await socket.SendAsync(bytes.AsMemory(sent)).Soon(); }
    }

    internal static Task SayAsync(this Socket socket, string text) => socket.SendAllAsync(Encoding.Latin1.GetBytes(text));

    internal static async Task<byte[]> ReadAsync(this Socket socket, int count)
    {
        byte[] bytes = new byte[count];
        for (int read = 0; read < count;)
        {
            int more = await socket.ReceiveAsync(bytes.AsMemory(read)).Soon();
            if (more == 0) { throw new EndOfStreamException($"It ended after {read} of {count} bytes."); }
            read += more;
        }
        return bytes;
    }

    internal static async Task<string> HearAsync(this Socket socket, int count) => Encoding.Latin1.GetString(await socket.ReadAsync(count));

    /// <summary>Reads to the end.</summary>
    /// <returns>What came, and whether it ended with a reset.</returns>
    internal static async Task<(byte[] Bytes, bool IsReset)> ReadToEndAsync(this Socket socket)
    {
        List<byte> bytes = [];
        byte[] buffer = new byte[16 * 1024];
        try
        {
            while (await socket.ReceiveAsync(buffer).Soon() is > 0 and var count) { bytes.AddRange(buffer.AsSpan(0, count)); }
            return ([.. bytes], false);
        }
        catch (Exception failure) when (failure is SocketException { SocketErrorCode: SocketError.ConnectionReset } or ObjectDisposedException) { return ([.. bytes], true); }
    }
}
