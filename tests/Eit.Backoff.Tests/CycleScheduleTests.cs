using FsCheck;
using FsCheck.Fluent;
using static Eit.Backoff.Tests.Times;

namespace Eit.Backoff.Tests;

public class CycleScheduleTests
{
    private static readonly CycleOptions s_options = new() { Earliest = Minutes(10), Latest = Minutes(15) };
    private static readonly CycleOptions s_onlyForLimits = new() { Earliest = Minutes(10), Latest = TimeSpan.MaxValue };

    [Fact]
    public void Without_a_transport_there_is_nothing_to_cycle()
    {
        var schedule = new CycleSchedule(s_options, Seconds(10), new FixedJitter(0.5));

        Assert.Equal(Instant.Never, schedule.NextDeadline);
    }

    [Fact]
    public void A_transport_is_cycled_between_the_earliest_and_the_latest_life()
    {
        var schedule = new CycleSchedule(s_options, Seconds(10), new FixedJitter(0.5));

        schedule.Connected(expires: null, At(100));

        Assert.Equal(At(100) + Minutes(12.5), schedule.NextDeadline);
    }

    [Fact]
    public void Each_life_is_drawn_anew()
    {
        var schedule = new CycleSchedule(s_options, Seconds(10), new SeededJitter(1));
        var lives = new HashSet<TimeSpan>();

        for (int transport = 0; transport < 100; transport++)
        {
            schedule.Connected(expires: null, At(100));
            lives.Add(schedule.NextDeadline.Since(At(100)));
        }

        Assert.Equal(100, lives.Count);
        Assert.All(lives, life => Assert.InRange(life, Minutes(10), Minutes(15)));
    }

    [Fact]
    public void Without_a_latest_life_only_a_known_limit_leads_to_a_cycle()
    {
        var schedule = new CycleSchedule(s_onlyForLimits, Seconds(10), new FixedJitter(0));

        schedule.Connected(expires: null, At(100));
        Instant withoutLimit = schedule.NextDeadline;
        schedule.Connected(Seconds(60), At(100));

        Assert.Equal(Instant.Never, withoutLimit);
        Assert.Equal(At(148), schedule.NextDeadline);
    }

    [Fact]
    public void A_cycle_comes_at_80_to_95_percent_of_a_known_limit() =>
        Prop.ForAll<PositiveInt, ulong>((seconds, seed) =>
        {
            var schedule = new CycleSchedule(s_onlyForLimits, Seconds(10), new SeededJitter(seed));
            schedule.Connected(Seconds(seconds.Get), At(100));
            double share = schedule.NextDeadline.Since(At(100)) / Seconds(seconds.Get);
            return share is >= 0.8 and <= 0.95;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_limit_that_is_far_away_does_not_put_the_cycle_off()
    {
        var schedule = new CycleSchedule(s_options, Seconds(10), new FixedJitter(0.5));

        schedule.Connected(TimeSpan.FromHours(10), At(100));

        Assert.Equal(At(100) + Minutes(12.5), schedule.NextDeadline);
    }

    [Fact]
    public void A_limit_that_is_learned_later_brings_the_cycle_forward()
    {
        var schedule = new CycleSchedule(s_options, Seconds(10), new FixedJitter(0));
        schedule.Connected(expires: null, At(100));

        schedule.LimitKnown(Seconds(10), At(200));

        Assert.Equal(At(208), schedule.NextDeadline);
    }

    [Fact]
    public void An_unknown_limit_changes_nothing()
    {
        var schedule = new CycleSchedule(s_options, Seconds(10), new FixedJitter(0));
        schedule.Connected(expires: null, At(100));
        Instant before = schedule.NextDeadline;

        schedule.LimitKnown(expires: null, At(200));

        Assert.Equal(before, schedule.NextDeadline);
    }

    [Fact]
    public void A_request_is_followed_in_the_first_nine_tenths_of_its_time() =>
        Prop.ForAll<PositiveInt, ulong>((seconds, seed) =>
        {
            var schedule = new CycleSchedule(s_onlyForLimits, Seconds(10), new SeededJitter(seed));
            schedule.Connected(expires: null, At(100));
            schedule.Asked(Seconds(seconds.Get), At(200));
            return schedule.NextDeadline >= At(200) && schedule.NextDeadline <= At(200) + Seconds(seconds.Get * 0.9);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Requests_to_many_clients_are_spread_evenly()
    {
        double[] moments = [.. Enumerable.Range(0, 5_000).Select(seed => MomentOfRequest((ulong)seed) / 18.0)];

        Assert.All(Bins.Shares(moments, 5), share => Assert.InRange(share, 0.17, 0.23));
    }

    [Fact]
    public void A_request_does_not_put_an_earlier_cycle_off()
    {
        var schedule = new CycleSchedule(s_options, Seconds(10), new FixedJitter(0.5));
        schedule.Connected(Seconds(10), At(100));
        Instant before = schedule.NextDeadline;

        schedule.Asked(Seconds(1_000), At(100));

        Assert.Equal(before, schedule.NextDeadline);
    }

    [Fact]
    public void A_failed_cycle_is_tried_again_after_about_a_tenth_of_the_earliest_life()
    {
        var soonest = new CycleSchedule(s_options, Seconds(10), new FixedJitter(0));
        var latest = new CycleSchedule(s_options, Seconds(10), new FixedJitter(FixedJitter.Highest));
        soonest.Connected(expires: null, At(100));
        latest.Connected(expires: null, At(100));

        soonest.Failed(At(800));
        latest.Failed(At(800));

        Assert.Equal(At(830), soonest.NextDeadline);
        Assert.InRange(latest.NextDeadline.Since(At(800)), Seconds(89.999), Seconds(90));
    }

    [Fact]
    public void Close_to_a_limit_a_failed_cycle_is_tried_again_in_half_of_what_remains()
    {
        var schedule = new CycleSchedule(s_options, Seconds(10), new FixedJitter(0.5));
        schedule.Connected(Seconds(100), At(100));

        schedule.Failed(At(190));
        Instant first = schedule.NextDeadline;
        schedule.Failed(At(195));

        Assert.Equal(At(195), first);
        Assert.Equal(At(197.5), schedule.NextDeadline);
    }

    [Fact]
    public void At_the_limit_a_failed_cycle_is_not_tried_again()
    {
        var schedule = new CycleSchedule(s_options, Seconds(10), new FixedJitter(0.5));
        schedule.Connected(Seconds(100), At(100));

        schedule.Failed(At(198.5));

        Assert.Equal(Instant.Never, schedule.NextDeadline);
    }

    [Fact]
    public void Failing_cycles_before_a_limit_end_after_a_bounded_number()
    {
        var schedule = new CycleSchedule(s_options, Seconds(10), new SeededJitter(3));
        schedule.Connected(Minutes(20), At(0));
        int tries = 0;

        while (schedule.NextDeadline != Instant.Never && tries < 1_000)
        {
            tries++;
            schedule.Failed(schedule.NextDeadline);
        }

        Assert.InRange(tries, 2, 60);
    }

    [Fact]
    public void A_failed_cycle_that_the_server_asked_for_is_tried_again_within_its_time()
    {
        var schedule = new CycleSchedule(s_options, Seconds(10), new FixedJitter(0.5));
        schedule.Connected(expires: null, At(0));
        schedule.Asked(within: Seconds(20), At(100));

        schedule.Failed(At(110));
        Instant again = schedule.NextDeadline;
        schedule.Failed(At(119.5));
        Instant later = schedule.NextDeadline;
        schedule.Failed(At(200));

        Assert.Equal(At(115), again);
        Assert.Equal(At(119.5) + Minutes(1), later);
        Assert.Equal(At(260), schedule.NextDeadline);
    }

    [Fact]
    public void The_limit_of_an_old_transport_does_not_bind_the_new_one()
    {
        var schedule = new CycleSchedule(s_options, Seconds(10), new FixedJitter(0.5));
        schedule.Connected(Seconds(10), At(100));

        schedule.Connected(expires: null, At(105));
        Instant cycle = schedule.NextDeadline;
        schedule.Failed(At(110));

        Assert.Equal(At(105) + Minutes(12.5), cycle);
        Assert.Equal(At(170), schedule.NextDeadline);
    }

    [Fact]
    public void A_stopped_schedule_has_no_deadline()
    {
        var schedule = new CycleSchedule(s_options, Seconds(10), new FixedJitter(0.5));
        schedule.Connected(Seconds(10), At(100));

        schedule.Stop();

        Assert.Equal(Instant.Never, schedule.NextDeadline);
    }

    [Fact]
    public void What_the_server_causes_has_a_floor_that_doubles_while_transports_live_shortly()
    {
        var schedule = new CycleSchedule(s_onlyForLimits, Seconds(1_000), new SeededJitter(5));
        Instant now = At(0);
        var begun = new List<Instant>();

        for (int i = 0; i < 8; i++)
        {
            schedule.Connected(expires: TimeSpan.Zero, now);
            schedule.Asked(TimeSpan.Zero, now);
            now = schedule.NextDeadline > now ? schedule.NextDeadline : now;
            schedule.Began(now);
            begun.Add(now);
        }

        Assert.Equal([5, 10, 20, 40, 80, 80, 80], begun.Zip(begun.Skip(1), static (one, next) => next.Since(one).TotalSeconds));
    }

    [Fact]
    public void A_transport_that_has_lived_long_enough_brings_the_floor_back()
    {
        var schedule = new CycleSchedule(s_onlyForLimits, Seconds(10), new FixedJitter(0));
        foreach (Instant at in (Instant[])[At(0), At(5), At(15)])
        {
            schedule.Connected(expires: TimeSpan.Zero, at);
            schedule.Began(at);
        }

        schedule.Connected(expires: null, At(15));
        schedule.Began(At(40));
        schedule.Connected(expires: TimeSpan.Zero, At(40));

        Assert.Equal(At(45), schedule.NextDeadline);
    }

    [Fact]
    public void A_cycle_that_failed_is_not_asked_for_again_below_the_floor()
    {
        var schedule = new CycleSchedule(s_onlyForLimits, Seconds(10), new FixedJitter(0));
        schedule.Connected(expires: null, At(100));
        schedule.Asked(TimeSpan.Zero, At(200));

        schedule.Began(At(200));
        schedule.Failed(At(200.1));
        schedule.Asked(TimeSpan.Zero, At(200.2));

        Assert.Equal(At(205), schedule.NextDeadline);
    }

    [Fact]
    public void What_this_side_wants_has_no_floor()
    {
        var schedule = new CycleSchedule(s_onlyForLimits, Seconds(10), new FixedJitter(0));
        schedule.Connected(expires: null, At(100));
        schedule.Began(At(100));
        schedule.Connected(expires: null, At(100));

        schedule.Wanted(At(101));

        Assert.Equal(At(101), schedule.NextDeadline);
    }

    [Fact]
    public void A_cycle_knows_whether_it_is_for_the_limit()
    {
        var schedule = new CycleSchedule(s_options, Seconds(10), new FixedJitter(0));
        schedule.Connected(expires: null, At(100));
        bool byAge = schedule.IsForLimit;
        schedule.LimitKnown(Seconds(60), At(100));
        bool byLimit = schedule.IsForLimit;
        schedule.Asked(Seconds(10), At(100));
        bool byRequest = schedule.IsForLimit;

        schedule.Connected(Seconds(600), At(200));
        schedule.Began(At(680));
        schedule.Failed(At(681));

        Assert.Equal((false, true, false), (byAge, byLimit, byRequest));
        Assert.True(schedule.IsForLimit);                          // What failed is tried again for the same reason.
    }

    private static double MomentOfRequest(ulong seed)
    {
        var schedule = new CycleSchedule(s_onlyForLimits, Seconds(10), new SeededJitter(seed));
        schedule.Asked(Seconds(20), At(0));
        return schedule.NextDeadline.Since(At(0)).TotalSeconds;
    }
}
