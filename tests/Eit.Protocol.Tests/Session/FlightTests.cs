using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class FlightTests
{
    private const double Megabit = 125_000;
    private static readonly SessionSettings s_large = new() { MessageBytesMax = 16 * 1024 * 1024, WindowBytes = 16 * 1024 * 1024 };

    [Fact, Clause("N4.1")]
    public void A_transfer_fills_a_slow_path_and_urgent_messages_pass_it()
    {
        var path = new SlowPath(Megabit, TimeSpan.FromMilliseconds(40), s_large);
        Instant began = path.Now;
        path.Send(new string('b', 10_000_000), Lane.Bulk);

        List<Instant> sentAt = [];
        bool IsDone() => path.Handled.Exists(static handled => handled.Message.Lane == Lane.Bulk);
        while (!IsDone())
        {
            Assert.True(path.Now.Since(began) < TimeSpan.FromSeconds(120), "The transfer hangs.");
            sentAt.Add(path.Now);
            path.Send("now", Lane.Critical);
            path.Run(path.Now + TimeSpan.FromMilliseconds(100), IsDone);
        }
        TimeSpan took = path.Now.Since(began);
        path.Run(path.Now + TimeSpan.FromSeconds(1));

        Assert.InRange(10_000_000 / took.TotalSeconds, 0.9 * Megabit, Megabit);
        Instant[] handledAt = [.. path.Handled.Where(static handled => handled.Message.Lane == Lane.Critical).Select(static handled => handled.At)];
        Assert.Equal(sentAt.Count, handledAt.Length);
        TimeSpan longest = sentAt.Zip(handledAt, static (sent, handled) => handled.Since(sent)).Max();
        Assert.InRange(longest.TotalMilliseconds, 20, 500);
    }

    [Theory, Clause("N4.1")]
    [InlineData(1_000, 0.1)]
    [InlineData(1_000, 20)]
    [InlineData(100, 40)]
    [InlineData(20, 300)]
    [InlineData(10, 10)]
    public void A_fast_or_long_path_is_not_throttled(double megabits, double roundTripMs)
    {
        var path = new SlowPath(megabits * Megabit, TimeSpan.FromMilliseconds(roundTripMs), s_large);
        Instant began = path.Now;
        int sent = 0;
        TimeSpan ideal = TimeSpan.FromSeconds(6 * 16_000_000 / (megabits * Megabit));
        TimeSpan start = TimeSpan.FromMilliseconds(roundTripMs * 12);   // It takes some round trips to learn what the path can carry.

        while (path.Handled.Count < 6)
        {
            if (sent < 6 && path.Client.OutboxMessages < 1) { path.Send(new string((char)('a' + sent++), 16_000_000), Lane.Bulk); }
            path.Run(path.Now + TimeSpan.FromMilliseconds(1));
            Assert.True(path.Now.Since(began) < ideal * 3, "It is throttled.");
        }

        Assert.InRange((path.Now.Since(began) - start) / ideal, 0, 1 / 0.9);
    }

    [Fact, Clause("N4.1")]
    public void A_path_that_becomes_longer_is_learnt_anew()
    {
        var path = new SlowPath(100 * Megabit, TimeSpan.FromMilliseconds(10), s_large);
        path.Send(new string('a', 16_000_000), Lane.Bulk);
        path.Run(path.Now + TimeSpan.FromSeconds(1));
        path.Stretch(TimeSpan.FromMilliseconds(400));

        Instant began = path.Now;
        for (int sent = 0; path.Now.Since(began) < TimeSpan.FromSeconds(60);)
        {
            if (path.Client.OutboxMessages < 1 && sent < 20) { path.Send(new string((char)('b' + sent++), 16_000_000), Lane.Bulk); }
            path.Run(path.Now + TimeSpan.FromMilliseconds(10));
        }

        Assert.InRange(path.Handled.Count, 15, 22);                // Of 47 that the path could have carried.
    }

    [Fact, Clause("N2.6")]
    public void A_piece_that_asks_for_an_ack_is_acknowledged_at_once()
    {
        World world = new World().Connected();
        world.Server.Session.HoldsHandlers = true;

        world.Client.Session.Send(new string('x', WireLimits.PieceBytesMax));
        world.Settle();                                            // And no time passes.

        Assert.True(world.Wire.Up.Of(FrameType.Data).Single().WantsAck);
        Assert.Equal(1, world.Wire.Down.LastAck.Received);
    }

    [Fact, Clause("N4.2")]
    public void What_is_urgent_has_two_pieces_more()
    {
        World world = new World().Connected();
        world.Wire.Freeze();

        for (int i = 0; i < 10; i++) { world.Client.Session.Send(new string('b', WireLimits.PieceBytesMax), Lane.Bulk); }
        world.Settle();
        Assert.Equal(2, world.Wire.Up.Numbers.Count());
        for (int i = 0; i < 10; i++) { world.Client.Session.Send(new string('c', WireLimits.PieceBytesMax), Lane.Critical); }
        world.Settle();
        Assert.Equal(4, world.Wire.Up.Numbers.Count());
        world.Client.Session.Machine.BytesReceived(world.Wire.Epoch, world.Now);
        world.Feed(EitEnd.Client, "{\"t\":\"ping\",\"id\":8}");
        world.Settle();

        Assert.Single(world.Wire.Up.Of(FrameType.Pong));           // Control frames wait for nothing.
    }
}
