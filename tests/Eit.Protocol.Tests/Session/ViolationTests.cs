using System.Globalization;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

/// <summary>What a hostile peer may try. Each attempt ends its own session with the documented code, and nothing else.</summary>
public class ViolationTests
{
    private static readonly SessionSettings s_small = new() { WindowMessages = 4, WindowMessagesMax = 4, MessageBytesMax = 20_000, WindowBytes = 40_000, WindowBytesMax = 40_000 };

    /// <summary>What an authenticated client sends, by name; the server has sent it two messages, of which it has acknowledged one.</summary>
    private static readonly Dictionary<string, (CloseCode Code, string[] Messages)> s_attacks = new()
    {
        ["not json"] = (CloseCode.Malformed, ["not json"]),
        ["an empty array"] = (CloseCode.Malformed, ["[]"]),
        ["an unknown type"] = (CloseCode.Malformed, ["""{"t":"sudo"}"""]),
        ["a negative number"] = (CloseCode.Malformed, ["""{"t":"data","n":-1,"text":""}"""]),
        ["a number beyond 2^53"] = (CloseCode.Malformed, ["""{"t":"data","n":9007199254740992,"text":""}"""]),
        ["the number 0"] = (CloseCode.Malformed, ["""{"t":"data","n":0,"text":""}"""]),
        ["a number ahead"] = (CloseCode.BadNumber, ["""{"t":"data","n":2,"text":""}"""]),
        ["the highest number"] = (CloseCode.BadNumber, ["""{"t":"data","n":9007199254740991,"text":""}"""]),
        ["a number twice"] = (CloseCode.BadNumber, ["""{"t":"data","n":1,"text":""}""", """{"t":"data","n":1,"text":""}"""]),
        ["an ack of what was not sent"] = (CloseCode.BadAck, ["""{"t":"ack","received":3,"processed":[0,0,0,0],"credit":[1,1]}"""]),
        ["an ack of the highest number"] = (CloseCode.BadAck, ["""{"t":"ack","received":9007199254740991,"processed":[0,0,0,0],"credit":[1,1]}"""]),
        ["processed above received"] = (CloseCode.BadAck, ["""{"t":"ack","received":1,"processed":[0,0,2,0],"credit":[1,1]}"""]),
        ["processed above everything"] = (CloseCode.BadAck, ["""{"t":"ack","received":2,"processed":[9007199254740991,0,0,0],"credit":[1,1]}"""]),
        ["a negative ack"] = (CloseCode.Malformed, ["""{"t":"ack","received":-1,"processed":[0,0,0,0],"credit":[1,1]}"""]),
        ["an oversize message in pieces"] = (CloseCode.MessageTooLarge, [.. Enumerable.Range(1, 3).Select(n => Piece(n, 10_000, hasMore: true))]),
        ["an oversize message in one piece"] = (CloseCode.MessageTooLarge, [Piece(1, 20_001, hasMore: false)]),
        ["a piece of another kind"] = (CloseCode.BadPiece, [Piece(1, 10, hasMore: true), """{"t":"data","n":2,"kind":9,"text":""}"""]),
        ["a piece of another form"] = (CloseCode.BadPiece, [Piece(1, 10, hasMore: true), """{"t":"data","n":2,"bin":""}"""]),
        ["more messages than credit"] = (CloseCode.CreditExceeded, [.. Enumerable.Range(1, 5).Select(n => Piece(n, 0, hasMore: false))]),
        ["more bytes than credit"] = (CloseCode.CreditExceeded, [.. Enumerable.Range(1, 3).Select(n => Piece(n, 19_000, hasMore: false))]),
        ["hello again"] = (CloseCode.BadState, ["""{"t":"hello","instance":"00000000000000000000000000000001","epoch":9,"want":"new","timeout":5000,"max":1,"credit":[1,1]}"""]),
        ["a welcome to the server"] = (CloseCode.BadState, ["""{"t":"welcome","session":"00000000000000000000000000000001","secret":"","epoch":1,"resumed":false,"received":0,"processed":[0,0,0,0],"timeout":1,"clientTimeout":1,"max":1,"credit":[1,1],"window":1,"spread":1}"""]),
        ["a cycle to the server"] = (CloseCode.BadState, ["""{"t":"cycle","why":"drain","within":1}"""]),
        ["terms to the server"] = (CloseCode.BadState, ["""{"t":"terms","spread":1}"""]),
        ["a switch on the active transport"] = (CloseCode.BadState, ["""{"t":"switch","last":0}"""]),
        ["a resend without a hand-over"] = (CloseCode.BadState, ["""{"t":"resend","received":0,"lost":0}"""]),
        ["a close below what has come"] = (CloseCode.BadNumber, ["""{"t":"data","n":1,"text":""}""", """{"t":"close","code":4000,"reason":"","last":0}"""]),
        ["data after close"] = (CloseCode.BadState, ["""{"t":"close","code":4000,"reason":"","last":0}""", """{"t":"data","n":1,"text":""}"""]),
        ["a flood of pings whose answers are not read"] = (CloseCode.BadState, [Repeat("""{"t":"ping","id":1}""", 2_000)]),
    };

    public static TheoryData<string> Attacks => [.. s_attacks.Keys];

    [Theory, Clause("X1.1")]
    [MemberData(nameof(Attacks))]
    public void A_violation_ends_only_its_own_session(string attack)
    {
        (CloseCode code, string[] messages) = s_attacks[attack];
        World world = new(server: s_small);
        ClientEnd bystander = world.AddClient("alice");            // Of the same principal, even.
        bystander.Machine.Start(world.Now);
        world.Settle();
        bystander.Session.SendAll("before");
        world.Settle();
        SessionEnd ofBystander = world.Server.Session;
        world.Connected();
        SessionEnd attacked = world.Server.Session;
        attacked.HoldsHandlers = true;
        attacked.SendAll("one");
        world.Settle();
        world.Wire.Down.IsFrozen = true;
        attacked.SendAll("two");
        world.Settle();

        foreach (string message in messages) { world.Feed(EitEnd.Server, message); }
        world.Settle();
        world.Wire.Thaw();
        world.Settle();

        Assert.Equal((code, code), (attacked.Ended?.Code, attacked.Ended?.Violation?.Code));
        Assert.Equal(code, world.Wire.Down.Close);
        Assert.Equal(code, world.Client.Sessions[0].Ended?.Code);  // The other end learns it.
        Assert.Contains(("two", SendOutcome.Unknown), attacked.Outcomes);
        Assert.Null(world.Server.Directory.Find(attacked.Machine.Id));

        Assert.Null(ofBystander.Ended);
        bystander.Session.SendAll("after");
        ofBystander.SendAll("and back");
        world.Settle();
        Assert.Equal(["before", "after"], ofBystander.Received);
        Assert.Equal(["and back"], bystander.Session.Received);
        Assert.Single(bystander.Dials);
    }

    [Fact, Clause("X1.1")]
    public void A_client_that_is_told_of_a_violation_begins_anew_after_back_off()
    {
        World world = new World().Connected();

        world.Wire.Up.Inject("not json");
        world.Settle();
        var waiting = Assert.IsType<ClientState.Waiting>(world.Client.Machine.State);
        Assert.True(waiting.RedialAt > world.Now);
        world.Pass(TimeSpan.FromSeconds(30));

        Assert.Equal(HelloWant.New, world.Client.Dials[^1].Hello.Want);
        Assert.IsType<ClientState.Connected>(world.Client.Machine.State);
    }

    [Fact, Clause("X1.1")]
    public void A_hostile_server_ends_only_its_own_session()
    {
        World world = new World().Connected();

        world.Wire.Down.Inject("""{"t":"ack","received":1,"processed":[0,0,0,0],"credit":[1,1]}""");

        world.AssertViolated(EitEnd.Client, CloseCode.BadAck, "N2.4");
        Assert.Equal(CloseCode.BadAck, world.Server.Session.Ended?.Code);
        Assert.Null(world.Server.Session.Ended?.Violation);        // It has not found one itself.
    }

    [Fact, Clause("X1.1")]
    public void Pieces_of_nothing_without_end_cost_nothing()
    {
        World world = new World(server: s_small).Connected();

        for (int i = 0; i < 100; i++) { world.Wire.Up.Inject($"[{string.Join(',', Enumerable.Range((i * 100) + 1, 100).Select(static n => Piece(n, 0, hasMore: true)))}]"); }
        world.BeforeStep = static wire => wire.Down.IsFrozen = true;
        world.Settle();

        Assert.Equal(10_000, world.Server.Session.Machine.Received);
        Assert.Equal(0, world.Server.Session.Machine.BytesHeld);
        Assert.Null(world.Server.Session.Ended);
    }

    [Fact, Clause("X1.1", "N3.3")]
    public void What_comes_early_is_bounded()
    {
        World world = new World(server: s_small).Connected();
        world.CycleHeldAtTheSwitch();
        world.Feed(EitEnd.Server, """{"t":"switch","last":1}""");   // Number 1 never comes.

        int number = 2;
        while (world.Server.Session.Ended is null && number < 1_000)
        {
            world.Feed(EitEnd.Server, Piece(number++, 1_000, hasMore: false));
            world.Server.Drive();
            Assert.InRange(world.Server.Session.Machine.BytesHeld, 0, 2 * (s_small.WindowBytes + (2 * s_small.MessageBytesMax)));   // Each takes an entry too.
        }

        world.AssertViolated(EitEnd.Server, CloseCode.CreditExceeded, "N3.3");
        Assert.Equal(83, number);
    }

    [Fact, Clause("X1.1")]
    public void Absurd_but_legal_numbers_end_nothing()
    {
        World world = new World().Connected();
        world.CycleHeldAtTheSwitch();
        world.Wire.Freeze();
        world.OldWire.Freeze();

        world.Feed(EitEnd.Server, """{"t":"ack","received":0,"processed":[0,0,0,0],"credit":[9007199254740991,9007199254740991]}""", world.OldWire);
        world.Feed(EitEnd.Server, """{"t":"switch","last":9007199254740991}""");
        world.Pass(TimeSpan.FromMilliseconds(250));                // The gap is asked for like any other.

        Assert.Single(world.Wire.Down.Of(FrameType.Resend));
        Assert.Null(world.Server.Session.Ended);
        Assert.Equal(new SessionState.Online(2), world.Server.Session.Machine.State);
    }

    private static string Piece(int number, int bytes, bool hasMore) =>
        string.Create(CultureInfo.InvariantCulture, $$"""{"t":"data","n":{{number}},"text":"{{new string('x', bytes)}}"{{(hasMore ? ",\"more\":true" : "")}}}""");

    private static string Repeat(string frame, int times) => $"[{string.Join(',', Enumerable.Repeat(frame, times))}]";
}
