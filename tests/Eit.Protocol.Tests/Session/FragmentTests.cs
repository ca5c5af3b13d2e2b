using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class FragmentTests
{
    private const int Piece = WireLimits.PieceBytesMax;
    private static readonly TimeSpan s_roundTrip = TimeSpan.FromMilliseconds(600);

    [Fact, Clause("L1.7")]
    public void A_fragment_is_no_longer_than_the_path_delivers_in_a_quarter_of_the_time_out()
    {
        var path = new SlowPath(1_000, s_roundTrip, new SessionSettings { OutboxBytesMax = 4 * 1024 * 1024 });
        Assert.Equal(1_024, path.Client.FragmentBytes);            // Nothing is known yet.

        for (int i = 0; i < 6; i++) { path.Send(new string('x', 16_000), Lane.Normal); }
        path.Run(path.Now + TimeSpan.FromSeconds(120), () => path.Handled.Count == 6);

        Assert.Equal(6, path.Handled.Count);
        Assert.InRange(path.Client.FragmentBytes, 900, 1_600);
    }

    [Theory, Clause("L1.7")]
    [InlineData(100, 1)]
    [InlineData(20, 100)]
    [InlineData(2, 700)]
    public void On_a_fast_path_a_batch_leaves_whole(double megabits, double roundTripMs)
    {
        var path = new SlowPath(megabits * 125_000, TimeSpan.FromMilliseconds(roundTripMs), new SessionSettings());

        path.Send(new string('x', 100), Lane.Normal);
        path.Run(path.Now + TimeSpan.FromSeconds(5), () => path.Handled.Count == 1);
        for (int i = 0; i < 4; i++) { path.Send(new string('x', Piece), Lane.Normal); }
        path.Run(path.Now + TimeSpan.FromSeconds(20), () => path.Client.IsSettled);

        Assert.InRange(path.Client.FragmentBytes, Piece, int.MaxValue);
    }

    [Fact, Clause("L1.8")]
    public void On_a_slow_path_little_is_in_flight_and_what_is_urgent_comes_soon()
    {
        var path = new SlowPath(1_000, s_roundTrip, new SessionSettings { OutboxBytesMax = 4 * 1024 * 1024 });
        for (int i = 0; i < 6; i++) { path.Send(new string('x', 16_000), Lane.Normal); }
        path.Run(path.Now + TimeSpan.FromSeconds(60));             // It is known by now.

        Instant sentAt = path.Now;
        path.Send("urgent", Lane.Critical);
        path.Run(path.Now + TimeSpan.FromSeconds(60), () => path.Handled.Exists(static handled => handled.Message.Text == "urgent"));
        path.Run(path.Now + TimeSpan.FromSeconds(120), () => path.Handled.Count == 7);

        Instant handledAt = path.Handled.Find(static handled => handled.Message.Text == "urgent").At;
        Assert.InRange(handledAt.Since(sentAt), TimeSpan.Zero, TimeSpan.FromSeconds(7));
        Assert.Equal(7, path.Handled.Count);
    }

    [Fact, Clause("L1.9")]
    public void An_end_that_can_not_fragment_cuts_pieces_as_small()
    {
        World world = new World(new ClientSettings { RacesOnSuspicion = false, Session = new SessionSettings { CanFragment = false } }).Connected();

        world.Client.Session.Send(new string('x', 16_000));
        world.Drive();
        int[] first = [.. world.Wire.Up.Messages.Where(static message => message.Frames.Any(static frame => frame.Type == FrameType.Data)).Select(static message => message.Message.Length)];
        world.Settle();

        Assert.NotEmpty(first);
        Assert.All(first, static length => Assert.InRange(length, 1, 1_200));
        Assert.Equal([new string('x', 16_000)], world.Server.Session.Received);
        Assert.Equal(int.MaxValue, world.Client.Session.Machine.FragmentBytes);
    }

    [Fact, Clause("L1.9")]
    public void An_end_that_can_not_fragment_sends_whole_pieces_on_a_path_that_is_known_to_be_fast()
    {
        World world = new World(new ClientSettings { RacesOnSuspicion = false, Session = new SessionSettings { CanFragment = false } }).Connected();
        world.Client.Session.Send(new string('x', 40_000));
        world.Settle();
        int before = world.Wire.Up.Of(FrameType.Data).Count();

        world.Client.Session.Send(new string('y', 16_000));
        world.Settle();

        Assert.Equal(before + 1, world.Wire.Up.Of(FrameType.Data).Count());
    }

    [Theory, Clause("L1.10")]
    [InlineData(EitEnd.Client)]
    [InlineData(EitEnd.Server)]
    public void What_is_not_data_does_not_share_a_message_with_more_data_than_a_fragment(EitEnd end)
    {
        World world = new World().Connected();
        (end == EitEnd.Client ? world.Wire.Up : world.Wire.Down).IsFrozen = true;
        world.End(end).Send(new string('x', 16_000), mayWait: true);
        world.Drive();

        world.CutTheWire();
        world.Pass(TimeSpan.FromSeconds(1));

        List<Packet> messages = world.Wire.From(end).Messages;
        Assert.All(messages.Where(static message => message.Frames.Any(static frame => frame.Type != FrameType.Data)), static message => Assert.InRange(message.Message.Length, 1, 1_024));
        Assert.Contains(messages, static message => message.Message.Length > 16_000);
        Assert.Equal([new string('x', 16_000)], world.End(end == EitEnd.Client ? EitEnd.Server : EitEnd.Client).Received);
    }
}
