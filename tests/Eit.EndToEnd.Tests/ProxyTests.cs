using System.Net;
using System.Net.Sockets;
using System.Text;
using Eit.Connection;
using Eit.Protocol.Session;

namespace Eit.EndToEnd.Tests;

public sealed class ProxyTests
{
    [Fact]
    public async Task A_connection_goes_through_the_proxy_that_its_options_name_and_comes_back_through_it()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using var proxy = new ConnectProxy();
        await using EitConnection client = host.Client(configure: options => options.Proxy = new WebProxy(new Uri($"http://127.0.0.1:{proxy.Port}")));
        await client.StartAsync().Soon();
        await recorder.Calls.UntilAsync(static call => call == "connected");

        proxy.CutAll();
        await recorder.Calls.UntilAsync(static call => call == "resumed");
        SendOutcome outcome = await client.SendAsync("through").Soon();

        Assert.Equal(SendOutcome.Processed, outcome);
        Assert.True(proxy.Tunnels >= 2);
        Assert.All(proxy.Requests, request => Assert.StartsWith($"CONNECT 127.0.0.1:{host.Port} ", request, StringComparison.Ordinal));
    }

    /// <summary>An HTTP proxy that knows CONNECT only.</summary>
    private sealed class ConnectProxy : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly List<Socket> _sockets = [];
        private readonly List<string> _requests = [];
        private readonly Task _accepting;

        internal ConnectProxy()
        {
            _listener.Start();
            _accepting = AcceptAsync();
        }

        internal int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        internal int Tunnels => Requests.Count;

        internal IReadOnlyList<string> Requests
        {
            get { lock (_sockets) { return [.. _requests]; } }
        }

        internal void CutAll()
        {
            lock (_sockets)
            {
                foreach (Socket socket in _sockets) { socket.Close(0); }
                _sockets.Clear();
            }
        }

        public async ValueTask DisposeAsync()
        {
            _listener.Stop();
            CutAll();
            await _accepting;
        }

        private async Task AcceptAsync()
        {
            var tunnels = new List<Task>();
            try
            {
                while (true) { tunnels.Add(ServeAsync(await _listener.AcceptSocketAsync())); }
            }
            catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
            {
                await Task.WhenAll(tunnels);
            }
        }

        private async Task ServeAsync(Socket client)
        {
            using var upstream = new Socket(SocketType.Stream, ProtocolType.Tcp);
            lock (_sockets) { _sockets.AddRange([client, upstream]); }
            try
            {
                string request = await ReadHeadAsync(client);
                lock (_sockets) { _requests.Add(request); }
                await upstream.ConnectAsync(IPEndPoint.Parse(request.Split(' ')[1]));
                await client.SendAsync("HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray());
                await Task.WhenAny(CopyAsync(client, upstream), CopyAsync(upstream, client));
            }
            catch (Exception cut) when (cut is SocketException or ObjectDisposedException)
            {
                // As it was meant to be.
            }
            client.Dispose();
        }

        private static async Task<string> ReadHeadAsync(Socket client)
        {
            var head = new StringBuilder();
            byte[] one = new byte[1];
            while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await client.ReceiveAsync(one) == 1) { head.Append((char)one[0]); }
            return head.ToString();
        }

        private static async Task CopyAsync(Socket from, Socket to)
        {
            byte[] buffer = new byte[16 * 1024];
            try
            {
                for (int got = await from.ReceiveAsync(buffer); got > 0; got = await from.ReceiveAsync(buffer)) { await to.SendAsync(buffer.AsMemory(0, got)); }
            }
            catch (Exception cut) when (cut is SocketException or ObjectDisposedException)
            {
                // Either end may go at any time.
            }
        }
    }
}
