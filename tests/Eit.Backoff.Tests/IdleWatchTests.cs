using FsCheck;
using FsCheck.Fluent;
using static Eit.Backoff.Tests.Times;

namespace Eit.Backoff.Tests;

public class IdleWatchTests
{
    [Fact]
    public void A_peer_is_alive_until_its_time_out_and_lost_at_it()
    {
        var watch = new IdleWatch(Seconds(5), At(10));

        Assert.Equal(At(15), watch.NextDeadline);
        Assert.Equal(IdleVerdict.Alive, watch.Tick(At(14.999)));
        Assert.Equal(IdleVerdict.Lost, watch.Tick(At(15)));
    }

    [Fact]
    public void A_sign_of_life_starts_the_silence_anew()
    {
        var watch = new IdleWatch(Seconds(5), At(10));

        watch.PeerHeard(At(14));

        Assert.Equal(At(14), watch.HeardAt);
        Assert.Equal(At(19), watch.NextDeadline);
        Assert.Equal(IdleVerdict.Alive, watch.Tick(At(18.9)));
        Assert.Equal(IdleVerdict.Lost, watch.Tick(At(19)));
    }

    [Fact]
    public void A_tick_that_comes_a_little_late_is_a_verdict()
    {
        var watch = new IdleWatch(Seconds(5), At(10));

        Assert.Equal(IdleVerdict.Lost, watch.Tick(At(15.999)));
    }

    [Fact]
    public void A_tick_that_comes_much_too_late_listens_first()
    {
        var watch = new IdleWatch(Seconds(5), At(10));

        IdleVerdict verdict = watch.Tick(At(16));

        Assert.Equal(IdleVerdict.ListenFirst, verdict);
        Assert.Equal(At(17.25), watch.NextDeadline);
        Assert.Equal(IdleVerdict.Alive, watch.Tick(At(17.2)));
    }

    [Fact]
    public void What_was_queued_while_this_side_slept_proves_life()
    {
        var watch = new IdleWatch(Seconds(5), At(10));
        watch.Tick(At(3_600));

        watch.PeerHeard(At(3_600.1));

        Assert.Equal(At(3_605.1), watch.NextDeadline);
        Assert.Equal(IdleVerdict.Alive, watch.Tick(At(3_602)));
    }

    [Fact]
    public void After_listening_in_vain_the_peer_is_lost_however_late_the_tick()
    {
        var onTime = new IdleWatch(Seconds(5), At(10));
        var lateAgain = new IdleWatch(Seconds(5), At(10));
        onTime.Tick(At(100));
        lateAgain.Tick(At(100));

        Assert.Equal(IdleVerdict.Lost, onTime.Tick(At(101.25)));
        Assert.Equal(IdleVerdict.Lost, lateAgain.Tick(At(200)));
    }

    [Fact]
    public void A_second_sleep_after_a_sign_of_life_is_listened_for_again()
    {
        var watch = new IdleWatch(Seconds(5), At(10));
        watch.Tick(At(100));
        watch.PeerHeard(At(100.5));

        IdleVerdict verdict = watch.Tick(At(200));

        Assert.Equal(IdleVerdict.ListenFirst, verdict);
    }

    [Fact]
    public void Another_time_out_counts_from_the_last_sign_of_life()
    {
        var watch = new IdleWatch(Seconds(5), At(10));
        watch.PeerHeard(At(12));

        watch.Use(Seconds(20));

        Assert.Equal(Seconds(20), watch.Timeout);
        Assert.Equal(At(32), watch.NextDeadline);
        Assert.Equal(IdleVerdict.Alive, watch.Tick(At(31)));
        Assert.Equal(IdleVerdict.Lost, watch.Tick(At(32)));
    }

    [Fact]
    public void A_peer_that_is_heard_within_every_time_out_is_never_lost() =>
        Prop.ForAll<PositiveInt, ushort[]>((timeoutMs, shares) =>
        {
            TimeSpan timeout = TimeSpan.FromMilliseconds(timeoutMs.Get);
            Instant now = At(1);
            var watch = new IdleWatch(timeout, now);
            foreach (ushort share in shares)
            {
                now += timeout * (share / 65536.0);
                if (watch.Tick(now) != IdleVerdict.Alive) { return false; }
                watch.PeerHeard(now);
            }
            return watch.NextDeadline == now + timeout;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_silent_peer_is_lost_within_two_ticks_at_the_deadline_whenever_they_come() =>
        Prop.ForAll<PositiveInt, NonNegativeInt, NonNegativeInt>((timeoutMs, firstLateMs, secondLateMs) =>
        {
            var watch = new IdleWatch(TimeSpan.FromMilliseconds(timeoutMs.Get), At(1));
            IdleVerdict first = watch.Tick(watch.NextDeadline + TimeSpan.FromMilliseconds(firstLateMs.Get * 100.0));
            IdleVerdict second = watch.Tick(watch.NextDeadline + TimeSpan.FromMilliseconds(secondLateMs.Get * 100.0));
            return first == (firstLateMs.Get < 10 ? IdleVerdict.Lost : IdleVerdict.ListenFirst) && (first == IdleVerdict.Lost || second == IdleVerdict.Lost);
        }).QuickCheckThrowOnFailure();
}
