using System.Text;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class FramingTests
{
    private const int Piece = WireLimits.PieceBytesMax;

    [Fact, Clause("F1.7")]
    public void What_is_waiting_leaves_in_one_websocket_message()
    {
        World world = new World().Connected();
        int before = world.Wire.Up.Messages.Count;
        string[] texts = [.. Enumerable.Range(1, 100).Select(static number => $"message {number}")];

        foreach (string text in texts) { world.Client.Session.Send(text); }
        world.Settle();

        Packet only = Assert.Single(world.Wire.Up.Messages.Skip(before));
        Assert.Equal(texts, only.Frames.Select(static frame => Encoding.UTF8.GetString(frame.Payload.Span)));
    }

    [Fact, Clause("F1.7")]
    public void A_lone_message_waits_for_no_company()
    {
        World world = new World().Connected();

        world.Client.Session.Send("alone");
        world.Drive();

        Assert.Equal("alone", Assert.Single(world.Wire.Up.Texts));
    }

    [Fact, Clause("F1.7")]
    public void A_backlog_leaves_in_websocket_messages_that_fit_into_16_KiB()
    {
        World world = new World().Connected();
        int before = world.Wire.Up.Messages.Count;

        for (int i = 0; i < 24; i++) { world.Client.Session.Send(new string('x', 1_000)); }
        world.Settle();

        int[] sizes = [.. world.Wire.Up.Messages.Skip(before).Select(static message => message.Message.Length)];
        Assert.All(sizes.SkipLast(1), static size => Assert.InRange(size, Piece - 1_100, Piece));
        Assert.InRange(sizes[^1], 1, Piece);
        Assert.Equal(24, world.Server.Session.Messages.Count);
    }

    [Fact, Clause("F2.2")]
    public void The_kind_of_a_message_arrives_with_it()
    {
        World world = new World().Connected();
        byte[] kinds = [0, 1, 15, 16, 255];

        foreach (byte kind in kinds) { world.Client.Session.Send("text", kind: kind); }
        foreach (byte kind in kinds) { world.Client.Session.SendBytes([1, 2, 3], kind: kind); }
        foreach (byte kind in kinds) { world.Server.Session.Send(new string('y', 3 * Piece), kind: kind); }
        world.Settle();

        Assert.Equal([.. kinds, .. kinds], world.Server.Session.Messages.Select(static message => message.Kind));
        Assert.Equal(kinds, world.Client.Session.Messages.Select(static message => message.Kind));
    }

    [Theory, Clause("F2.3")]
    [InlineData(0, new[] { 0 })]
    [InlineData(Piece, new[] { Piece })]
    [InlineData(Piece + 1, new[] { Piece, 1 })]
    [InlineData(2 * Piece, new[] { Piece, Piece })]
    [InlineData((3 * Piece) + 700, new[] { Piece, Piece, Piece, 700 })]
    public void A_large_message_travels_in_pieces_and_arrives_whole(int length, int[] pieces)
    {
        World world = new World().Connected();
        byte[] bytes = [.. Enumerable.Range(0, length).Select(static index => (byte)(index * 7))];
        string text = new('t', length);

        world.Client.Session.SendBytes(bytes);
        world.Client.Session.Send(text);
        world.Settle();

        Frame[] data = [.. world.Wire.Up.Of(FrameType.Data)];
        Assert.Equal([.. pieces, .. pieces], data.Select(static frame => frame.Payload.Length));
        Assert.Equal(data.Select((_, index) => (index + 1) % pieces.Length != 0), data.Select(static frame => frame.HasMore));
        Assert.Equal(bytes, world.Server.Session.Messages[0].Bytes.ToArray());
        Assert.Equal(text, world.Server.Session.Messages[1].Text);
        Assert.Equal([length, length], world.Server.Session.Messages.Select(static message => message.PayloadBytes));
    }

    [Theory, Clause("F2.4")]
    [InlineData("é")]
    [InlineData("€")]
    [InlineData("😀")]
    [InlineData("aé€😀")]
    public void Pieces_of_text_are_cut_between_code_points(string pattern)
    {
        var strict = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
        for (int shift = 0; shift < 4; shift++)
        {
            World world = new World().Connected();
            string text = new string('s', shift) + string.Concat(Enumerable.Repeat(pattern, 50_000 / Encoding.UTF8.GetByteCount(pattern)));

            world.Client.Session.Send(text);
            world.Settle();

            string[] pieces = [.. world.Wire.Up.Of(FrameType.Data).Select(frame => strict.GetString(frame.Payload.Span))];
            Assert.All(pieces.SkipLast(1), static piece => Assert.InRange(Encoding.UTF8.GetByteCount(piece), Piece - 3, Piece));
            Assert.Equal(text, string.Concat(pieces));
            Assert.Equal([text], world.Server.Session.Received);
        }
    }

    [Theory, Clause("F2.5")]
    [InlineData("""{"t":"data","n":2,"bin":"AAAA"}""")]
    [InlineData("""{"t":"data","n":2,"kind":1,"text":"b"}""")]
    [InlineData("""{"t":"data","n":2,"kind":1,"text":"b","more":true}""")]
    public void A_piece_of_another_form_than_its_message_is_a_violation(string second)
    {
        World world = new World().Connected();

        world.Wire.Up.Inject("""{"t":"data","n":1,"text":"a","more":true}""");
        world.Wire.Up.Inject(second);
        world.Settle();

        world.AssertViolated(EitEnd.Server, CloseCode.BadPiece, "F2.5");
        Assert.Empty(world.Server.Session.Received);
    }

    [Fact, Clause("F2.5")]
    public void Every_lane_may_have_one_incomplete_message()
    {
        World world = new World().Connected();

        for (int lane = 0; lane < LaneMarks.LaneCount; lane++) { world.Wire.Up.Inject($$"""{"t":"data","n":{{lane + 1}},"lane":{{lane}},"text":"a","more":true}"""); }
        for (int lane = 0; lane < LaneMarks.LaneCount; lane++) { world.Wire.Up.Inject($$"""{"t":"data","n":{{lane + 5}},"lane":{{lane}},"text":"{{lane}}"}"""); }
        world.Settle();

        Assert.Equal(["a0", "a1", "a2", "a3"], world.Server.Session.Received);
    }

    [Fact, Clause("F2.6")]
    public void A_message_beyond_max_is_a_violation()
    {
        World world = new World(server: new SessionSettings { MessageBytesMax = 20_000, WindowBytes = 100_000, WindowBytesMax = 100_000 }).Connected();
        string half = new('h', 10_000);

        world.Wire.Up.Inject($$"""{"t":"data","n":1,"text":"{{half}}","more":true}""");
        world.Wire.Up.Inject($$"""{"t":"data","n":2,"text":"{{half}}","more":true}""");
        world.Settle();
        Assert.Null(world.Server.Session.Ended);
        world.Wire.Up.Inject("""{"t":"data","n":3,"text":"x"}""");
        world.Settle();

        world.AssertViolated(EitEnd.Server, CloseCode.MessageTooLarge, "F2.6");
    }

    [Fact, Clause("F2.6")]
    public void A_message_beyond_the_peers_max_is_refused_to_its_sender()
    {
        World world = new World(server: new SessionSettings { MessageBytesMax = 20_000 }).Connected();

        AcceptResult fits = world.Client.Session.Send(new string('é', 10_000));
        AcceptResult tooLarge = world.Client.Session.Send(new string('é', 10_000) + "x");
        world.Settle();

        Assert.Equal((AcceptResult.Accepted, AcceptResult.TooLarge), (fits, tooLarge));
        Assert.Equal(20_000, Assert.Single(world.Server.Session.Messages).PayloadBytes);
    }

    [Fact, Clause("F2.7")]
    public void A_higher_lane_overtakes_between_the_pieces_of_a_lower_one()
    {
        World world = new World().Connected();
        string bulk = new('b', 6 * Piece);

        world.Client.Session.Send(bulk, Lane.Bulk);
        world.Drive();
        world.Client.Session.Send("urgent", Lane.Critical);
        world.Pass(TimeSpan.FromMilliseconds(50));

        Lane[] lanes = [.. world.Wire.Up.Of(FrameType.Data).Select(static frame => frame.Lane)];
        Assert.Equal([Lane.Bulk, Lane.Bulk, Lane.Critical, Lane.Bulk, Lane.Bulk, Lane.Bulk, Lane.Bulk], lanes);
        Assert.Equal(["urgent", bulk], world.Server.Session.Received);
    }
}
