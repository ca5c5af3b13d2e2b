using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Eit.Chaos.Tests;

public class PassingTests
{
    [Fact]
    public async Task Without_faults_both_directions_pass_unchanged_and_end_one_by_one()
    {
        await using Stage stage = Stage.Start();
        (Socket client, Socket server) = await stage.ConnectAsync();

        await client.SayAsync("to the server");
        client.Shutdown(SocketShutdown.Send);
        (byte[] Bytes, bool IsReset) up = await server.ReadToEndAsync();
        await server.SayAsync("and back");
        server.Shutdown(SocketShutdown.Send);
        (byte[] Bytes, bool IsReset) down = await client.ReadToEndAsync();

        Assert.Equal("to the server"u8.ToArray(), up.Bytes);
        Assert.Equal("and back"u8.ToArray(), down.Bytes);
        Assert.False(up.IsReset || down.IsReset);
        await stage.Proxy.WaitForAsync(happened => happened.Kind == ChaosEventKind.Ended).Soon();
        Assert.Equal(new ChaosCounters(Accepted: 1, Live: 0, TurnedAway: 0, DialFailures: 0, EndedByFaults: 0, BytesUp: 13, BytesDown: 8), stage.Proxy.Counters);
    }

    [Fact]
    public async Task Megabytes_both_ways_at_once_arrive_unchanged()
    {
        await using Stage stage = Stage.Start();
        (Socket client, Socket server) = await stage.ConnectAsync();
        byte[] up = RandomNumberGenerator.GetBytes(5_000_000);
        byte[] down = RandomNumberGenerator.GetBytes(5_000_000);

        Task sending = Task.WhenAll(client.SendAllAsync(up), server.SendAllAsync(down));
        byte[][] came = await Task.WhenAll(server.ReadAsync(up.Length), client.ReadAsync(down.Length));
        await sending;

        Assert.Equal(up, came[0]);
        Assert.Equal(down, came[1]);
    }

    [Fact]
    public async Task A_reset_of_one_end_reaches_the_other_as_a_reset()
    {
        await using Stage stage = Stage.Start();
        (Socket client, Socket server) = await stage.ConnectAsync();
        await client.SayAsync("x");
        await server.HearAsync(1);

        server.LingerState = new LingerOption(enable: true, seconds: 0);
        server.Dispose();

        Assert.True((await client.ReadToEndAsync()).IsReset);
    }

    [Fact]
    public async Task An_upstream_that_is_not_there_resets_the_client_and_is_counted()
    {
        using var nobody = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        nobody.Bind(new IPEndPoint(IPAddress.Loopback, 0));        // It keeps the port, and does not listen.
        await using Stage stage = Stage.Start(configure: options => options.Upstream = nobody.LocalEndPoint!);

        Socket client = await stage.DialAsync();

        Assert.True((await client.ReadToEndAsync()).IsReset);
        await stage.Proxy.WaitForAsync(happened => happened.Kind == ChaosEventKind.DialFailed).Soon();
        Assert.Equal(1, stage.Proxy.Counters.DialFailures);
    }

    [Fact]
    public async Task More_connections_than_the_bound_are_reset()
    {
        await using Stage stage = Stage.Start(configure: static options => options.ConnectionsMax = 1);
        (Socket first, Socket server) = await stage.ConnectAsync();

        Socket second = await stage.DialAsync();
        bool isReset = (await second.ReadToEndAsync()).IsReset;
        await first.SayAsync("still there");

        Assert.True(isReset);
        Assert.Equal("still there", await server.HearAsync(11));
        Assert.Equal(1, stage.Proxy.Counters.TurnedAway);
    }

    [Fact]
    public async Task What_is_held_for_a_sink_that_does_not_read_is_bounded()
    {
        await using Stage stage = Stage.Start(configure: static options => options.BufferBytes = 64 * 1024);
        stage.Proxy.Set("hole", new Faults.BlackHoleFault());
        (Socket client, ChaosConnection? connection) = await stage.DialSeenAsync();
        byte[] block = new byte[64 * 1024];

        client.Blocking = false;
        await Patience.UntilAsync(() => !TrySend(client, block) && connection!.BytesUp >= 60 * 1024);   // Until the kernel's buffers and the proxy's are full.

        Assert.InRange(connection!.BytesUp, 60 * 1024, (64 + 16) * 1024);
    }

    [Fact]
    public async Task Dispose_resets_what_there_is_waits_for_it_and_frees_the_port()
    {
        Stage stage = Stage.Start();
        (Socket client, Socket server) = await stage.ConnectAsync();
        ChaosConnection connection = stage.Proxy.Connections.Single();
        await client.SayAsync("x");
        await server.HearAsync(1);

        await stage.Proxy.DisposeAsync().Soon();
        bool hasEnded = connection.Ended.IsCompleted;
        bool[] resets = [(await client.ReadToEndAsync()).IsReset, (await server.ReadToEndAsync()).IsReset];
        await stage.DisposeAsync();

        Assert.True(hasEnded);
        Assert.Equal([true, true], resets);
        await Patience.UntilAsync(() => IsFree(stage.Proxy.Port));   // Somebody else may have it for a moment.
    }

    [Fact]
    public void Options_that_are_missing_or_out_of_range_are_all_named()
    {
        var options = new ChaosProxyOptions { DialLimit = TimeSpan.Zero, ConnectionsMax = 0, BufferBytes = 1, EventsMax = 0 };

        ArgumentException refused = Assert.Throws<ArgumentException>(() => ChaosProxy.Start(options));

        Assert.All(["Upstream", "DialLimit", "ConnectionsMax", "BufferBytes", "EventsMax"], name => Assert.Contains($"EitChaos:{name}", refused.Message, StringComparison.Ordinal));
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try { listener.Start(); }
        catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse) { return false; }
        return true;
    }

    private static bool TrySend(Socket socket, byte[] bytes)
    {
        try { return socket.Send(bytes) > 0; }
        catch (SocketException full) when (full.SocketErrorCode == SocketError.WouldBlock) { return false; }
    }
}
