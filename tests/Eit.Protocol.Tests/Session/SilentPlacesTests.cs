using System.Buffers.Text;
using System.Text;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

/// <summary>What an independent implementation had to guess.</summary>
public sealed class SilentPlacesTests
{
    [Theory, Clause("F1.9")]
    [InlineData("""{"t":"data","n":0,"text":"a"}""")]
    [InlineData("""{"t":"close","code":3999,"reason":"","last":0}""")]
    [InlineData("""{"t":"close","code":5000,"reason":"","last":0}""")]
    [InlineData("""{"t":"hello","instance":"0000000000000000000000000000000a","epoch":0,"want":"new","timeout":5000,"max":1,"credit":[1,1]}""")]
    public void Numbers_and_epochs_begin_at_1_and_close_codes_at_4000(string frame) => AssertMalformed(frame, "F1.3");

    [Fact, Clause("F1.10")]
    public void What_nobody_knows_may_be_nested_12_deep_and_not_16()
    {
        AssertRead($$"""[{"t":"ping","id":1,"x":{{new string('[', 12)}}{{new string(']', 12)}}}]""");
        AssertMalformed($$"""[{"t":"ping","id":1,"x":{{new string('[', 16)}}{{new string(']', 16)}}}]""", "F1.3");
    }

    [Theory, Clause("F1.4")]
    [InlineData("-0")]
    [InlineData("1.0")]
    [InlineData("1e2")]
    public void A_number_is_written_in_digits_only(string number) => AssertMalformed($$"""{"t":"ping","id":{{number}}}""", "F1.4");

    [Fact, Clause("F1.3")]
    public void A_byte_order_mark_is_malformed() => AssertMalformed("\uFEFF{\"t\":\"ping\",\"id\":1}", "F1.3");

    [Theory, Clause("F1.3")]
    [InlineData("""{"t":"ping","id":1,"id":2}""")]
    [InlineData("""{"t":"ping","id":1,"\u0069d":1}""")]
    public void A_known_member_that_is_given_twice_is_malformed_and_an_unknown_one_is_ignored(string frame)
    {
        AssertMalformed(frame, "F1.3");
        AssertRead("""{"t":"ping","id":1,"x":1,"x":2}""");
    }

    [Theory, Clause("F1.5")]
    [InlineData("""{"t":"ping","id":1,"x":"\ud800"}""")]
    [InlineData("""{"t":"ping","id":1,"\ud800":1}""")]
    [InlineData("""{"t":"ping","id":1,"x":{"a":["\ud83d\ude00","\udc00"]}}""")]
    [InlineData("""{"t":"ping","id":1,"x":{"\udfff":1}}""")]
    public void A_lone_surrogate_is_malformed_also_in_what_nobody_knows(string frame) => AssertMalformed(frame, "F1.5");

    [Theory, Clause("S1.4")]
    [InlineData("[{0}]")]
    [InlineData(" [{0}]")]
    public void An_array_in_the_header_is_no_hello(string around)
    {
        string hello = """{"t":"hello","instance":"0000000000000000000000000000000a","epoch":1,"want":"new","timeout":5000,"max":1,"credit":[1,1]}""";

        Assert.True(JsonFrameReader.TryReadHelloHeader(Header(hello), out _));
        Assert.True(JsonFrameReader.TryReadHelloHeader(Header($" {hello}"), out _));
        Assert.False(JsonFrameReader.TryReadHelloHeader(Header(around.Replace("{0}", hello, StringComparison.Ordinal)), out _));
        Assert.False(JsonFrameReader.TryReadHelloHeader(Header(hello.Replace("\"t\":\"hello\",", "", StringComparison.Ordinal)), out _));
        Assert.False(JsonFrameReader.TryReadHelloHeader($"{Header(hello)}=", out _));
        Assert.False(JsonFrameReader.TryReadHelloHeader($"{Header($"{hello} ")}==", out _));
    }

    [Fact, Clause("F2.10")]
    public void A_longer_piece_than_a_sender_makes_is_taken()
    {
        World world = new World().Connected();

        world.Feed(EitEnd.Server, $$"""{"t":"data","n":1,"text":"{{new string('x', 100_000)}}"}""");
        world.Settle();

        Assert.Equal(100_000, world.Server.Session.Received.Single().Length);
    }

    [Fact, Clause("F2.9")]
    public void Empty_pieces_are_no_progress()
    {
        var patient = new ClientSettings { RacesOnSuspicion = false, Session = new SessionSettings { Timeout = TimeSpan.FromMinutes(5) } };
        World world = new World(patient).Connected();
        world.Wire.Down.IsFrozen = true;                           // The client must not hear that its data was acknowledged.

        for (int n = 1; n <= 5; n++)
        {
            world.Feed(EitEnd.Server, $$"""{"t":"data","n":{{n}},"lane":3,"more":true,"text":""}""");
            world.Pass(TimeSpan.FromSeconds(12));
        }
        world.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal("F2.9", world.Server.Session.Ended?.Violation?.Clause);
    }

    [Theory, Clause("D2.8")]
    [InlineData("""{"t":"data","n":1,"more":true,"life":0,"text":"a"}""", """{"t":"data","n":2,"text":"b"}""")]
    [InlineData("""{"t":"data","n":1,"at":5,"text":"ab"}""", null)]
    [InlineData("""{"t":"data","n":1,"life":1000,"at":0,"text":"ab"}""", null)]
    public void A_life_or_a_moment_out_of_place_means_nothing(string first, string? second)
    {
        World world = new World().Connected();

        world.Feed(EitEnd.Server, first);
        if (second is not null) { world.Feed(EitEnd.Server, second); }
        world.Settle();

        Assert.Equal(["ab"], world.Server.Session.Received);
    }

    [Theory, Clause("C2.8")]
    [InlineData(4101)]
    [InlineData(4103)]
    [InlineData(4200)]
    [InlineData(4999)]
    public void A_close_frame_with_a_code_of_which_the_session_lives_is_a_violation(int code)
    {
        World world = new World().Connected();

        Assert.Throws<ArgumentException>(() => world.Server.Session.Machine.BeginClose(new CloseNotice((CloseCode)code, "no"), takesInbound: true, giveUpAfter: null, world.Now));
        world.Feed(EitEnd.Server, $$"""{"t":"close","code":{{code}},"reason":"","last":0}""");

        world.AssertViolated(EitEnd.Server, CloseCode.BadState, "C2.8");
    }

    [Fact, Clause("D2.6")]
    public void The_number_0_can_not_have_expired()
    {
        World world = new World().Connected();

        world.Wire.Down.Inject("""{"t":"ack","received":0,"processed":[0,0,0,0],"credit":[9,9],"expired":[0]}""");
        world.Settle();

        world.AssertViolated(EitEnd.Client, CloseCode.BadAck, "N2.4");
    }

    [Fact, Clause("H1.14")]
    public void During_a_hand_over_a_ping_is_answered_where_it_came_and_acks_go_over_the_new_transport()
    {
        World world = new World().Connected().CycleHeldAtTheServersSwitch();
        int acksOnOld = world.OldWire.Down.Of(FrameType.Ack).Count();

        world.Feed(EitEnd.Server, """{"t":"ping","id":7}""", world.OldWire);
        world.Feed(EitEnd.Server, """{"t":"data","n":1,"prompt":true,"ack":true,"text":"up"}""");
        world.Settle();

        Assert.Equal(7, world.OldWire.Down.Of(FrameType.Pong).Single().Number);
        Assert.Equal(acksOnOld, world.OldWire.Down.Of(FrameType.Ack).Count());
        Assert.Equal(1, ((Ack)world.Wire.Down.Of(FrameType.Ack).Last().Body!).Received);
    }

    [Fact, Clause("H1.15")]
    public void A_cycle_that_is_dialled_goes_on_when_the_old_transport_is_lost()
    {
        World world = new World().Connected();
        world.HoldsDials = true;
        world.Client.Cycle();
        world.Wire.Up.IsFrozen = true;
        world.Client.Session.SendAll("lost with the old one");
        world.Settle();

        world.CutTheWire();
        world.LetDialsThrough();
        world.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal(2, world.Transports.Count);
        Assert.Equal(HelloWant.Cycle, ((Hello)world.Wire.Up.Frames.First().Body!).Want);
        Assert.True(((Welcome)world.Wire.Down.Frames.First().Body!).IsResumed);
        Assert.Equal(["lost with the old one"], world.Server.Session.Received);
    }

    [Fact, Clause("H1.16")]
    public void A_newer_transport_takes_the_place_of_one_that_is_pending()
    {
        World world = new World().Connected().CycleHeldAtTheSwitch();
        Transport pending = world.Wire;
        SessionMachine client = world.Client.Session.Machine;
        pending.Down.IsFrozen = true;                              // The client would not begin another one.

        world.DialByHand("alice", new Hello
        {
            Instance = world.Client.Machine.Instance,
            Epoch = 9,
            Want = HelloWant.Cycle,
            Session = client.Id,
            Proof = client.Prove(9),
            Timeout = TimeSpan.FromSeconds(5),
            MessageBytesMax = 1_000,
            Credit = new Credit(1, 1_000),
        });

        Assert.Equal(CloseCode.Cycled, pending.Down.Close);
        Assert.Equal(new SessionState.Proving(1, 9), world.Server.Session.Machine.State);
    }

    private static string Header(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));

    private static void AssertRead(string message) => Assert.Null(new JsonFrameReader().Read(Encoding.UTF8.GetBytes(message), isText: true, new FrameBatch()));

    private static void AssertMalformed(string message, string clause)
    {
        Violation? violation = new JsonFrameReader().Read(Encoding.UTF8.GetBytes(message), isText: true, new FrameBatch());

        Assert.Equal((CloseCode.Malformed, clause), (violation?.Code, violation?.Clause));
    }
}
