using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public sealed class ControlQueueTests
{
    [Fact, Clause("L1.2")]
    public void Of_every_frame_but_pong_only_the_last_waits_to_leave()
    {
        World world = new World().Connected();
        world.Server.Session.WritesLeft = 0;
        SessionMachine server = world.Server.Session.Machine;

        for (int i = 1; i <= 5_000; i++)
        {
            server.AskToCycle(new CycleRequest("request", TimeSpan.FromSeconds(i)));
            server.Announce(new Terms(TimeSpan.FromMilliseconds(i), i == 1 ? TimeSpan.FromHours(1) : null), world.Now);
        }
        world.Server.Session.WritesLeft = null;
        world.HoldsDials = true;
        world.Settle();

        Assert.Equal(TimeSpan.FromSeconds(5_000), ((CycleRequest)world.Wire.Down.Of(FrameType.Cycle).Single().Body!).Within);
        Assert.Equal(new Terms(TimeSpan.FromMilliseconds(5_000), TimeSpan.FromHours(1)), world.Wire.Down.Of(FrameType.Terms).Single().Body);
    }

    [Fact, Clause("F1.7")]
    public void Control_frames_that_wait_leave_in_messages_of_about_16_KiB()
    {
        World world = new World().Connected();
        world.Server.Session.WritesLeft = 0;
        int before = world.Wire.Down.Frames.Count();

        world.Feed(EitEnd.Server, $"[{string.Join(',', Enumerable.Repeat("""{"t":"ping","id":9007199254740991}""", 1_024))}]");
        world.Server.Session.WritesLeft = 1;
        world.Settle();
        int first = world.Wire.Down.Frames.Count() - before;
        world.Server.Session.WritesLeft = null;
        world.Settle();

        Assert.InRange(first * 34, WireLimits.BatchBytes / 2, WireLimits.BatchBytes + 64);
        Assert.Equal(1_024, world.Wire.Down.Of(FrameType.Pong).Count());
    }

    [Fact, Clause("X1.2")]
    public void Of_a_thousand_terms_in_one_message_the_client_hears_the_last()
    {
        World world = new World().Connected();

        world.Feed(EitEnd.Client, $"[{string.Join(',', Enumerable.Range(1, 1_000).Select(static i => $$"""{"t":"terms","spread":{{i}}},{"t":"cycle","why":"request","within":{{i}}}"""))}]");
        world.HoldsDials = true;
        world.Settle();

        Assert.Equal(TimeSpan.FromMilliseconds(1_000), world.Client.Session.Outputs.OfType<SessionOutput.TermsChanged>().Single().Terms.Spread);
        Assert.Equal(TimeSpan.FromMilliseconds(1_000), world.Client.Session.Outputs.OfType<SessionOutput.CycleAsked>().Single().Request.Within);
    }
}
