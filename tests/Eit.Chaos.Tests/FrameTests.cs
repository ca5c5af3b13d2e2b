using System.Net.Sockets;
using System.Text;
using Eit.Chaos.Faults;
using Eit.Chaos.Frames;
using Eit.Protocol.Wire;

namespace Eit.Chaos.Tests;

public class FrameTests
{
    private const uint Mask = 0x01020304;
    private const string Ping = """{"t":"ping","id":3}""";
    private const string Pong = """{"t":"pong","id":3}""";
    private const string Ack = """{"t":"ack","received":0,"processed":[0,0,0,0],"credit":[1024,1048576]}""";
    private const string Request = "GET /talk HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    private const string Answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";

    [Fact]
    public async Task The_second_ack_is_dropped_and_every_other_frame_arrives()
    {
        await using Stage stage = Begin(new FrameFault { Frame = FrameType.Ack, Nth = 2 });
        (Socket client, Socket server) = await OpenAsync(stage);

        foreach (string message in (string[])[Ping, Ack, $"[{Ack},{Pong}]", Ack]) { await server.SendAllAsync(Message(message)); }

        foreach (string message in (string[])[Ping, Ack, Pong, Ack]) { Assert.Equal(Message(message), await client.ReadAsync(Message(message).Length)); }
        ChaosEvent acted = Assert.Single(stage.Proxy.Events, happened => happened.Kind == ChaosEventKind.Acted);
        Assert.Equal(("rule", "rule: ack down, drop."), (acted.Fault, acted.Text));
        Assert.Equal(1, stage.Proxy.Faults.Single().Acts);
    }

    [Fact]
    public async Task A_rule_for_one_direction_does_not_count_the_other()
    {
        await using Stage stage = Begin(new FrameFault { Frame = FrameType.Ping, Direction = ChaosDirection.Up });
        (Socket client, Socket server) = await OpenAsync(stage);

        await server.SendAllAsync(Message(Ping));
        byte[] down = await client.ReadAsync(Message(Ping).Length);
        await client.SendAllAsync(Message(Ping, Mask));
        await client.SendAllAsync(Message(Pong, Mask));

        Assert.Equal(Message(Ping), down);
        Assert.Equal(Message(Pong, Mask), await server.ReadAsync(Message(Pong, Mask).Length));
    }

    [Fact]
    public async Task A_rule_acts_as_often_as_it_says_over_all_connections()
    {
        await using Stage stage = Begin(new FrameFault { Frame = FrameType.Ping, Times = 2 });

        for (int i = 0; i < 3; i++)
        {
            (Socket client, Socket server) = await OpenAsync(stage);
            await server.SendAllAsync(Message($"[{Ping},{Pong}]"));
            string expected = i < 2 ? Pong : $"[{Ping},{Pong}]";
            Assert.Equal(Message(expected), await client.ReadAsync(Message(expected).Length));
        }
    }

    [Fact]
    public async Task A_frame_is_duplicated_in_its_message()
    {
        await using Stage stage = Begin(new FrameFault { Frame = FrameType.Pong, Action = FrameAction.Duplicate });
        (Socket client, Socket server) = await OpenAsync(stage);

        await client.SendAllAsync(Message($"[{Ping} , {Pong}]", Mask));

        byte[] expected = Message($"[{Ping},{Pong},{Pong}]", Mask);
        Assert.Equal(expected, await server.ReadAsync(expected.Length));
    }

    [Fact]
    public async Task A_frame_is_delayed_and_so_is_everything_behind_it()
    {
        var time = new ManualTimeProvider();
        await using Stage stage = Begin(new FrameFault { Frame = FrameType.Ack, Action = FrameAction.Delay, Delay = TimeSpan.FromHours(1) }, time);
        (Socket client, Socket server) = await OpenAsync(stage);

        foreach (string message in (string[])[Ping, Ack, Pong]) { await server.SendAllAsync(Message(message)); }
        byte[] before = await client.ReadAsync(Message(Ping).Length);
        await Patience.UntilAsync(() => time.ArmedTimers > 0);
        int early = client.Available;
        time.Advance(TimeSpan.FromHours(1));

        Assert.Equal(Message(Ping), before);
        Assert.Equal(0, early);
        Assert.Equal([.. Message(Ack), .. Message(Pong)], (await client.ReadAsync(Message(Ack).Length + Message(Pong).Length)).AsEnumerable());
    }

    [Fact]
    public async Task A_connection_is_cut_after_every_number_of_bytes_of_a_frame()
    {
        for (int bytes = 0; bytes <= Pong.Length; bytes++)
        {
            await using Stage stage = Begin(new FrameFault { Frame = FrameType.Pong, Action = FrameAction.Cut, Bytes = bytes });
            (Socket client, Socket server) = await OpenAsync(stage);

            await server.SendAllAsync(Message($"[{Ping},{Pong},{Ack}]"));
            (byte[] Bytes, bool IsReset) came = await client.ReadToEndAsync();

            byte[] whole = Message($"[{Ping},{Pong}]");
            Assert.True(came.IsReset);
            Assert.Equal(bytes == Pong.Length ? whole : whole[..(whole.Length - 1 - Pong.Length + bytes)], came.Bytes);
            Assert.Equal("rule", stage.Proxy.Events[^1].Fault);
        }
    }

    [Theory]
    [InlineData(ChaosDirection.Up)]
    [InlineData(ChaosDirection.Down)]
    public async Task The_sender_of_a_frame_is_answered_with_a_close(ChaosDirection direction)
    {
        await using Stage stage = Begin(new FrameFault { Frame = FrameType.Ping, Action = FrameAction.Close, Code = 4200, Reason = "busy", Direction = direction });
        (Socket client, Socket server) = await OpenAsync(stage);
        (Socket sender, Socket other, uint? mask) = direction == ChaosDirection.Up ? (client, server, Mask) : (server, client, (uint?)null);

        await sender.SendAllAsync(Message($"[{Ack},{Ping},{Pong}]", mask));
        byte[] before = await other.ReadAsync(Message(Ack, mask).Length);
        byte[] close = (await sender.ReadToEndAsync()).Bytes;
        sender.Dispose();
        byte[] rest = (await other.ReadToEndAsync()).Bytes;

        Assert.True(WebSocketFrame.TryRead(close, out WebSocketFrame frame));
        Assert.Equal((8, direction == ChaosDirection.Down), (frame.Opcode, frame.Mask is not null));
        byte[] payload = close[frame.PayloadAt..];
        if (frame.Mask is { } key) { WebSocketFrame.Apply(key, payload); }
        Assert.Equal([0x10, 0x68, .. "busy"u8], payload.AsEnumerable());
        Assert.Equal(Message(Ack, mask), before);
        Assert.Empty(rest);
    }

    [Fact]
    public async Task A_message_in_parts_with_a_control_frame_between_is_read_as_one()
    {
        await using Stage stage = Begin(new FrameFault { Frame = FrameType.Ping });
        (Socket client, Socket server) = await OpenAsync(stage);
        byte[] message = Encoding.UTF8.GetBytes($"[{Ping},{Pong}]");
        byte[] control = WebSocketFrame.Write(9, "beat"u8, Mask, out _);

        await client.SendAllAsync(Part(1, isFinal: false, message[..5]));
        await client.SendAllAsync(Part(0, isFinal: false, message[5..5]));
        foreach (byte value in control) { await client.SendAllAsync([value]); }
        await client.SendAllAsync(Part(0, isFinal: true, message[5..]));

        byte[] expected = [.. control, .. Message(Pong, Mask)];
        Assert.Equal(expected, await server.ReadAsync(expected.Length));
    }

    [Theory]
    [InlineData(125)]
    [InlineData(126)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(1_000_000)]
    public async Task What_is_no_frame_of_eit_passes_unchanged_whatever_its_length(int length)
    {
        await using Stage stage = Begin(new FrameFault { Times = 0 });
        (Socket client, Socket server) = await OpenAsync(stage);
        byte[] message = Message(new string('x', length), Mask);

        Task sending = client.SendAllAsync(message);
        byte[] came = await server.ReadAsync(message.Length);
        await sending;

        Assert.Equal(message, came);
    }

    [Fact]
    public async Task A_message_beyond_the_bound_passes_unread()
    {
        await using Stage stage = Begin(new FrameFault { Times = 0 });
        (Socket client, Socket server) = await OpenAsync(stage);
        byte[] message = Message(new string('x', 1024 * 1024), Mask);

        Task sending = client.SendAllAsync([.. message, .. Message(Ping, Mask)]);
        byte[] came = await server.ReadAsync(message.Length + Message(Ping, Mask).Length);
        await sending;

        Assert.Equal(Message(Ping, Mask), came[message.Length..]);
        Assert.Contains(stage.Proxy.Events, happened => happened.Kind == ChaosEventKind.Noted);
    }

    [Fact]
    public async Task Compression_and_the_encoding_that_is_not_read_are_taken_out_of_the_offer()
    {
        await using Stage stage = Begin(new FrameFault());
        (Socket client, Socket server) = await stage.ConnectAsync();

        await client.SayAsync("GET / HTTP/1.1\r\nUpgrade: WebSocket\r\nsec-websocket-protocol: eit.v1.bin\r\nSec-WebSocket-Extensions: permessage-deflate\r\nX: 1\r\nSec-WebSocket-Protocol: eit.v1.json,other\r\n\r\n");

        const string Expected = "GET / HTTP/1.1\r\nUpgrade: WebSocket\r\nSec-WebSocket-Protocol: eit.v1.json, other\r\nX: 1\r\n\r\n";
        Assert.Equal(Expected, await server.HearAsync(Expected.Length));
    }

    [Fact]
    public async Task A_client_that_offers_only_the_encoding_that_is_not_read_passes_unread()
    {
        await using Stage stage = Begin(new FrameFault { Times = 0 });
        (Socket client, Socket server) = await stage.ConnectAsync();
        const string Asked = "GET / HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: eit.v1.bin\r\n\r\n";

        await client.SayAsync(Asked);
        string request = await server.HearAsync(Asked.Length);
        await server.SayAsync(Answer);
        await client.HearAsync(Answer.Length);
        byte[] binary = WebSocketFrame.Write(2, [1, 2, 3], mask: null, out _);
        await server.SendAllAsync(binary);

        Assert.Equal(Asked, request);
        Assert.Equal(binary, await client.ReadAsync(binary.Length));
    }

    [Fact]
    public async Task The_beginning_of_a_frame_passes_when_its_sender_ends_there()
    {
        await using Stage stage = Begin(new FrameFault());
        (Socket client, Socket server) = await OpenAsync(stage);

        await client.SendAllAsync(Message(Ping, Mask)[..9]);
        client.Shutdown(SocketShutdown.Send);

        Assert.Equal(Message(Ping, Mask)[..9], (await server.ReadToEndAsync()).Bytes);
    }

    [Fact]
    public async Task An_answer_that_declines_asks_the_client_not_to_come_back_on_this_connection()
    {
        await using Stage stage = Begin(new FrameFault());
        (Socket client, Socket server) = await stage.ConnectAsync();

        await client.SayAsync(Request);
        await server.HearAsync(Request.Length);
        await server.SayAsync("HTTP/1.1 401 Unauthorized\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nno");

        const string Expected = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno";
        Assert.Equal(Expected, await client.HearAsync(Expected.Length));
    }

    [Theory]
    [InlineData("POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("GET without an end")]
    [InlineData("\u0016\u0003\u0001 something else")]
    public async Task What_is_no_websocket_passes_unchanged(string bytes)
    {
        await using Stage stage = Begin(new FrameFault { Times = 0 });
        (Socket client, Socket server) = await stage.ConnectAsync();

        bool isHead = bytes.StartsWith("GET", StringComparison.Ordinal) && !bytes.EndsWith('\n');
        if (!isHead)
        {
            await client.SayAsync(bytes);
            Assert.Equal(bytes, await server.HearAsync(bytes.Length));
        }
        else
        {
            string endless = bytes + new string('x', HttpHead.BytesMax);
            await client.SayAsync(endless);
            Assert.Equal(endless, await server.HearAsync(endless.Length));
        }
        await server.SayAsync("220 ready\r\n\r\n");
        Assert.Equal("220 ready\r\n\r\n", await client.HearAsync(13));
    }

    [Fact]
    public async Task A_server_that_speaks_first_is_heard()
    {
        await using Stage stage = Begin(new FrameFault());
        (Socket client, Socket server) = await stage.ConnectAsync();

        await server.SayAsync("220 ready\r\n");

        Assert.Equal("220 ready\r\n", await client.HearAsync(11));
    }

    private static Stage Begin(FrameFault rule, TimeProvider? time = null)
    {
        Stage stage = Stage.Start(time, configure: static options => options.ReadsFrames = true);
        stage.Proxy.Set("rule", rule);
        return stage;
    }

    private static async Task<(Socket Client, Socket Server)> OpenAsync(Stage stage)
    {
        (Socket client, Socket server) = await stage.ConnectAsync();
        await client.SayAsync(Request);
        await server.HearAsync(Request.Length);
        await server.SayAsync(Answer);
        await client.HearAsync(Answer.Length);
        return (client, server);
    }

    private static byte[] Message(string text, uint? mask = null) => WebSocketFrame.Write(1, Encoding.UTF8.GetBytes(text), mask, out _);

    private static byte[] Part(int opcode, bool isFinal, byte[] payload)
    {
        byte[] part = WebSocketFrame.Write(opcode, payload, Mask, out _);
        if (!isFinal) { part[0] &= 0x7F; }
        return part;
    }
}
