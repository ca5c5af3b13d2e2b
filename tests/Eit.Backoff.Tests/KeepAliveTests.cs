using FsCheck;
using FsCheck.Fluent;
using static Eit.Backoff.Tests.Times;

namespace Eit.Backoff.Tests;

public class KeepAliveTests
{
    [Fact]
    public void A_quiet_side_speaks_after_a_third_of_its_peers_time_out()
    {
        var keepAlive = new KeepAlive(Seconds(6), firstPhase: 1, At(10));

        Assert.Equal(At(12), keepAlive.NextDeadline);
    }

    [Fact]
    public void The_first_phase_shortens_only_the_first_interval()
    {
        var keepAlive = new KeepAlive(Seconds(6), firstPhase: 0.25, At(10));
        Instant first = keepAlive.NextDeadline;

        keepAlive.Sent(first);

        Assert.Equal(At(10.5), first);
        Assert.Equal(At(12.5), keepAlive.NextDeadline);
    }

    [Fact]
    public void Whatever_is_sent_puts_the_keepalive_off()
    {
        var keepAlive = new KeepAlive(Seconds(6), firstPhase: 1, At(10));

        keepAlive.Sent(At(11));

        Assert.Equal(At(13), keepAlive.NextDeadline);
    }

    [Fact]
    public void Another_time_out_of_the_peer_counts_from_now()
    {
        var keepAlive = new KeepAlive(Seconds(6), firstPhase: 1, At(10));

        keepAlive.Use(Seconds(30), At(11));
        Instant first = keepAlive.NextDeadline;
        keepAlive.Sent(At(15));

        Assert.Equal(At(21), first);
        Assert.Equal(At(25), keepAlive.NextDeadline);
    }

    [Fact]
    public void A_peer_that_hears_every_keepalive_at_its_deadline_and_loses_one_still_does_not_time_out() =>
        Prop.ForAll<PositiveInt, ushort>((timeoutMs, phase) =>
        {
            TimeSpan timeout = TimeSpan.FromMilliseconds(timeoutMs.Get);
            var keepAlive = new KeepAlive(timeout, phase / 65536.0, At(0));
            var watch = new IdleWatch(timeout, At(0));
            for (int ping = 0; ping < 10; ping++)
            {
                Instant now = keepAlive.NextDeadline;
                if (watch.Tick(now) != IdleVerdict.Alive) { return false; }
                keepAlive.Sent(now);
                if (ping % 2 == 1) { watch.PeerHeard(now); }
            }
            return true;
        }).QuickCheckThrowOnFailure();
}
