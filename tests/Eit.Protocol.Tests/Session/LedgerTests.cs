using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class LedgerTests
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    [Fact]
    public void The_ledger_is_bounded_in_pieces()
    {
        World world = WithLedgerOf(pieces: 8);
        world.Server.Session.HoldsHandlers = true;
        world.Client.Session.SendAll(Enumerable.Range(1, 20).Select(static number => $"message {number}"));

        world.Pass(s_second);
        Assert.Equal(8, world.Wire.Up.Numbers.Count());
        Assert.Equal(12, world.Client.Session.Machine.OutboxMessages);
        world.Server.Session.FinishHandler();
        world.Pass(s_second);

        Assert.Equal(9, world.Wire.Up.Numbers.Count());
    }

    [Fact]
    public void A_message_of_more_pieces_than_the_ledger_holds_gets_through()
    {
        World world = WithLedgerOf(pieces: 2);
        string large = new('l', 5 * WireLimits.PieceBytesMax);

        world.Client.Session.SendAll(large, "after");
        world.Pass(s_second);

        Assert.Equal([large, "after"], world.Server.Session.Received);
        Assert.True(world.Client.Session.Machine.IsSettled);
    }

    [Fact]
    public void A_ledger_that_is_full_behind_an_unfinished_message_empties_again()
    {
        World world = WithLedgerOf(pieces: 8);
        string bulk = new('b', 3 * WireLimits.PieceBytesMax);
        string[] urgent = [.. Enumerable.Range(1, 20).Select(static number => $"urgent {number}")];
        world.Client.Session.WritesLeft = 1;
        world.Client.Session.Send(bulk, Lane.Bulk);
        world.Settle();                                            // Its first piece has left.

        foreach (string text in urgent) { world.Client.Session.Send(text, Lane.Critical); }
        world.Client.Session.WritesLeft = null;
        world.Pass(s_second);

        Assert.Equal(21, world.Server.Session.Messages.Count);
        Assert.Contains(bulk, world.Server.Session.Received);
        Assert.Equal(urgent, world.Server.Session.Received.Where(text => text != bulk));
        Assert.True(world.Client.Session.Machine.IsSettled);
    }

    [Fact]
    public void The_outbox_is_bounded()
    {
        var settings = new ClientSettings { RacesOnSuspicion = false, Session = new SessionSettings { OutboxMessagesMax = 3, OutboxBytesMax = 1_024 } };
        World world = new World(settings, new SessionSettings { WindowMessages = 1, WindowMessagesMax = 1 }).Connected();
        world.Server.Session.HoldsHandlers = true;
        world.Client.Session.Send("takes the credit");
        world.Settle();

        AcceptResult[] byCount = [.. Enumerable.Range(1, 5).Select(_ => world.Client.Session.Send("x"))];
        world.Server.Session.FinishHandler();
        world.Settle();
        AcceptResult[] byBytes = [world.Client.Session.Send(new string('y', 1_022)), world.Client.Session.Send(new string('y', 1_023))];

        Assert.Equal([AcceptResult.Accepted, AcceptResult.Accepted, AcceptResult.Accepted, AcceptResult.Full, AcceptResult.Full], byCount);
        Assert.Equal([AcceptResult.Accepted, AcceptResult.Full], byBytes);
    }

    [Fact]
    public void A_message_larger_than_the_outbox_is_taken_when_nothing_else_waits()
    {
        var settings = new ClientSettings { RacesOnSuspicion = false, Session = new SessionSettings { OutboxBytesMax = 1_024 } };
        World world = new World(settings).Connected();
        string large = new('l', 100_000);

        Assert.Equal(AcceptResult.Accepted, world.Client.Session.Send(large));
        Assert.Equal(AcceptResult.Full, world.Client.Session.Send("x"));
        world.Settle();

        Assert.Equal([large], world.Server.Session.Received);
        Assert.Equal(AcceptResult.Accepted, world.Client.Session.Send("x"));
    }

    [Fact]
    public void A_text_that_is_not_well_formed_is_the_callers_mistake()
    {
        World world = new World().Connected();

        Assert.ThrowsAny<ArgumentException>(() => world.Client.Session.Send("lone \ud800 surrogate"));
        world.Client.Session.SendAll("goes on");
        world.Settle();

        Assert.Equal(["goes on"], world.Server.Session.Received);
    }

    private static World WithLedgerOf(int pieces) => new World(new ClientSettings { RacesOnSuspicion = false, Session = new SessionSettings { LedgerPiecesMax = pieces } }).Connected();
}
