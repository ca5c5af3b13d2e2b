using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class HoldBudgetTests
{
    private const long Mebibyte = 1024 * 1024;

    private readonly HoldBudget<string> _budget = new(8 * Mebibyte, 4 * Mebibyte);

    [Fact, Clause("N6.3")]
    public void Who_holds_most_goes_first()
    {
        Hold("idle", "alice", 0);
        Hold("small", "bob", 1_000);
        Hold("two", "bob", 3 * Mebibyte);
        Hold("three", "carol", 2 * Mebibyte);

        IReadOnlyList<Eviction<string>> evicted = Hold("four", "dave", 3 * Mebibyte);

        Eviction<string> gone = Assert.Single(evicted);            // Bob holds a little more than Dave, and most of it in this one.
        Assert.Equal(("two", "bob", nameof(DirectoryLimits.HeldBytesMax), 8 * Mebibyte), (gone.Session, gone.Owner, gone.Limit, gone.Value));
    }

    [Fact, Clause("N6.3")]
    public void Beyond_the_bound_of_an_owner_its_own_sessions_go_and_nobody_elses()
    {
        Hold("innocent", "bob", 3 * Mebibyte);
        HoldShare<string>[] shares = [.. Enumerable.Range(1, 5).Select(number => _budget.Add($"alice {number}", "alice"))];
        IEnumerable<Eviction<string>> evicted = [.. shares.SelectMany(share => _budget.Tell(share, Mebibyte - 100_000 + (share == shares[2] ? 1 : 0), 0))];

        Assert.Equal(["alice 3", "alice 1"], evicted.Select(static one => one.Session));
        Assert.All(evicted, static one => Assert.Equal(nameof(DirectoryLimits.HeldBytesPerOwnerMax), one.Limit));
    }

    [Fact, Clause("N6.3")]
    public void Who_has_to_go_makes_nobody_else_go_and_counts_until_it_has_left()
    {
        HoldShare<string> glutton = _budget.Add("glutton", "eve");
        Assert.Single(_budget.Tell(glutton, 9 * Mebibyte, 0));

        Assert.Empty(_budget.Tell(glutton, 10 * Mebibyte, 0));
        Assert.Empty(Hold("honest", "alice", Mebibyte));
        Assert.NotNull(_budget.Fullness("bob"));
        _budget.Leave(glutton);
        _budget.Leave(glutton);

        Assert.Null(_budget.Fullness("bob"));
        Assert.Equal(Mebibyte + HoldSizes.Session, _budget.Bytes);
        Assert.Empty(_budget.Tell(glutton, 10 * Mebibyte, 0));
    }

    [Fact, Clause("N6.3")]
    public void Four_users_who_hold_much_do_not_push_out_one_who_holds_nothing()
    {
        HoldShare<string> innocent = _budget.Add("innocent", "alice");
        List<Eviction<string>> evicted = [];
        for (int i = 0; i < 1_000; i++) { evicted.AddRange(Hold($"session {i}", $"eve {i % 4}", Mebibyte)); }

        Assert.DoesNotContain(evicted, static one => one.Session == "innocent");
        Assert.InRange(evicted.Count, 900, 1_000);
        Assert.Empty(_budget.Tell(innocent, 100, 0));
    }

    [Fact, Clause("N6.2")]
    public void Beyond_half_of_what_may_be_held_by_all_or_by_an_owner_it_is_tight()
    {
        HoldShare<string> one = _budget.Add("one", "alice");
        HoldShare<string> two = _budget.Add("two", "alice");
        HoldShare<string> other = _budget.Add("other", "bob");
        Assert.False(one.IsTight);

        _budget.Tell(one, 2 * Mebibyte, 0);
        Assert.True(two.IsTight);
        Assert.False(other.IsTight);
        _budget.Tell(other, (2 * Mebibyte) - (3 * HoldSizes.Session), 0);
        Assert.False(other.IsTight);
        _budget.TellShared(1);
        Assert.True(other.IsTight);
        _budget.TellShared(-1);
        _budget.Tell(one, 0, 0);

        Assert.False(other.IsTight || two.IsTight);
    }

    [Fact, Clause("N6.1")]
    public void A_payload_that_many_share_counts_once_and_tells_who_keeps_it()
    {
        HoldShare<string> slow = _budget.Add("slow", "eve");
        HoldShare<string> quick = _budget.Add("quick", "alice");
        _budget.TellShared(6 * Mebibyte);
        _budget.Tell(slow, 100, 6 * Mebibyte);
        _budget.Tell(quick, 200, 1_000);
        Assert.Equal((6 * Mebibyte) + 300 + (2 * HoldSizes.Session), _budget.Bytes);

        Eviction<string> gone = Assert.Single(_budget.TellShared(2 * Mebibyte));

        Assert.Equal("slow", gone.Session);
    }

    [Fact, Clause("N6.4")]
    public void A_server_that_holds_as_much_as_it_may_begins_no_session()
    {
        var budget = new HoldBudget<string>(3 * HoldSizes.Session, 2 * HoldSizes.Session);
        budget.Add("one", "alice");
        Assert.Null(budget.Fullness("alice"));
        budget.Add("two", "alice");

        Assert.Equal((nameof(DirectoryLimits.HeldBytesPerOwnerMax), 2 * HoldSizes.Session), budget.Fullness("alice"));
        Assert.Null(budget.Fullness("bob"));
        HoldShare<string> three = budget.Add("three", "bob");
        Assert.Equal((nameof(DirectoryLimits.HeldBytesMax), 3 * HoldSizes.Session), budget.Fullness("bob"));
        Assert.Empty(budget.Tell(three, 0, 0));                    // Sessions that hold nothing do not go: that would free next to nothing.
    }

    [Fact]
    public void However_it_goes_up_and_down_what_is_told_is_never_less_than_what_is_held_and_seldom_told()
    {
        var random = new Random(1);
        long held = 0;
        long told = 0;
        int steps = 0;
        for (int i = 0; i < 100_000; i++)
        {
            held = Math.Max(0, held + random.Next(-2_000, 2_000));
            if (!HoldSteps.IsDue(held, told)) { continue; }
            told = HoldSteps.Told(held);
            steps++;
            Assert.InRange(told, held, Math.Max(held * 9 / 8, held + 4_096));
        }

        Assert.InRange(steps, 1, 2_000);
    }

    [Fact, Clause("N6.1")]
    public void Small_messages_count_as_what_they_take()
    {
        World world = new World().Connected();
        SessionEnd server = world.Server.Session;
        SessionEnd client = world.Client.Session;
        server.HoldsHandlers = true;

        client.SendAll(Enumerable.Repeat("", 100));
        world.Pass(TimeSpan.FromSeconds(1));
        Assert.Equal(100 * HoldSizes.Entry, server.Machine.BytesHeld);
        Assert.Equal(100 * HoldSizes.Entry, client.Machine.BytesHeld);
        client.SendAll(["four"]);
        world.Settle();

        Assert.Equal((101 * HoldSizes.Entry) + 8, server.Machine.BytesHeld);   // As it is in memory: two bytes for a character.
        server.HoldsHandlers = false;
        server.FinishHandler();
        world.Pass(TimeSpan.FromSeconds(1));
        Assert.Equal((0, 0), (server.Machine.BytesHeld, client.Machine.BytesHeld));
    }

    [Fact, Clause("N6.1")]
    public void What_sessions_share_is_not_theirs_and_is_let_go_once_by_each()
    {
        World world = new World().Connected();
        SessionMachine machine = world.Server.Session.Machine;
        var holders = new Holders();
        var payload = new SharedPayload(new string('x', 40_000)) { Holders = holders };
        world.Wire.Freeze();

        machine.Accept(new OutgoingMessage { Shared = payload, Lane = Lane.Normal, MayWait = true }, world.Now, out _);
        machine.Accept(new OutgoingMessage { Shared = payload, Lane = Lane.Normal, MayWait = true, ExpiresAfter = TimeSpan.FromMilliseconds(1) }, world.Now, out _);
        Assert.Equal((2 * HoldSizes.Entry, 80_000), (machine.BytesHeld, machine.SharedBytesHeld));
        world.Pass(TimeSpan.FromMilliseconds(10));
        Assert.Equal(1, holders.Gone);                             // The second one has expired.
        world.Wire.Thaw();
        world.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal(2, holders.Gone);
        Assert.Equal((0, 0), (machine.BytesHeld, machine.SharedBytesHeld));
    }

    [Fact, Clause("N6.1")]
    public void A_session_that_ends_lets_go_of_what_it_shares()
    {
        World world = new World().Connected();
        SessionMachine machine = world.Server.Session.Machine;
        var holders = new Holders();
        var payload = new SharedPayload(new string('x', 40_000)) { Holders = holders };
        world.Wire.Freeze();
        for (int i = 0; i < 3; i++) { machine.Accept(new OutgoingMessage { Shared = payload, Lane = Lane.Normal, MayWait = true }, world.Now, out _); }
        world.Step();

        machine.GiveUp(CloseCode.Full, "enough", world.Now);

        Assert.Equal(3, holders.Gone);
        Assert.Equal((0, 0), (machine.BytesHeld, machine.SharedBytesHeld));
    }

    [Fact, Clause("N6.3")]
    public void A_session_that_is_given_up_holds_nothing_any_more_and_both_ends_are_told()
    {
        World world = new World().Connected();
        SessionEnd server = world.Server.Session;
        server.HoldsHandlers = true;
        world.Client.Session.SendAll("handed over", "waits");
        world.Settle();
        world.Feed(EitEnd.Server, """{"t":"data","n":3,"lane":3,"more":true,"text":"begun"}""");
        world.Settle();

        server.Machine.GiveUp(CloseCode.Full, "enough", world.Now);
        server.FinishHandler();
        world.Settle();

        Assert.Equal(0, server.Machine.BytesHeld);
        Assert.Equal(["handed over"], server.Received);
        Assert.Equal(CloseCode.Full, server.Ended?.Code);
        Assert.Equal(CloseCode.Full, world.Client.Sessions[0].Ended?.Code);
    }

    [Fact, Clause("N6.2")]
    public void Windows_do_not_grow_while_memory_is_short()
    {
        World world = new World(server: new SessionSettings { WindowMessages = 32, WindowMessagesMax = 128 }).Connected();
        SessionEnd server = world.Server.Session;
        server.Machine.MayGrow = false;

        world.Client.Session.SendAll(Enumerable.Repeat("message", 500));
        world.Pass(TimeSpan.FromSeconds(1));
        Assert.Equal(500 + 32, server.Machine.Credit.Messages);
        server.Machine.MayGrow = true;
        world.Client.Session.SendAll(Enumerable.Repeat("message", 500));
        world.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal(1_000 + 128, server.Machine.Credit.Messages);
    }

    [Fact, Clause("R2.1")]
    public void What_came_early_is_forgotten_in_an_outage_and_comes_again()
    {
        World world = new World().Connected();
        world.Wire.Freeze();
        world.Client.Session.SendAll("up 1", "up 2");
        world.Client.Cycle();
        world.Client.Session.SendAll("up 3", "up 4");
        world.Settle();
        Assert.InRange(world.Server.Session.Machine.BytesHeld, 2 * 256, 2 * 300);

        world.OldWire.Cut();
        world.Wire.Cut();
        world.Settle();
        Assert.Equal(0, world.Server.Session.Machine.BytesHeld);
        world.Pass(TimeSpan.FromMinutes(1));

        Assert.Equal(["up 1", "up 2", "up 3", "up 4"], world.Server.Session.Received);
    }

    private IReadOnlyList<Eviction<string>> Hold(string session, string owner, long bytes) => _budget.Tell(_budget.Add(session, owner), bytes, 0);

    private sealed class Holders : IPayloadHolders
    {
        internal int Gone { get; private set; }

        public void LetGo() => Gone++;
    }
}
