using System.Net.WebSockets;
using Eit.Protocol.Wire;

namespace Eit.Link.Tests;

public class WebSocketTransportTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);

    [Fact, Clause("L1.3")]
    public async Task A_large_message_on_a_slow_path_is_reported_while_it_comes()
    {
        (Stream client, Stream server) = await Loopback.ConnectAsync();
        await using WebSocketTransport transport = Loopback.Wrap(server, isServer: true, subprotocol: null);
        Task<TransportReceive> receiving = transport.ReceiveAsync(new byte[65_536], CancellationToken.None).AsTask();

        await client.WriteAsync(MakeFrameHeader(opcode: 2, length: 65_535));
        await client.WriteAsync(new byte[20_000]);

        Assert.Equal(TransportReceive.Data(16_384, isText: false, endsMessage: false), await receiving.WaitAsync(s_limit));
    }

    [Fact]
    public async Task A_connection_that_ends_in_the_middle_of_a_message_is_a_loss()
    {
        (Stream client, Stream server) = await Loopback.ConnectAsync();
        await using WebSocketTransport transport = Loopback.Wrap(server, isServer: true, subprotocol: null);
        Task<TransportReceive> receiving = transport.ReceiveAsync(new byte[16_384], CancellationToken.None).AsTask();

        await client.WriteAsync(MakeFrameHeader(opcode: 1, length: 1_000));
        await client.WriteAsync(new byte[500]);
        await client.DisposeAsync();

        TransportException exception = await Assert.ThrowsAsync<TransportException>(() => receiving.WaitAsync(s_limit));
        Assert.NotNull(exception.InnerException);
    }

    [Fact]
    public async Task What_is_not_websocket_is_a_loss()
    {
        (Stream client, Stream server) = await Loopback.ConnectAsync();
        await using WebSocketTransport transport = Loopback.Wrap(server, isServer: true, subprotocol: null);

        await client.WriteAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray());

        await Assert.ThrowsAsync<TransportException>(() => transport.ReceiveAsync(new byte[10], CancellationToken.None).AsTask().WaitAsync(s_limit));
    }

    [Fact]
    public async Task An_empty_close_is_reported_as_1000_since_the_platform_does_not_tell()
    {
        (Stream client, Stream server) = await Loopback.ConnectAsync();
        await using WebSocketTransport transport = Loopback.Wrap(server, isServer: true, subprotocol: null);

        await client.WriteAsync(new byte[] { 0x88, 0x80, 0, 0, 0, 0 });
        TransportReceive closed = await transport.ReceiveAsync(new byte[10], CancellationToken.None).AsTask().WaitAsync(s_limit);

        Assert.Equal(TransportReceive.Closed((CloseCode)1000, ""), closed);
    }

    [Fact]
    public async Task A_close_without_a_code_is_1005_where_the_platform_tells()
    {
        using StubWebSocket socket = new() { Result = new ValueWebSocketReceiveResult(0, WebSocketMessageType.Close, true) };
        await using WebSocketTransport transport = new(socket);

        TransportReceive closed = await transport.ReceiveAsync(new byte[10], CancellationToken.None);

        Assert.Equal(TransportReceive.Closed((CloseCode)1005, ""), closed);
        Assert.Equal(1000, (int)socket.ClosedWith!);
    }

    [Fact]
    public async Task A_close_that_comes_behind_a_stalled_send_is_reported_all_the_same()
    {
        (Stream client, Stream server) = await Loopback.ConnectAsync();
        await using WebSocketTransport transport = Loopback.Wrap(server, isServer: true, subprotocol: null);
        Task sending = SendForEverAsync();                         // If the send that has to wait is taken after all, the next one waits.

        await client.WriteAsync(new byte[] { 0x88, 0x82, 0, 0, 0, 0, 0x0F, 0xA0 });
        TransportReceive closed = await transport.ReceiveAsync(new byte[10], CancellationToken.None).AsTask().WaitAsync(s_limit);
        await transport.DisposeAsync();

        Assert.Equal(CloseCode.Closed, closed.Code);
        await Assert.ThrowsAsync<TransportException>(() => sending.WaitAsync(s_limit));

        async Task SendForEverAsync()
        {
            while (true) { await transport.SendAsync(new byte[1_000_000], isText: false, CancellationToken.None); }
        }
    }

    [Fact]
    public async Task An_abort_also_aborts_what_carries_the_socket_and_only_once()
    {
        int aborts = 0;
        using StubWebSocket socket = new();
        WebSocketTransport transport = new(socket, () => aborts++);

        transport.Abort();
        transport.Abort();
        await transport.DisposeAsync();

        Assert.Equal([1, 1], [aborts, socket.Aborts]);
    }

    [Fact]
    public async Task A_dispose_of_an_open_socket_aborts_it_since_a_servers_dispose_leaves_the_receive_hanging()
    {
        int aborts = 0;
        using StubWebSocket socket = new();

        await new WebSocketTransport(socket, () => aborts++).DisposeAsync();

        Assert.Equal([1, 1], [aborts, socket.Aborts]);
    }

    [Fact]
    public async Task An_abort_that_fails_below_is_nobodys_concern()
    {
        using StubWebSocket socket = new() { AbortThrows = true };
        WebSocketTransport transport = new(socket, () => throw new InvalidOperationException("The context is gone."));

        transport.Abort();
        await transport.DisposeAsync();

        Assert.Equal(1, socket.Aborts);
    }

    [Theory]
    [InlineData(typeof(IOException))]
    [InlineData(typeof(ObjectDisposedException))]
    [InlineData(typeof(OperationCanceledException))]
    [InlineData(typeof(WebSocketException))]
    [InlineData(typeof(InvalidOperationException))]
    public async Task Whatever_the_platform_throws_is_one_exception(Type type)
    {
        Exception thrown = type == typeof(ObjectDisposedException) ? new ObjectDisposedException("socket") : (Exception)Activator.CreateInstance(type)!;
        using StubWebSocket socket = new() { Throws = thrown };
        await using WebSocketTransport transport = new(socket);

        TransportException fromReceive = await Assert.ThrowsAsync<TransportException>(
            () => transport.ReceiveAsync(new byte[1], CancellationToken.None).AsTask());
        TransportException fromSend = await Assert.ThrowsAsync<TransportException>(
            () => transport.SendAsync(new byte[1], isText: true, CancellationToken.None).AsTask());
        await transport.CloseAsync(CloseCode.Closed, "", CancellationToken.None);

        Assert.Equal([thrown, thrown], [fromReceive.InnerException, fromSend.InnerException]);
        Assert.Equal(1, socket.Aborts);
    }

    [Fact]
    public void A_send_and_a_receive_that_complete_at_once_allocate_nothing()
    {
        using StubWebSocket socket = new() { Result = new ValueWebSocketReceiveResult(7, WebSocketMessageType.Text, true) };
        WebSocketTransport transport = new(socket);
        byte[] buffer = new byte[100];

        AssertAllocation.None(() =>
        {
            AssertAllocation.IsDone(transport.SendAsync(buffer, isText: true, CancellationToken.None));
            return AssertAllocation.ResultOf(transport.ReceiveAsync(buffer, CancellationToken.None)).Count;
        });
    }

    // With a 16-bit length and a mask of zeros, as a client sends it.
    private static byte[] MakeFrameHeader(int opcode, int length) => [(byte)(0x80 | opcode), 0x80 | 126, (byte)(length >> 8), (byte)length, 0, 0, 0, 0];

    /// <summary>A socket that does at once what it is told.</summary>
    private sealed class StubWebSocket : WebSocket
    {
        public ValueWebSocketReceiveResult Result { get; init; }

        public Exception? Throws { get; init; }

        public bool AbortThrows { get; init; }

        public int Aborts { get; private set; }

        public WebSocketCloseStatus? ClosedWith { get; private set; }

        public override WebSocketCloseStatus? CloseStatus => null;

        public override string? CloseStatusDescription => null;

        public override WebSocketState State => WebSocketState.Open;

        public override string? SubProtocol => null;

        public override void Abort()
        {
            Aborts++;
            if (AbortThrows) { throw new InvalidOperationException("The socket is gone."); }
        }

        public override ValueTask<ValueWebSocketReceiveResult> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
            Throws is null ? new(Result) : throw Throws;

        public override ValueTask SendAsync(
            ReadOnlyMemory<byte> buffer, WebSocketMessageType messageType, WebSocketMessageFlags messageFlags, CancellationToken cancellationToken) =>
            Throws is null ? default : ValueTask.FromException(Throws);

        public override Task CloseOutputAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken)
        {
            ClosedWith = closeStatus;
            return Throws is null ? Task.CompletedTask : Task.FromException(Throws);
        }

        public override Task<WebSocketReceiveResult> ReceiveAsync(ArraySegment<byte> buffer, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public override Task SendAsync(ArraySegment<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public override Task CloseAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public override void Dispose()
        {
        }
    }
}
