using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class ReassemblyTests
{
    private const int Piece = WireLimits.PieceBytesMax;
    private static readonly SessionSettings s_small = new() { MessageBytesMax = 4 * Piece, WindowBytes = 4 * Piece };

    [Fact, Clause("F2.8")]
    public void Incomplete_messages_together_have_a_bound()
    {
        World world = new World(server: s_small).Connected();
        string piece = new('p', Piece);

        for (int n = 1; n <= 9; n++)
        {
            int lane = n <= 3 ? 3 : n <= 6 ? 2 : 1;
            world.Feed(EitEnd.Server, $"{{\"t\":\"data\",\"n\":{n},\"lane\":{lane},\"more\":true,\"text\":\"{piece}\"}}");
            Assert.Equal(n == 9, world.Server.Session.Machine.State is SessionState.Ended);
        }

        world.AssertViolated(EitEnd.Server, CloseCode.CreditExceeded, "F2.8");
    }

    [Fact, Clause("F2.8")]
    public void A_sender_keeps_to_the_bound_and_everything_arrives()
    {
        World world = new World(server: s_small).Connected();
        string[] texts = [.. "bnic".Select(static letter => new string(letter, (4 * Piece) - 100))];
        long most = 0;

        for (int i = 0; i < 4; i++)
        {
            world.Client.Session.Send(texts[i], (Lane)(3 - i));
            world.Step();
            world.Step();
        }
        while (world.Server.Session.Messages.Count < 4)
        {
            world.Pass(TimeSpan.FromMilliseconds(1));
            most = Math.Max(most, world.Server.Session.Machine.BytesHeld);
            Assert.True(world.Now < Instant.Zero + TimeSpan.FromHours(2), "It hangs.");
        }

        Assert.Equal(texts.Order(), world.Server.Session.Received.Order());
        Assert.InRange(most, 0, 6 * s_small.MessageBytesMax);     // Buffers grow by doubling, and a text has two bytes for a character.
        Assert.Null(world.Server.Session.Ended);
    }

    [Fact, Clause("F2.9")]
    public void A_peer_that_never_finishes_its_pieces_is_closed()
    {
        var patient = new ClientSettings { RacesOnSuspicion = false, Session = new SessionSettings { Timeout = TimeSpan.FromMinutes(5) } };
        World world = new World(patient).Connected();
        world.Feed(EitEnd.Server, "{\"t\":\"data\",\"n\":1,\"lane\":3,\"more\":true,\"text\":\"begun\"}");

        world.Server.Session.Machine.BytesReceived(world.Wire.Epoch, world.Now);
        Instant began = world.Now;
        SessionMachine machine = world.Server.Session.Machine;
        world.Wire.Down.IsFrozen = true;                           // The client must not hear that its data was acknowledged.
        for (int second = 0; second < 59; second++) { Tick(world, machine, TimeSpan.FromSeconds(1)); }
        Assert.IsNotType<SessionState.Ended>(machine.State);
        for (int second = 0; second < 2; second++) { Tick(world, machine, TimeSpan.FromSeconds(1)); }

        Assert.Equal(CloseCode.Unfinished, Assert.IsType<SessionState.Ended>(machine.State).Code);
        Assert.InRange(world.Now.Since(began).TotalSeconds, 60, 61);
    }

    [Fact, Clause("F2.9")]
    public void Who_waits_for_credit_may_take_its_time()
    {
        World world = new World(server: new SessionSettings { MessageBytesMax = 4 * Piece, WindowBytes = 4 * Piece, WindowBytesMax = 4 * Piece }).Connected();
        world.Server.Session.HoldsHandlers = true;
        world.Client.Session.Send("at work");
        string large = new('l', 4 * Piece);
        world.Client.Session.Send(large, Lane.Bulk);

        world.Pass(TimeSpan.FromMinutes(5));
        world.Server.Session.FinishHandler();
        world.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal(["at work", large], world.Server.Session.Received);
    }

    private static void Tick(World world, SessionMachine machine, TimeSpan time)
    {
        world.Leap(time);
        machine.BytesReceived(world.Wire.Epoch, world.Now);
        if (world.Now >= machine.NextDeadline) { machine.Tick(world.Now); }
    }
}
